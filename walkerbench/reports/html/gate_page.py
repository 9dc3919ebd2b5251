"""The HTML page of a gate: its verdict with the reasons, its comparison, and the criteria of its runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from walkerbench.reports.html.comparison_page import comparison_head, comparison_sections, who_against_whom
from walkerbench.reports.html.escaping import Markup, escape_html
from walkerbench.reports.html.html_document import bullet_list, html_document, section
from walkerbench.reports.html.plot import Plot
from walkerbench.reports.html.tables import html_table, verdict_badge
from walkerbench.reports.wording.gate import because, measured, where
from walkerbench.reports.wording.run_verdict import OUTCOMES

if TYPE_CHECKING:
    from walkerbench.gating.gate_result import GatedCriterion, GateResult


def render_gate(result: GateResult, plotly_js: str) -> Iterator[str]:
    """Write the page of a gate's result, part by part.

    Args:
        result: The result.
        plotly_js: The source of plotly.js.

    Yields:
        The parts of the page in order.
    """
    plots: list[Plot] = []
    who = who_against_whom(result.compared)
    head = [
        f"<h1>{escape_html(f'Gate: {who}')}</h1>",
        f'<p class="verdict">{verdict_badge(result.word)}: {escape_html(because(result))}</p>',
        # Without the comparisons, which have sentences of their own.
        bullet_list([*result.failures_of_runs, *result.doubts_of_runs]),
        *comparison_head(result.compared),
    ]
    main = _criteria(result) + "".join(comparison_sections(result.compared, plots))
    yield from html_document(f"walkerbench gate: {result.word}: {who}", "\n".join(head) + "\n", main, plots, plotly_js)


def _criteria(result: GateResult) -> str:
    rows = [(each.name, measured(each), _outcome(each)) for each in result.criteria]
    table = html_table("Criteria", ("criterion", "measured", "verdict"), rows) if rows else "<p>Nothing was judged.</p>"
    return section("Criteria", f"{table}<p>{escape_html(f'Recorded: {where(result)}')}</p>")


def _outcome(criterion: GatedCriterion) -> str:
    kinds = {"pass": "good", "fail": "bad", "unsupported": "unsure"}
    badge = verdict_badge(OUTCOMES[criterion.outcome], kinds[criterion.outcome])
    return Markup(f"{badge}{escape_html(criterion.how_often)}")
