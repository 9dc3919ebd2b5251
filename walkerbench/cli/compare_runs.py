"""`walkerbench compare BASE CANDIDATE...`: runs recorded before."""

from __future__ import annotations

from collections.abc import Sequence

from walkerbench.cli.printing import print_comparison
from walkerbench.cli.result_page import ResultPage
from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.errors import ExitCode
from walkerbench.recorded_sides.compare_recorded import compare_recorded
from walkerbench.recorded_sides.sides import find_sides
from walkerbench.reports.html.comparison_page import render_comparison
from walkerbench.run_directory import RUNS_ROOT


def compare_runs(runs: Sequence[str], rules: DecisionRules, page: ResultPage, *, as_json: bool) -> ExitCode:
    """Compare recorded runs, the base first, print the verdicts and write the page.

    Returns:
        The comparison's exit code.
    """
    compared = compare_recorded(find_sides(runs, RUNS_ROOT), rules)
    page.write(lambda plotly_js: render_comparison(compared, plotly_js))
    print_comparison(compared, compared.exit_code, as_json=as_json)
    return compared.exit_code
