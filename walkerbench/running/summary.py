"""Computes metrics and verdicts from what was recorded: at the end of a run, or later where it was killed."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.criteria.grammar import Criterion, parse_criterion
from walkerbench.criteria.judging import Verdict, judge_criteria
from walkerbench.criteria.metrics import Measured, answered_at, compute_metrics
from walkerbench.errors import RunFileError
from walkerbench.recording.frames import frame_keys
from walkerbench.recording.gil import gil_was_enabled
from walkerbench.run_directory import (
    RUNS_ROOT,
    CheckpointRecord,
    RecordedRun,
    RunFile,
    StageRecord,
    find_run,
    read_recorded,
)
from walkerbench.running.stored_conclusion import check_conclusion
from walkerbench.slow_frames.attribution import attribute
from walkerbench.slow_frames.explanations import (
    count_causes,
    excuse,
    explain_slow_frames,
    explain_slowest,
    limits_of,
    worst,
)
from walkerbench.slow_frames.worker_times import Setting
from walkerbench.workloads.digests import digests_of, fold_checkpoints, fold_digests

_WORST_FRAMES = 10


def read_run(run: str | Path) -> RecordedRun:
    """Read a recorded run, also one that is still running or was killed.

    Args:
        run: The run's directory; or, as text, also its `run.json`, `@latest` for the newest run below
            `.walkerbench/runs`, or `@latest~N` for the Nth run before it.

    Returns:
        The run, with metrics and verdicts as far as it was recorded.

    Raises:
        RunFileError: There is no such run, it cannot be read, or its file and its arrays give different conclusions.
    """
    return read_concluded(find_run(run, RUNS_ROOT) if isinstance(run, str) else run)


def read_concluded(path: Path) -> RecordedRun:
    """Return a run with its conclusion, which is computed from its arrays and never copied from its file.

    Args:
        path: The run's directory.

    Raises:
        RunFileError: It cannot be read, or its file states another conclusion than its arrays give.
    """
    return concluded(read_recorded(path))


def concluded(recorded: RecordedRun) -> RecordedRun:
    """Return the run with the conclusion that its arrays give; an unfinished run is judged as far as it was recorded.

    Raises:
        RunFileError: Its file states another conclusion.
    """
    # A run that broke may have lost rows since it was concluded, and has no verdict. One that could not be concluded
    # when it ended has no metrics.
    if recorded.run.state in ("running", "broken") or not recorded.run.metrics:
        return dataclasses.replace(recorded, run=conclude(recorded))
    computed = conclude(_counted_again(recorded))
    check_conclusion(recorded, computed, tuple(_checkpoints(recorded)))
    return dataclasses.replace(recorded, run=computed)


def _counted_again(recorded: RecordedRun) -> RecordedRun:
    """Return the run with the frame counters of each stage summed again from its frames."""
    if recorded.run.state == "interrupted":  # a second interrupt may come between a frame and its row
        return recorded
    stages = []
    for stage in recorded.run.stages:
        rows = recorded.frames[recorded.frames["stage"] == stage.stage]
        sums = _sums_of_counters(recorded.run, rows)
        counters = {name: sums.get(name, total) for name, total in stage.counters.items()}
        stages.append(stage.model_copy(update={"counters": counters}))
    return dataclasses.replace(recorded, run=recorded.run.changed(stages=tuple(stages)))


def _sums_of_counters(run: RunFile, frames: NDArray[Any]) -> dict[str, int]:
    return {name: int(frames[name].sum()) for name in run.workload.frame_counters}


def conclude(recorded: RecordedRun) -> RunFile:
    """Measure and judge every stage and the whole run.

    Args:
        recorded: The run as it was read back. Where it is still running or was killed, its stages and checkpoints come
            from the arrays.

    Returns:
        Its `run.json` with digests, metrics and verdicts filled in.
    """
    return conclude_stages(_with_stages(recorded) if recorded.run.state == "running" else recorded)


def conclude_stages(recorded: RecordedRun) -> RunFile:
    """Measure and judge every stage that is known of a run, and the whole run.

    Args:
        recorded: The run, with the records of its stages.

    Returns:
        Its `run.json` with digests, metrics and verdicts filled in.
    """
    run = recorded.run
    criteria = [parse_criterion(text) for text in run.criteria]
    full_load = _stages_at_full_load(run)
    several = len(run.stages) > 1
    settings = [_setting(run, stage) for stage in run.stages]
    frames, workers = _of_one_mode(run, recorded.frames), _of_one_mode(run, recorded.workers)
    attribution = attribute(frames, workers, settings)
    limits = limits_of(criteria, recorded.frames.dtype.names or (), run.workload.main_phase, run.deadline)
    slow = explain_slow_frames(frames, workers, limits, settings)
    longest = worst(slow, _WORST_FRAMES) or explain_slowest(frames, workers, settings, _WORST_FRAMES)
    verdicts: list[Verdict] = []
    stages = []
    for stage in run.stages:
        rows = recorded.frames[recorded.frames["stage"] == stage.stage]
        emergencies = run.emergency_shutdowns if stage is run.stages[-1] else 0
        measured = _measure(recorded, rows, stage.counters, emergencies)
        stages.append(_concluded_stage(run, stage, rows, measured))
        if several:
            verdicts += judge_criteria(_judged_in(run, stage, criteria), measured, stage.stage)
    whole = _measure(recorded, recorded.frames, _totals(run), run.emergency_shutdowns, full_load)
    verdicts += judge_criteria(criteria, whole, None)
    if run.profile.get("host_stall") == "inconclusive":
        verdicts = [excuse(verdict, recorded.frames, slow, limits) for verdict in verdicts]
    return run.changed(
        stages=tuple(stages),
        metrics=whole.values,
        unmeasured=whole.unmeasured,
        counters=_totals(run),
        missed_deadlines=_missed_deadlines(run, recorded.frames),
        digest=fold_checkpoints(each.digest for each in run.checkpoints),
        verdicts=tuple(verdicts),
        attribution=attribution,
        slow_frames=count_causes(slow),
        worst_frames=longest,
    )


def _concluded_stage(run: RunFile, stage: StageRecord, rows: NDArray[Any], measured: Measured) -> StageRecord:
    """Return a stage's record with the values that its frames and checkpoints give."""
    found = {
        "frames": len(rows),
        "warmup": int(np.count_nonzero(rows["warmup"])),
        "digest": fold_checkpoints(each.digest for each in run.checkpoints if each.stage == stage.stage),
        "metrics": measured.values,
    }
    return stage.model_copy(update=found)


def _stages_at_full_load(run: RunFile) -> tuple[int, ...] | None:
    """Return the numbers of the stages at full load; None where all stages have one pace."""
    return tuple(number for number, pace in enumerate(run.paces) if pace == "max") if run.several_paces else None


def _judged_in(run: RunFile, stage: StageRecord, criteria: Iterable[Criterion]) -> list[Criterion]:
    """Return the criteria that a stage is judged by: where paces differ, only those that its pace can answer."""
    pace = run.paces[stage.stage]
    return [each for each in criteria if not run.several_paces or answered_at(each.key) in (None, pace)]


def _of_one_mode(run: RunFile, rows: NDArray[Any]) -> NDArray[Any]:
    """Return the rows of the stages whose mode was not switched: the meaning of their times depends on the mode."""
    switched = [stage.stage for stage in run.stages if stage.mode_switched]
    return rows[~np.isin(rows["stage"], switched)] if switched else rows


def _setting(run: RunFile, stage: StageRecord) -> Setting:
    crowded = stage.traits.side_by_side and stage.workers > _cores(run.machine)
    return Setting(
        traits=stage.traits,
        gil_enabled=gil_was_enabled(run.machine),
        settle_phase=run.workload.settle_phase,
        main_phase=run.workload.main_phase,
        crowded=crowded,
    )


def _cores(machine: Mapping[str, Any]) -> float:
    """Return how many cores the run could use: the allowed cores, or the quota, which may be a fraction, if less."""
    known = [machine.get(name) for name in ("cores_allowed", "cpu_quota")]
    return min((float(each) for each in known if isinstance(each, int | float)), default=math.inf)


def _measure(
    recorded: RecordedRun,
    rows: NDArray[Any],
    counters: Mapping[str, int],
    emergencies: int,
    full_load: Collection[int] | None = None,
) -> Measured:
    run = recorded.run
    deadlines = _missed_deadlines(run, rows)
    measured = compute_metrics(rows, recorded.cpu, counters, run.workload.main_phase, emergencies, deadlines, full_load)
    unknown = [name for name in run.workload.counters if name not in counters]
    values = measured.values | dict.fromkeys(unknown)
    return Measured(values, measured.unmeasured | dict.fromkeys(unknown, "is only known of a run that has ended"))


def _totals(run: RunFile) -> dict[str, int]:
    """Return the total of each counter that every stage knows."""
    known = [name for name in run.workload.counters if all(name in stage.counters for stage in run.stages)]
    return {name: sum(stage.counters[name] for stage in run.stages) for name in known}


def _with_stages(recorded: RecordedRun) -> RecordedRun:
    """Return the same run, with stages and checkpoints as far as the arrays hold them."""
    count = 1 + int(recorded.frames["stage"].max(initial=0))
    run = recorded.run.changed(
        stages=tuple(_stage(recorded, number) for number in range(count)), checkpoints=tuple(_checkpoints(recorded))
    )
    return dataclasses.replace(recorded, run=run)


def _stage(recorded: RecordedRun, number: int) -> StageRecord:
    run = recorded.run
    rows = recorded.frames[recorded.frames["stage"] == number]
    workers = recorded.workers[recorded.workers["stage"] == number]["worker"]
    return StageRecord(
        stage=number,
        agents=_agents(recorded, number),
        frames=len(rows),
        warmup=int(np.count_nonzero(rows["warmup"])),
        workers=1 + int(workers.max()) if len(workers) else run.mode.workers,
        mode=run.mode.used,
        traits=run.mode.traits,
        worker_pids=(),
        digest=None,
        counters=_sums_of_counters(run, rows),
        population={},
        metrics={},
    )


def _agents(recorded: RecordedRun, stage: int) -> int:
    try:
        return int(recorded.run.profile["stages"][stage]["agents"])
    except (LookupError, TypeError, ValueError) as error:
        path = recorded.directory / "run.json"
        raise RunFileError(f"{path}: corrupt, its profile has no stage {stage + 1}: record the run again") from error


def _checkpoints(recorded: RecordedRun) -> Iterator[CheckpointRecord]:
    rows = recorded.digests
    begins = np.flatnonzero(np.diff(frame_keys(rows), prepend=-1)).tolist()
    for begin, end in itertools.pairwise((*begins, len(rows))):
        (stage, frame), digest = rows[["stage", "frame"]][begin], fold_digests(digests_of(rows[begin:end]))
        text = None if digest is None else digest.hex()
        yield CheckpointRecord(stage=int(stage), frame=int(frame), digest=text, population={})


def _missed_deadlines(run: RunFile, frames: NDArray[Any]) -> int | None:
    """Return how many judged frames took longer than their period; None without any, or not at real-time pace."""
    deadline = run.deadline
    if deadline is None:
        return None
    judged = frames[(frames["warmup"] == 0) & deadline.has(frames)]
    return int(np.count_nonzero(judged["wall_ns"] / 1e6 > deadline.ms)) if len(judged) else None
