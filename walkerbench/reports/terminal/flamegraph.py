"""Show which functions took a sampled run's time, as tables for a terminal of 80 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType

from walkerbench.flamegraph.passes import common_checkpoints
from walkerbench.flamegraph.py_spy import RATE_HZ
from walkerbench.flamegraph.stacks import OVERHEAD_PHASES, functions, inner_parts, phases, within
from walkerbench.reports.terminal.tables import beside, facts, line, name, table, titled, warnings
from walkerbench.reports.wording.numbers import NOT_MEASURED, counted, fixed
from walkerbench.workloads.digests import not_proven, short_digest

if TYPE_CHECKING:
    from walkerbench.flamegraph.passes import FlameGraphs, SampledRun

_FRAME_TIME = "frame_ms.mean"
_MOST_FUNCTIONS = 8
_MOST_PARTS = 4
_THREADS_PER_TABLE = 6  # as many columns as fit into 80 characters


def flame_graph_tables(graphs: FlameGraphs) -> Iterator[RenderableType]:
    """Yield the tables: what was run, where each thread's time went, and the top functions of each phase."""
    if graphs.interrupted is not None:
        yield from warnings(f"INTERRUPTED ({graphs.interrupted}): shown as far as it was sampled")
    yield _head(graphs)
    wall, gil = graphs.wall, graphs.gil
    yield from titled("Wall time by thread and phase, in s", _threads(wall))
    if gil is not None:
        yield from titled("Of it holding the GIL, in s", _threads(gil))
    for phase in _phases(wall):
        if phase not in OVERHEAD_PHASES:
            yield from _phase(wall, gil, phase)


def _head(graphs: FlameGraphs) -> RenderableType:
    run = graphs.wall.recorded.run
    workers = ", ".join(str(count) for count in dict.fromkeys(stage.workers for stage in run.stages))
    rows = {
        "profile": f"{run.profile.get('name', '?')} ({run.profile.get('source', '?')})",
        "mode": f"{run.mode.used}, workers: {workers or NOT_MEASURED}",
        "sampled": f"{RATE_HZ} times a second, {graphs.wall.frames:,} frames",
        "slowdown": _slowdown(graphs),
        "work": _work(graphs),
        "files": f"{graphs.directory}",
    }
    return facts(rows)


def _slowdown(graphs: FlameGraphs) -> str:
    if graphs.unsampled is None:
        return f"{NOT_MEASURED} (the run was not repeated unsampled)"
    base = graphs.unsampled.run.metrics.get(_FRAME_TIME)
    named = {"wall time": graphs.wall, "the GIL": graphs.gil}
    ratios = [f"{_ratio(sampled, base)} for {name}" for name, sampled in named.items() if sampled is not None]
    return f"{', '.join(ratios)} (mean frame ÷ {fixed(base, 3)} ms unsampled)"


def _ratio(sampled: SampledRun, base: float | None) -> str:
    value = sampled.recorded.run.metrics.get(_FRAME_TIME)
    return fixed(value / base if value is not None and base else None, 2)


def _work(graphs: FlameGraphs) -> str:
    if graphs.unsampled is None:
        return f"{NOT_MEASURED} (not compared: the run was not repeated unsampled)"
    if (reason := graphs.unsampled.run.workload.same_work_not_proven) is not None:
        return not_proven(reason)
    common = common_checkpoints(graphs.unsampled, graphs.wall.recorded)
    digest = graphs.unsampled.run.digest
    same = digest is not None and digest == graphs.wall.recorded.run.digest
    which = f": {short_digest(digest)}" if same and digest else ""
    return f"same digest, sampled or not{which} ({counted(common, 'checkpoint')} of both)"


def _phases(sampled: SampledRun) -> list[str]:
    """Return the phases that were seen: those of the workload, the longest first, then the others in a fixed order."""
    counts = sum((phases(track, sampled.markers) for track in sampled.tracks), start=Counter[str]())
    rank = {name: number for number, name in enumerate(OVERHEAD_PHASES, 1)}
    return sorted(counts, key=lambda name: (rank.get(name, 0), -counts[name], name))


def _threads(sampled: SampledRun) -> list[RenderableType]:
    names = _phases(sampled)
    tables: list[RenderableType] = []
    for first in range(0, len(sampled.tracks), _THREADS_PER_TABLE):
        tracks = sampled.tracks[first : first + _THREADS_PER_TABLE]
        counts = [phases(track, sampled.markers) for track in tracks]
        rows = [(phase, *(_seconds(count[phase]) for count in counts)) for phase in names]
        tables.append(table(["", *(track.name for track in tracks)], rows))
    return tables


def _seconds(samples: int) -> str:
    return f"{samples / RATE_HZ:.2f}"


def _phase(wall: SampledRun, gil: SampledRun | None, phase: str) -> Iterator[RenderableType]:
    stacks = within(wall.tracks, phase, wall.markers)
    held = [] if gil is None else functions(within(gil.tracks, phase, gil.markers))
    held_by_place = {(each.function, each.file): each.own for each in held}
    rows = []
    for each in functions(stacks)[:_MOST_FUNCTIONS]:
        function = beside(name(each.function), line("  "), name(each.file, "dim"))
        holding = held_by_place.get((each.function, each.file), 0)
        in_gil = NOT_MEASURED if gil is None else _per_frame(holding, gil)
        rows.append((function, _per_frame(each.own, wall), _per_frame(each.total, wall), in_gil))
    below = ", ".join(f"{part} {_per_frame(count, wall)}" for part, count in inner_parts(stacks)[:_MOST_PARTS])
    whole = f"{_per_frame(len(stacks), wall)} over all threads, from {len(stacks):,} samples"
    sentence = f"{whole}; of it {below}" if below else whole
    grid = table(["function", "own", "total", "own, GIL"], rows)
    yield from titled(f"{phase}: top functions, in ms per frame", [line(sentence), grid])


def _per_frame(samples: int, sampled: SampledRun) -> str:
    return fixed(samples * 1e3 / RATE_HZ / sampled.frames if sampled.frames else None, 3)
