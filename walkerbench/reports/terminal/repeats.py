"""Repeats of a run as a table for a terminal of 80 columns: a row for each run, then the conclusion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType

from walkerbench.reports.terminal.tables import STYLES, Cell, beside, blank_line, facts, line, table, titled, warnings
from walkerbench.reports.wording.numbers import fixed
from walkerbench.reports.wording.run_verdict import RunVerdict, run_verdict

if TYPE_CHECKING:
    from walkerbench.running.repeats import ChildRun, Repeats

_METRICS = {"physics_fps": 1, "frame_ms.mean": 3, "frame_ms.p99": 3, "frame_ms.max": 3}


def report(repeats: Repeats, count: int) -> Iterator[RenderableType]:
    """Lay out repeats.

    Args:
        repeats: The repeats with their results.
        count: The number of runs that were requested.
    """
    verdicts = [_verdict_of(child) for child in repeats.runs]
    faults = dict.fromkeys(child.run.faults for child in repeats.runs if child.run and child.run.faults)
    yield from warnings(*(f"FAULTS INJECTED: {text}" for text in faults))
    unproven = dict.fromkeys(child.run.workload.same_work_not_proven for child in repeats.runs if child.run)
    yield from warnings(*(f"SAME WORK NOT PROVEN: {reason}" for reason in unproven if reason))
    rows: list[tuple[Cell, ...]] = []
    for number, (child, verdict) in enumerate(zip(repeats.runs, verdicts, strict=True), 1):
        metrics = child.run.metrics if child.run else {}
        measured = [fixed(metrics.get(name), digits) for name, digits in _METRICS.items()]
        rows.append((str(number), *measured, line(verdict.word, STYLES[verdict.word])))
    yield table(["run", "frames/s", "mean ms", "p99 ms", "max ms", "verdict"], rows)
    where = {str(number): str(child.directory) for number, child in enumerate(repeats.runs, 1) if child.run}
    yield from titled("Recorded in", [facts(where)])
    yield blank_line()
    yield from _summary(verdicts, count)


def _summary(verdicts: Sequence[RunVerdict], count: int) -> Iterator[RenderableType]:
    numbers: dict[RunVerdict, list[int]] = {}
    for number, verdict in enumerate(verdicts, 1):
        numbers.setdefault(verdict, []).append(number)
    for verdict, runs in numbers.items():
        where = f"in each of {len(runs)} runs" if len(runs) == count else f"in run {', '.join(map(str, runs))}"
        yield beside(line(verdict.word, STYLES[verdict.word]), line(f" {where}: {verdict.because}"))
    if len(verdicts) < count:
        yield line(f"{len(verdicts)} of {count} runs were started.")


def _verdict_of(child: ChildRun) -> RunVerdict:
    if child.crash is not None:
        return RunVerdict("NO VERDICT", f"its process {child.crash}.")
    return run_verdict(child.run) if child.run else RunVerdict("NO VERDICT", "nothing was recorded.")
