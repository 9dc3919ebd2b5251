"""A comparison as tables for a terminal of 80 columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from walkerbench.comparison.verdicts import Comparison
from walkerbench.reports.terminal import tables as layout
from walkerbench.reports.terminal.attribution import PARTS, percent

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared, ComparedSide

_REVISION_DIGITS = 10
_UNMEASURED = "not measured: too few frames for it, or too short a run"
_LONGEST_LABEL = 14  # in a table of 80 columns
_VERDICT_STYLES = {"regression": "FAIL", "no regression": "PASS", "inconclusive": "INCONCLUSIVE"}


def report(compared: Compared, *, advice: str | None = None) -> Iterator[RenderableType]:
    """Lay out a comparison, part by part.

    Args:
        compared: The comparison.
        advice: A sentence on what to do, or None.
    """
    yield from parts(compared)
    yield Text()
    yield from _noteworthy(compared)  # once more where the verdict is read
    yield Text(_sentence(advice or conclusion(compared)), style="bold", overflow="fold")


def parts(compared: Compared) -> Iterator[RenderableType]:
    """All of it but what it comes to."""
    yield from _noteworthy(compared)
    names = _names(compared)
    yield layout.facts(_head(compared, names))
    medians = ", medians over repeats" if compared.how == "recorded" else ""
    unmeasured = [_UNMEASURED] if any(_lacks_a_figure(side) for side in compared.sides) else []
    yield from layout.titled(f"Sides, times in ms{medians}", [_sides(compared, names), *layout.footnotes(unmeasured)])
    if all(side.shares for side in compared.sides):
        yield from layout.titled("Where the frames' time went", [_shares(compared, names)])
    against = f"Against {names[compared.base.label]}"
    yield from layout.titled(against, [_comparisons(compared, names), *_details(compared, names)])


def conclusion(compared: Compared) -> str:
    """What the comparisons come to, in a sentence."""
    found: dict[str, list[str]] = {}
    for comparison in compared.comparisons:
        found.setdefault(comparison.verdict, []).append(comparison.candidate)
    return "; ".join(f"{verdict.upper()}: {', '.join(names)}" for verdict, names in found.items())


def noteworthy(compared: Compared) -> list[str]:
    """What a reader must know beside any number: faults, fallbacks, different work."""
    lines = [f"FAULTS INJECTED in {side.label}: {side.faults}" for side in compared.sides if side.faults]
    lines += [f"{side.label} ran as {side.mode}: {side.fallback}" for side in compared.sides if side.fallback]
    if not compared.did_same_work:
        lines.append(f"DIFFERENT WORK: {compared.same_work}")
    return lines


def interval(comparison: Comparison) -> str:
    """The interval of the speed-up; a dash where there are too few repetitions for any."""
    if not comparison.level:
        return layout.NOT_MEASURED
    return f"{1 / comparison.high:.3f}…{1 / comparison.low:.3f}"


def level(comparison: Comparison) -> str:
    """The interval's level in percent, never more than it is."""
    if not comparison.level:
        return layout.NOT_MEASURED
    return f"{math.floor(comparison.level * 1000) / 10:.1f} %"


def slowdown(comparison: Comparison) -> str:
    """How much longer than the base, in percent with its sign."""
    percent = (comparison.time_ratio - 1) * 100
    return f"{percent:+.1f} %"


def judged_by(compared: Compared) -> str:
    """What the verdicts rest on, in words."""
    tests = {"sign": "exact sign tests", "permutation": "exact permutation tests"}
    named = dict.fromkeys(tests[comparison.test] for comparison in compared.comparisons)
    family = "family-wise " if len(compared.comparisons) > 1 else ""
    rates = f"tolerance {compared.tolerance * 100:g} %, {family}error rate {compared.alpha * 100:g} %"
    return f"{', '.join(named)}; {rates}"


def code_of(side: ComparedSide) -> str | None:
    """A side's revision in short, with a word where files differ from it; None where it is not known."""
    if side.revision is None:
        return None
    return side.revision[:_REVISION_DIGITS] + (" and changed files" if side.dirty else "")


def _noteworthy(compared: Compared) -> Iterator[RenderableType]:
    yield from layout.warnings(*noteworthy(compared))


def _head(compared: Compared, names: Mapping[str, str]) -> Mapping[str, Any]:
    rows = {
        "profile": compared.profile,
        "measured": f"{compared.repetitions}, {compared.how}",
        "judged by": judged_by(compared),
        "machine": layout.machine_in_words(compared.machine),
        "work": compared.same_work,
    }
    rows |= {name: label for label, name in names.items() if name != label}
    codes = {side.label: code for side in compared.sides if (code := code_of(side)) is not None}
    if len(set(codes.values())) > 1:
        rows |= {f"code of {names[label]}": code for label, code in codes.items()}
    elif codes:
        rows["code"] = next(iter(codes.values()))
    return rows


def _names(compared: Compared) -> Mapping[str, str]:
    """What each label is called in tables: itself, where every one leaves room for the numbers."""
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


def _sides(compared: Compared, names: Mapping[str, str]) -> Table:
    phase = compared.base.main_phase.phase
    laid_out = layout.table(["", "frames/s", "mean", "p50", "p99", "max", f"{phase}\np50", f"{phase}\np99", "cores"])
    for side in compared.sides:
        frame, main_phase = side.frame_ms, side.main_phase_ms
        cells = [
            layout.fixed(side.frames_per_s, 1),
            *(layout.fixed(frame[name], 2) for name in ("mean", "p50", "p99", "max")),
        ]
        cells += [
            *(layout.fixed(main_phase[name], 2) for name in ("p50", "p99")),
            layout.fixed(side.effective_cores, 2),
        ]
        laid_out.add_row(Text(names[side.label]), *cells)
    return laid_out


def _shares(compared: Compared, names: Mapping[str, str]) -> Table:
    """A row a part, a column a side."""
    laid_out = layout.table(["", *names.values()])
    gil_enabled = any(side.gil_enabled for side in compared.sides)
    blocked = "blocked: GIL, lock, I/O" if gil_enabled else "blocked: lock, I/O (the GIL is off)"
    for row in zip(*(side.shares for side in compared.sides), strict=True):
        laid_out.add_row(PARTS.get(row[0].part, blocked), *(percent(share) for share in row))
    return laid_out


def _comparisons(compared: Compared, names: Mapping[str, str]) -> Table:
    laid_out = layout.table(["", "speed-up", "interval", "level", "time", "verdict"])
    for each in compared.comparisons:
        verdict = Text(each.verdict, style=layout.STYLES[_VERDICT_STYLES[each.verdict]])
        laid_out.add_row(
            Text(names[each.candidate]),
            f"{1 / each.time_ratio:.3f}",
            interval(each),
            level(each),
            slowdown(each),
            verdict,
        )
    return laid_out


def _details(compared: Compared, names: Mapping[str, str]) -> Iterator[RenderableType]:
    base_ms = compared.base.frame_ms["mean"]
    for side, each in zip(compared.sides[1:], compared.comparisons, strict=True):
        name = names[each.candidate]
        yield Text(f"{name}: {each.detail}", style="dim", overflow="fold")
        mean_ms = side.frame_ms["mean"]
        difference = mean_ms / base_ms - 1 if base_ms and mean_ms else 0.0
        if difference * (each.time_ratio - 1) < 0:
            # Both are right: a few slow rounds move the mean of all frames, and not the median over rounds.
            yield Text(
                f"{name}: the times above are over all frames and give {difference * 100:+.1f} %; the "
                f"verdict goes by each round or run, half of which are above {slowdown(each)}",
                style="dim",
                overflow="fold",
            )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
