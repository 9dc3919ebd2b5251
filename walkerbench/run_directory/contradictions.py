"""Finds parts of a `run.json` that contradict each other, though each value has the right type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from walkerbench.criteria.grammar import check_known, parse_criterion
from walkerbench.criteria.metrics import known_metrics
from walkerbench.errors import CriterionError
from walkerbench.recording.frames import frame_dtype, worker_dtype
from walkerbench.run_directory.recorded_tables import FaultKeys, StageKeys
from walkerbench.run_directory.schema import RunFile, StageRecord, WorkloadRecord
from walkerbench.workloads.digests import KEY_COLUMNS


def contradictions_in(run: RunFile) -> Iterator[str]:
    """Yield each value of a file that contradicts the rest of the file, as `key: problem`."""
    wrong = tuple(_of_workload(run.workload))
    yield from wrong or _of_criteria(run)
    yield from _of_digests(run)
    yield from _of_state(run)
    yield from _of_profile(run)
    yield from _of_stages(run)
    yield from _of_unknown_stages(run)
    yield from _of_checkpoints(run)


def _of_workload(workload: WorkloadRecord) -> Iterator[str]:
    if workload.main_phase.phase not in workload.phases:
        yield f"workload.main_phase: {workload.main_phase.phase} is none of the phases"
    yield from _unknown("workload.frame_counters", workload.frame_counters, workload.counters)
    yield from _unknown("workload.event_counters", workload.event_counters, workload.frame_counters)
    try:
        frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters)
        worker_dtype(workload.phases)
    except (TypeError, ValueError) as error:  # such as a column that comes twice
        yield f"workload: its phases and frame_counters make no columns: {error}"


def _of_criteria(run: RunFile) -> Iterator[str]:
    columns = [column.name for column in run.arrays.frames] if run.arrays else []
    known = known_metrics(columns, run.workload.counters, run.workload.main_phase)
    for number, text in enumerate(run.criteria):
        try:
            check_known(parse_criterion(text), known)
        except CriterionError as error:
            yield f"criteria.{number}: {error}"
    yield from _unknown("unmeasured", run.unmeasured, run.metrics)


def _of_digests(run: RunFile) -> Iterator[str]:
    if run.arrays is None:
        return
    digested = len(run.arrays.digests) > len(KEY_COLUMNS)
    if digested == (run.workload.same_work_not_proven is not None):
        yield f"workload.same_work_not_proven: the arrays have {'digests' if digested else 'none'}"


def _of_state(run: RunFile) -> Iterator[str]:
    if (run.state == "emergency") != (run.emergency_shutdowns > 0):
        yield f"emergency_shutdowns: {run.emergency_shutdowns} with the state {run.state}"


def _of_profile(run: RunFile) -> Iterator[str]:
    """Yield the values that differ from those of the run's profile."""
    profile = run.profile
    criteria = profile.get("criteria")
    if criteria is not None and criteria != list(run.criteria):
        yield "criteria: they are not those of the profile"
    faults = profile.get("faults")
    if faults is not None and _injects(faults) != (run.faults is not None):
        yield f"faults: {run.faults or 'none'}, and the profile has {'some' if _injects(faults) else 'none'}"
    if profile.get("mode", run.mode.requested) != run.mode.requested:
        yield f"mode.requested: {run.mode.requested}, and the profile has {profile['mode']}"
    modes = {stage.mode for stage in run.stages}
    one_mode = len(modes) == 1 and not any(stage.mode_switched for stage in run.stages)
    used = modes.pop() if one_mode else run.mode.requested
    if run.state == "finished" and run.mode.used != used:
        yield f"mode.used: {run.mode.used}, and the stages have {used}"


def _injects(faults: FaultKeys) -> bool:
    without: tuple[object, ...] = (None, {})
    return faults.get("extra_work_percent", 0) > 0 or any(
        value not in without for key, value in faults.items() if key != "extra_work_percent"
    )


def _of_stages(run: RunFile) -> Iterator[str]:
    planned = run.profile.get("stages")
    if planned is not None and run.state == "finished" and len(run.stages) != len(planned):
        yield f"stages: {len(run.stages)} of a finished run, whose profile has {len(planned)}"
    if planned is not None and len(run.stages) > len(planned):
        yield f"stages: {len(run.stages)}, and the profile has {len(planned)}"
    for number, stage in enumerate(run.stages):
        where = f"stages.{number}"
        yield from (f"{where}.{problem}" for problem in _of_stage(stage, number, run.workload))
        if planned is not None and number < len(planned):
            yield from (f"{where}.{problem}" for problem in _differs_from_plan(run, stage, planned[number]))
    yield from _unknown("counters", run.counters, run.workload.counters)


def _of_stage(stage: StageRecord, number: int, workload: WorkloadRecord) -> Iterator[str]:
    if stage.stage != number:
        yield f"stage: {stage.stage}, but the record has position {number}"
    if stage.warmup > stage.frames:
        yield f"warmup: {stage.warmup} of {stage.frames} frames"
    if stage.workers > stage.agents:
        yield f"workers: {stage.workers} for {stage.agents} agents"
    yield from _unknown("counters", stage.counters, workload.counters)


def _differs_from_plan(run: RunFile, stage: StageRecord, planned: StageKeys) -> Iterator[str]:
    if stage.agents != planned["agents"]:
        yield f"agents: {stage.agents}, and the profile has {planned['agents']}"
    warmup = run.profile.get("warmup")
    if warmup is not None and stage.warmup != min(warmup, stage.frames):
        yield f"warmup: {stage.warmup} of {stage.frames} frames, and the profile has {warmup}"
    expected = run.profile.get("faults", {}).get("end_frame") or planned.get("frames")
    if run.state == "finished" and expected is not None and stage.frames != expected:
        yield f"frames: {stage.frames} of a finished run, and the profile has {expected}"


def _of_unknown_stages(run: RunFile) -> Iterator[str]:
    named = {
        "checkpoints": [each.stage for each in run.checkpoints],
        "verdicts": [each.stage for each in run.verdicts if each.stage is not None],
        "worst_frames": [each.stage for each in run.worst_frames],
    }
    for key, stages in named.items():
        strange = next((stage for stage in stages if not 0 <= stage < len(run.stages)), None)
        if strange is not None:
            yield f"{key}: one names stage {strange}, and the number of stages is {len(run.stages)}"


def _of_checkpoints(run: RunFile) -> Iterator[str]:
    moments = [(each.stage, each.frame) for each in run.checkpoints]
    if moments != sorted(set(moments)):
        yield "checkpoints: they are not in the order of stages and frames"


def _unknown(key: str, names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    there = frozenset(known)
    unknown = [name for name in names if name not in there]
    if unknown:
        yield f"{key}: {unknown[0]!r} is unknown"
