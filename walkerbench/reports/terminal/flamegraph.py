"""Where a sampled run's time goes, as tables for a terminal of 80 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from walkerbench.flamegraph.passes import common_checkpoints
from walkerbench.flamegraph.py_spy import RATE_HZ
from walkerbench.flamegraph.stacks import MEASURING, OTHER, WAITING, functions, parts, phases, within
from walkerbench.reports.terminal.tables import NOT_MEASURED, facts, fixed, table, titled
from walkerbench.reports.wording.run_verdict import counted

if TYPE_CHECKING:
    from walkerbench.flamegraph.passes import Profiled, SampledRun

_FRAME_TIME = "frame_ms.mean"
_MOST_FUNCTIONS = 8
_MOST_PARTS = 4
_DIGEST_DIGITS = 16
_NO_PHASE_OF_THE_WORK = ("dispatch", "wait", "step", "digest", MEASURING, WAITING, OTHER)  # its functions say little
_IN_A_ROW = 6  # threads that fit beside one another


def profile_tables(profiled: Profiled) -> Iterator[RenderableType]:
    """Lay out a profiled run: what was run, where each thread's time went, and the top functions by phase."""
    if profiled.interrupted is not None:
        yield Text(f"INTERRUPTED ({profiled.interrupted}): shown as far as it was sampled\n", style="bold yellow")
    yield _head(profiled)
    wall, gil = profiled.wall, profiled.gil
    yield from titled("Wall time by thread and phase, in s", _threads(wall))
    if gil is not None:
        yield from titled("Of it holding the GIL, in s", _threads(gil))
    for phase in _phases(wall):
        if phase not in _NO_PHASE_OF_THE_WORK:
            yield from _phase(wall, gil, phase)


def _head(profiled: Profiled) -> RenderableType:
    run = profiled.wall.recorded.run
    workers = ", ".join(str(count) for count in dict.fromkeys(stage.workers for stage in run.stages))
    rows = {
        "profile": f"{run.profile.get('name', '?')} ({run.profile.get('source', '?')})",
        "mode": f"{run.mode.used}, workers: {workers or NOT_MEASURED}",
        "sampled": f"{RATE_HZ} times a second, {profiled.wall.frames:,} frames",
        "slowdown": _slowdown(profiled),
        "work": _work(profiled),
        "files": f"{profiled.directory}",
    }
    return facts(rows)


def _slowdown(profiled: Profiled) -> str:
    if profiled.unsampled is None:
        return f"{NOT_MEASURED} (the run was not repeated unsampled)"
    base = profiled.unsampled.run.metrics.get(_FRAME_TIME)
    named = {"wall time": profiled.wall, "the GIL": profiled.gil}
    ratios = [f"{_ratio(sampled, base)} for {name}" for name, sampled in named.items() if sampled is not None]
    return f"{', '.join(ratios)} (mean frame ÷ {fixed(base, 3)} ms unsampled)"


def _ratio(sampled: SampledRun, base: float | None) -> str:
    value = sampled.recorded.run.metrics.get(_FRAME_TIME)
    return fixed(value / base if value is not None and base else None, 2)


def _work(profiled: Profiled) -> str:
    if profiled.unsampled is None:
        return f"{NOT_MEASURED} (not compared: the run was not repeated unsampled)"
    common = common_checkpoints(profiled.unsampled, profiled.wall.recorded)
    digest = profiled.unsampled.run.digest
    same = digest is not None and digest == profiled.wall.recorded.run.digest
    which = f": {digest[:_DIGEST_DIGITS]}" if same and digest else ""
    return f"same digest, sampled or not{which} ({counted(common, 'checkpoint')} of both)"


def _phases(sampled: SampledRun) -> list[str]:
    """Phases that were seen: those of the work in the order of their time, then the others in theirs."""
    counts = sum((phases(track) for track in sampled.tracks), start=Counter[str]())
    rank = {name: number for number, name in enumerate(_NO_PHASE_OF_THE_WORK, 1)}
    return sorted(counts, key=lambda name: (rank.get(name, 0), -counts[name], name))


def _threads(sampled: SampledRun) -> list[RenderableType]:
    names = _phases(sampled)
    tables: list[RenderableType] = []
    for first in range(0, len(sampled.tracks), _IN_A_ROW):
        tracks = sampled.tracks[first : first + _IN_A_ROW]
        grid = table(["", *(track.name for track in tracks)])
        counts = [phases(track) for track in tracks]
        for name in names:
            grid.add_row(name, *(_seconds(count[name]) for count in counts))
        tables.append(grid)
    return tables


def _seconds(samples: int) -> str:
    return f"{samples / RATE_HZ:.2f}"


def _phase(wall: SampledRun, gil: SampledRun | None, phase: str) -> Iterator[RenderableType]:
    stacks = within(wall.tracks, phase)
    held = [] if gil is None else functions(within(gil.tracks, phase))
    held_by_place = {(each.function, each.file): each.own for each in held}
    grid = table(["function", "own", "total", "own, GIL"])
    for each in functions(stacks)[:_MOST_FUNCTIONS]:
        name = Text(each.function).append(f"  {each.file}", style="dim")
        holding = held_by_place.get((each.function, each.file), 0)
        in_gil = NOT_MEASURED if gil is None else _per_frame(holding, gil)
        grid.add_row(name, _per_frame(each.own, wall), _per_frame(each.total, wall), in_gil)
    below = ", ".join(f"{name} {_per_frame(count, wall)}" for name, count in parts(stacks)[:_MOST_PARTS])
    whole = f"{_per_frame(len(stacks), wall)} over all threads, from {len(stacks):,} samples"
    sentence = f"{whole}; of it {below}" if below else whole
    yield from titled(f"{phase}: top functions, in ms a frame", [Text(sentence, overflow="fold"), grid])


def _per_frame(samples: int, sampled: SampledRun) -> str:
    return fixed(samples * 1e3 / RATE_HZ / sampled.frames if sampled.frames else None, 3)
