"""The HTML page of a comparison: the verdict in words, the frame times, the rounds, and where the time went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from walkerbench.comparison.speed_up import speed_up_in_words
from walkerbench.criteria.statistics import STATISTICS
from walkerbench.reports.html.distribution import distribution_plots
from walkerbench.reports.html.drawn_side import DrawnSide, draw_sides
from walkerbench.reports.html.escaping import escape_html
from walkerbench.reports.html.html_document import (
    colour_legend,
    figures,
    grid,
    html_document,
    scrolled,
    section,
    warning_lines,
)
from walkerbench.reports.html.plot import Plot
from walkerbench.reports.html.repetitions import repetition_plots
from walkerbench.reports.html.side_shares import share_colours, share_plots
from walkerbench.reports.html.tables import html_table, verdict_badge
from walkerbench.reports.wording.comparison import (
    facts_of_comparison,
    interval,
    level,
    noteworthy,
    shares_by_part,
    slowdown,
)
from walkerbench.reports.wording.numbers import fixed
from walkerbench.reports.wording.time_shares import percent

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared, ComparedSide
    from walkerbench.comparison.verdicts import ComparisonVerdict

VERDICT_KINDS: Mapping[ComparisonVerdict, str] = {
    "regression": "bad",
    "no regression": "good",
    "faster": "good",
    "inconclusive": "unsure",
}
"""A comparison's verdict → the kind of badge that shows it."""


def render_comparison(compared: Compared, plotly_js: str, *, advice: str | None = None) -> Iterator[str]:
    """Write the page of a comparison, part by part.

    Args:
        compared: The comparison.
        plotly_js: The source of plotly.js.
        advice: A sentence on what to do, or None.

    Yields:
        The parts of the page in order.
    """
    plots: list[Plot] = []
    advised = [f'<p class="verdict"><strong>{escape_html(_sentence(advice))}</strong></p>'] if advice else []
    head = [f"<h1>{escape_html(who_against_whom(compared))}</h1>", *advised, *comparison_head(compared)]
    main = "".join(comparison_sections(compared, plots))
    title = f"walkerbench: {_verdicts_in_short(compared)} against {compared.base.label}"
    yield from html_document(title, "\n".join(head) + "\n", main, plots, plotly_js)


def _verdicts_in_short(compared: Compared) -> str:
    found: dict[str, list[str]] = {}
    for comparison in compared.comparisons:
        found.setdefault(comparison.verdict, []).append(comparison.candidate)
    return "; ".join(f"{verdict.upper()}: {', '.join(names)}" for verdict, names in found.items())


def who_against_whom(compared: Compared) -> str:
    """Return the names of the candidates and of the base."""
    *others, last = [side.label for side in compared.sides[1:]]
    names = f"{', '.join(others)} and {last}" if others else last
    return f"{names} against {compared.base.label}"


def comparison_head(compared: Compared) -> list[str]:
    """Return the verdicts in words, and what must be known before any number, as HTML."""
    verdicts = [
        f'<p class="verdict">{verdict_badge(each.verdict.upper(), VERDICT_KINDS[each.verdict])} '
        f"{escape_html(f'{speed_up_in_words(each)}: {each.detail}')}</p>"
        for each in compared.comparisons
    ]
    return [*verdicts, *warning_lines(noteworthy(compared))]


def comparison_sections(compared: Compared, plots: list[Plot]) -> Iterator[str]:
    """Yield the sections of a comparison in order; every plot shown is put into `plots`."""
    sides = draw_sides(compared)
    repeated = "Runs" if compared.how == "recorded" else "Rounds"
    scatter = figures(repetition_plots(compared, sides), plots, "Nothing was compared.")
    yield section(repeated, _verdicts(compared, sides) + (scatter if len(sides) == 2 else grid(scatter)))
    shown = figures(distribution_plots(sides), plots, "No frame was judged.")
    yield section("Frame times", _side_figures(compared, sides) + grid(shown))
    bars = figures(share_plots(compared, sides), plots, "Where the time went is not known.")
    colours = share_colours(compared)
    legend = colour_legend(colours) if colours else ""
    yield section("Where the time went", legend + bars + _shares(compared, sides))
    yield section("Measurement", _facts(compared, sides))


def _verdicts(compared: Compared, sides: Sequence[DrawnSide]) -> str:
    rows = [
        (
            side.label,
            f"{1 / each.time_ratio:.3f}",
            interval(each),
            level(each),
            slowdown(each),
            verdict_badge(each.verdict, VERDICT_KINDS[each.verdict]),
        )
        for side, each in zip(sides[1:], compared.comparisons, strict=True)
    ]
    headings = (f"against {sides[0].label}", "speed-up", "interval", "level", "time", "verdict")
    return scrolled(html_table("Verdicts", headings, rows, "numbers"))


def _side_figures(compared: Compared, sides: Sequence[DrawnSide]) -> str:
    """Return a table of the sides' figures: a row for each figure, a column for each side."""
    phase = compared.base.main_phase.phase
    of_each = [_figures_of(side.side, phase) for side in sides]
    rows = [(name, *(figures_of[name] for figures_of in of_each)) for name in of_each[0]]
    medians = "<p>The figures are medians over the runs of each side.</p>" if compared.how == "recorded" else ""
    headings = ("times in ms", *(side.label for side in sides))
    return scrolled(html_table("Figures of the sides", headings, rows, "numbers")) + medians


def _figures_of(side: ComparedSide, phase: str) -> dict[str, str]:
    return {
        "mode": side.mode,
        "workers": str(side.workers),
        "frames/s": fixed(side.frames_per_s, 1),
        **{f"frame {name}": fixed(side.frame_ms[name], 3) for name in STATISTICS},
        **{f"{phase} {name}": fixed(side.main_phase_ms[name], 3) for name in ("p50", "p99")},
        "effective cores": fixed(side.effective_cores, 2),
        "judged frames": f"{side.frames:,}",
    }


def _shares(compared: Compared, sides: Sequence[DrawnSide]) -> str:
    rows = [(words, *map(percent, shares)) for words, shares in shares_by_part(compared)]
    headings = ("part", *(side.label for side in sides))
    return scrolled(html_table("Shares of the workers' time", headings, rows, "numbers")) if rows else ""


def _facts(compared: Compared, sides: Sequence[DrawnSide]) -> str:
    """Return how it was measured, and the whole names of sides that are shortened elsewhere."""
    whole = {side.label: side.side.label for side in sides if side.label != side.side.label}
    facts = facts_of_comparison(compared) | whole
    return html_table("Facts of the comparison", ("fact", "value"), facts.items(), "facts")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
