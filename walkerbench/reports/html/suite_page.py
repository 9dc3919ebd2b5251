"""The HTML page of a comparison of many tests: a row for each test, with its rounds, its interval and its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from walkerbench.comparison.suite_result import NEW
from walkerbench.reports.html.comparison_page import VERDICT_KINDS
from walkerbench.reports.html.escaping import escape_html, escape_label
from walkerbench.reports.html.html_document import bullet_list, figures, html_document, scrolled, section
from walkerbench.reports.html.plot import Plot, axis, numbers
from walkerbench.reports.html.repetitions import percent_of
from walkerbench.reports.html.short_names import short_names
from walkerbench.reports.html.tables import html_table, verdict_badge
from walkerbench.reports.wording.suite import SUITE_COLUMNS, suite_conclusion, suite_notes, suite_rows

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared
    from walkerbench.comparison.suite_result import ComparedTest, SuiteResult

_ROW_PX = 26


def render_suite(result: SuiteResult, plotly_js: str) -> Iterator[str]:
    """Write the page of a suite's result, part by part.

    Args:
        result: The result.
        plotly_js: The source of plotly.js.

    Yields:
        The parts of the page in order.
    """
    plots: list[Plot] = []
    words = suite_conclusion(result)
    head = f'<h1>Tests</h1>\n<p class="verdict">{escape_html(words)}</p>\n{bullet_list(suite_notes(result))}\n'
    shown = figures(_plots(result), plots, "No test was measured.")
    main = section("Rounds", shown) + section("Verdicts", _table(result))
    yield from html_document(f"walkerbench: {words}", head, main, plots, plotly_js)


def _table(result: SuiteResult) -> str:
    rows = [
        (*cells, verdict_badge(word, _kind(each)))
        for (*cells, word), each in zip(suite_rows(result), result.tests, strict=True)
    ]
    return scrolled(html_table("Verdicts of the tests", SUITE_COLUMNS, rows, "numbers"))


def _kind(test: ComparedTest) -> str:
    if test.compared is not None:
        return VERDICT_KINDS[test.compared.comparisons[0].verdict]
    return "unsure" if test.word == NEW else "bad"


def _plots(result: SuiteResult) -> list[Plot]:
    names = short_names([name for name, *_ in suite_rows(result)])
    measured = [(name, each.compared) for name, each in zip(names, result.tests, strict=True) if each.compared]
    if not measured:
        return []
    tolerance = measured[0][1].tolerance * 100
    return [
        Plot(
            "tests",
            "Time against the base",
            "Plot of how much longer than the base the candidate took in each test: the rounds, and the intervals.",
            (_points(measured), _intervals(measured)),
            {
                "xaxis": axis("time against the base, %")
                | {"tickformat": "+", "zeroline": True, "zerolinecolor": "--ink-2"},
                "yaxis": {"autorange": "reversed", "type": "category"},
                "hovermode": "closest",
                "shapes": [_upright(tolerance)],
            },
            110 + _ROW_PX * len(measured),
            f"Each small point is a round. The dashed line is the tolerance, +{tolerance:g} %.",
        )
    ]


def _points(measured: Sequence[tuple[str, Compared]]) -> dict[str, Any]:
    ratios = [(name, each.times.round_ratios[0]) for name, each in measured]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "a round",
        "x": numbers(percent_of(np.concatenate([values for _, values in ratios]))),
        "y": [escape_label(name) for name, values in ratios for _ in values],
        "marker": {"size": 5, "color": "--ink-2", "opacity": 0.5},
        "hovertemplate": "a round: %{x:+.2f} %<extra></extra>",
    }


def _intervals(measured: Sequence[tuple[str, Compared]]) -> dict[str, Any]:
    found = [each.comparisons[0] for _, each in measured]
    middle = percent_of(np.array([each.time_ratio for each in found]))
    low, high = (percent_of(np.array([getattr(each, end) for each in found])) for end in ("low", "high"))
    colours = [f"--{VERDICT_KINDS[each.verdict]}" for each in found]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "estimate, with its interval",
        "x": numbers(middle),
        "y": [escape_label(name) for name, _ in measured],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": numbers(high - middle),
            "arrayminus": numbers(middle - low),
            "color": "--run-1",
        },
        "marker": {"size": 10, "symbol": "diamond", "color": colours},
        "hovertemplate": "%{y}: %{x:+.2f} %<extra></extra>",
    }


def _upright(percent: float) -> dict[str, Any]:
    return {
        "type": "line", "x0": percent, "x1": percent, "yref": "paper", "y0": 0, "y1": 1,
        "line": {"color": "--bad", "width": 1.5, "dash": "dash"},
    }  # fmt: skip
