"""A comparison as tables for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from walkerbench.reports.terminal import tables as layout
from walkerbench.reports.wording.comparison import (
    conclusions,
    disturbances,
    explained,
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
    from walkerbench.criteria.judging import VerdictWord

_UNMEASURED = "not measured: too few frames, or the run was too short"
_LONGEST_LABEL = 14  # in a table of 80 columns
VERDICT_STYLES: Mapping[ComparisonVerdict, VerdictWord] = {
    "regression": "FAIL",
    "no regression": "PASS",
    "faster": "PASS",
    "inconclusive": "INCONCLUSIVE",
}
"""A comparison's verdict → the verdict of a run that is shown in the same style."""


def report(compared: Compared, *, advice: str | None = None) -> Iterator[RenderableType]:
    """Lay out a comparison, part by part.

    Args:
        compared: The comparison.
        advice: A sentence on what to do, or None.
    """
    yield from parts(compared)
    yield layout.blank_line()
    yield from _noteworthy(compared)  # once more where the verdict is read
    for text in [advice] if advice else conclusions(compared):
        yield layout.line(_sentence(text), "bold")


def parts(compared: Compared) -> Iterator[RenderableType]:
    """Yield every part of the report but the conclusion."""
    yield from _noteworthy(compared)
    names = _names(compared)
    yield layout.facts(_head(compared, names))
    against = f"Against {names[compared.base.label]}"
    yield from layout.titled(against, [_comparisons(compared, names), *_details(compared, names)])
    over = "medians over repeats" if compared.how == "recorded" else "over all frames"
    unmeasured = [_UNMEASURED] if any(_lacks_a_figure(side) for side in compared.sides) else []
    notes = [layout.line(text) for text in disturbances(compared, names)]
    yield from layout.titled(
        f"Sides, {over}, times in ms", [_sides(compared, names), *layout.footnotes(unmeasured), *notes]
    )
    if shares := shares_by_part(compared):
        rows = [(words, *map(percent, each)) for words, each in shares]
        yield from layout.titled("Where the frames' time went", [layout.table(["", *names.values()], rows)])


def _noteworthy(compared: Compared) -> Iterator[RenderableType]:
    yield from layout.warnings(*noteworthy(compared))


def _head(compared: Compared, names: Mapping[str, str]) -> Mapping[str, Any]:
    return facts_of_comparison(compared) | {name: label for label, name in names.items() if name != label}


def _names(compared: Compared) -> Mapping[str, str]:
    """Return each label's name in the tables: the label itself, where all labels are short enough."""
    labels = [side.label for side in compared.sides]
    if max(map(len, labels)) <= _LONGEST_LABEL:
        return {label: label for label in labels}
    several = len(labels) > 2
    return {
        label: "base" if not number else f"candidate {number}" if several else "candidate"
        for number, label in enumerate(labels)
    }


def _lacks_a_figure(side: ComparedSide) -> bool:
    return None in (*side.frame_ms.values(), *side.main_phase_ms.values(), side.effective_cores)


def _sides(compared: Compared, names: Mapping[str, str]) -> RenderableType:
    phase = layout.name(compared.base.main_phase.phase)
    of_phase = [layout.below(phase, layout.name(statistic)) for statistic in ("p50", "p99")]
    rows = []
    for side in compared.sides:
        frame, main_phase = side.frame_ms, side.main_phase_ms
        cells = [
            fixed(side.frames_per_s, 1),
            *(fixed(frame[name], 2) for name in ("mean", "p50", "p99", "max")),
        ]
        cells += [
            *(fixed(main_phase[name], 2) for name in ("p50", "p99")),
            fixed(side.effective_cores, 2),
        ]
        rows.append((names[side.label], *cells))
    return layout.table(["", "frames/s", "mean", "p50", "p99", "max", *of_phase, "cores"], rows)


def _comparisons(compared: Compared, names: Mapping[str, str]) -> RenderableType:
    rows = [
        (
            names[each.candidate],
            f"{1 / each.time_ratio:.3f}",
            interval(each),
            level(each),
            slowdown(each),
            layout.name(each.verdict, layout.STYLES[VERDICT_STYLES[each.verdict]]),
        )
        for each in compared.comparisons
    ]
    return layout.table(["", "speed-up", "interval", "level", "time", "verdict"], rows)


def _details(compared: Compared, names: Mapping[str, str]) -> Iterator[RenderableType]:
    for each in compared.comparisons:
        yield layout.line(explained(each, names[each.candidate], names[each.base]), "dim")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
