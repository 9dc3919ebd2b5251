"""`walkerbench compare` without runs: the modes, measured now."""

from __future__ import annotations

from walkerbench.cli.measurement_progress import measure_with_progress
from walkerbench.cli.other_copies import note_other_copies
from walkerbench.cli.output import users_code_runs
from walkerbench.cli.printing import print_comparison
from walkerbench.cli.profile_choice import ProfileChoice
from walkerbench.cli.result_page import ResultPage
from walkerbench.comparison.advice import advise_on
from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.errors import ExitCode
from walkerbench.interleaved.mode_sides import one_side_per_mode
from walkerbench.interleaved.round_plan import MeasurementRequest
from walkerbench.profile.loading import load_profile
from walkerbench.reports.html.comparison_page import render_comparison


def compare_modes(
    choice: ProfileChoice,
    request: MeasurementRequest,
    rules: DecisionRules,
    page: ResultPage,
    *,
    as_json: bool,
    quiet: bool,
) -> ExitCode:
    """Measure every mode now, print which of them to use, and write the page.

    Returns:
        `INCONCLUSIVE` where a verdict is inconclusive, else `PASS`: here, a slower mode is an answer and not a failure.
    """
    with users_code_runs():
        sides = one_side_per_mode(load_profile(choice.name), choice.overrides)
    note_other_copies(sides[0].profile.code_packages()[1:])
    compared = measure_with_progress(sides, request, rules, quiet=quiet)
    exit_code = ExitCode.INCONCLUSIVE if compared.is_inconclusive else ExitCode.PASS
    advice = advise_on(compared)
    page.write(lambda plotly_js: render_comparison(compared, plotly_js, advice=advice))
    print_comparison(compared, exit_code, as_json=as_json, advice=advice)
    return exit_code
