"""Repeats of a run as a table for a terminal of 80 columns: a row a run, then what they come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from walkerbench.reports.terminal.tables import STYLES, facts, table, titled, warnings
from walkerbench.reports.wording.numbers import fixed
from walkerbench.reports.wording.run_verdict import Conclusion, conclude

if TYPE_CHECKING:
    from walkerbench.running.repeats import ChildRun, Repeats

_METRICS = {"physics_fps": 1, "frame_ms.mean": 3, "frame_ms.p99": 3, "frame_ms.max": 3}


def report(repeats: Repeats, count: int) -> Iterator[RenderableType]:
    """Lay out repeats.

    Args:
        repeats: What became of them.
        count: How many were wanted.
    """
    concluded = [_conclude(child) for child in repeats.runs]
    faults = dict.fromkeys(child.run.faults for child in repeats.runs if child.run and child.run.faults)
    yield from warnings(*(f"FAULTS INJECTED: {text}" for text in faults))
    rows = table(["run", "frames/s", "mean ms", "p99 ms", "max ms", "verdict"])
    for number, (child, conclusion) in enumerate(zip(repeats.runs, concluded, strict=True), 1):
        metrics = child.run.metrics if child.run else {}
        measured = [fixed(metrics.get(name), digits) for name, digits in _METRICS.items()]
        rows.add_row(str(number), *measured, Text(conclusion.word, style=STYLES[conclusion.word]))
    yield rows
    where = {str(number): str(child.directory) for number, child in enumerate(repeats.runs, 1) if child.run}
    yield from titled("Recorded in", [facts(where)])
    yield Text()
    yield from _summary(concluded, count)


def _summary(concluded: Sequence[Conclusion], count: int) -> Iterator[Text]:
    numbers: dict[Conclusion, list[int]] = {}
    for number, conclusion in enumerate(concluded, 1):
        numbers.setdefault(conclusion, []).append(number)
    for conclusion, runs in numbers.items():
        where = f"in each of {len(runs)} runs" if len(runs) == count else f"in run {', '.join(map(str, runs))}"
        line = Text(overflow="fold")
        line.append(conclusion.word, style=STYLES[conclusion.word])
        line.append(f" {where}: {conclusion.because}")
        yield line
    if len(concluded) < count:
        yield Text(f"{len(concluded)} of {count} runs were begun.")


def _conclude(child: ChildRun) -> Conclusion:
    if child.crash is not None:
        return Conclusion("NO VERDICT", f"its process {child.crash}.")
    return conclude(child.run) if child.run else Conclusion("NO VERDICT", "nothing was recorded.")
