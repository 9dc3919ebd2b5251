"""What `run.json` holds, as pydantic models, and its published JSON Schema."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self

from annotated_types import Ge, Interval, Len
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from walkerbench.criteria.judging import RunState, Verdict
from walkerbench.modes.traits import ModeTraits
from walkerbench.recording.code_facts import CodeFacts
from walkerbench.run_directory.recorded_tables import MachineFacts, RecordedProfile
from walkerbench.run_directory.recorded_types import (
    FINITE_THROUGHOUT,
    FIRST_ERROR,
    AboveZero,
    CostSeconds,
    CriterionText,
    Hex,
    Number,
    OneOrMore,
    Total,
    Utc,
    Workers,
    ZeroOrMore,
)
from walkerbench.run_directory.schema_history import SCHEMA_VERSION
from walkerbench.slow_frames.attribution import Attribution
from walkerbench.slow_frames.critical_path import Cause
from walkerbench.slow_frames.explanations import SlowFrame
from walkerbench.workloads.main_phase import MainPhase

_MOST_CORES = 2**16  # that a column of core_percent can have


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class WorkloadRecord(_Record):
    """What was run.

    Attributes:
        name: The workload's name.
        phases: Names of a shard's phases, in order.
        main_phase: The phase that is judged and shown beside the frame's time.
        settle_phase: Name of the phase that the parent runs after the barrier.
        frames_per_second: Of simulated time, which real-time pace holds.
        counters: Names of everything that is counted.
        frame_counters: Those that are recorded frame by frame.
        event_counters: Those of the frame counters that count rare events, which a timeline marks.
        same_work_not_proven: Why nothing is digested, so that no other run can be shown to have done the same work; or
            None.
    """

    name: str
    phases: Annotated[tuple[str, ...], FIRST_ERROR]
    main_phase: MainPhase
    settle_phase: str
    frames_per_second: AboveZero
    counters: Annotated[tuple[str, ...], FIRST_ERROR]
    frame_counters: Annotated[tuple[str, ...], FIRST_ERROR]
    event_counters: Annotated[tuple[str, ...], FIRST_ERROR]
    same_work_not_proven: str | None = None


class ModeRecord(_Record):
    """Where it was run.

    Attributes:
        requested: The mode asked for.
        used: The mode that ran; where stages differ or a mode was switched, the one asked for.
        traits: Where that mode runs its shards.
        fallback: Why they differ, or why they do in some stage; or None.
        workers: Workers asked for or derived; a stage's own number stands in its record.
        start_method: How worker processes were started, or None.
        start_method_reason: Why in that way, or None.
    """

    requested: str
    used: str
    traits: ModeTraits
    fallback: str | None
    workers: Workers
    start_method: str | None
    start_method_reason: str | None


class SwitchRecord(_Record):
    """What was switched while a stage was run.

    Attributes:
        frame: The first frame that was run so.
        mode: The mode that ran it; None where the pace was switched.
        pace: What it was held to, `realtime` or `max`; None where the mode was switched.
    """

    frame: ZeroOrMore
    mode: str | None = None
    pace: str | None = None


class StageRecord(_Record):
    """One stage of the run: a fresh environment.

    Attributes:
        stage: Its number, from 0.
        agents: How many agents.
        frames: Frames recorded.
        warmup: How many of them are warm-up, and so not judged.
        workers: How many workers.
        mode: The mode that ran it, at its end.
        traits: Where that mode runs its shards.
        switches: What was switched before its end, in that order; most stages have nothing.
        worker_pids: Process ids of the workers that were processes, by their numbers.
        digest: Fold of the stage's checkpoints, or None without one.
        counters: Totals of the stage, warm-up included.
        population: The population's statistics after the last frame.
        remarks: What the workload says of how it went, each in a line; nothing of a run that was killed.
        metrics: Flat metric names and values; None where not measured.
    """

    stage: ZeroOrMore
    agents: OneOrMore
    frames: ZeroOrMore
    warmup: ZeroOrMore
    workers: Workers
    mode: str
    traits: ModeTraits
    switches: Annotated[tuple[SwitchRecord, ...], FIRST_ERROR] = ()
    worker_pids: Annotated[tuple[ZeroOrMore, ...], FIRST_ERROR]
    digest: Hex | None
    counters: dict[str, Total]
    population: dict[str, Number]
    remarks: Annotated[tuple[str, ...], FIRST_ERROR] = ()
    metrics: dict[str, Number]

    @property
    def mode_switched(self) -> bool:
        """Whether frames of it were run in several modes."""
        return any(each.mode is not None for each in self.switches)


class CheckpointRecord(_Record):
    """The trajectory's digest at the end of a frame.

    Attributes:
        stage: Number of the stage.
        frame: Number of the frame.
        digest: Fold of every agent's digests; None where nothing is digested.
        population: The population's statistics then.
    """

    stage: ZeroOrMore
    frame: ZeroOrMore
    digest: Hex | None
    population: dict[str, Number]


class ColumnRecord(_Record):
    """One column of an array.

    Attributes:
        name: Its name.
        type: NumPy's array-protocol type string, such as `<i8`.
        shape: Shape of an entry; empty for a plain number.
    """

    name: str
    type: Annotated[str, StringConstraints(pattern=r"^[<>|][biuf][1248]$")]
    shape: Annotated[tuple[Annotated[int, Interval(ge=1, le=_MOST_CORES)], ...], Len(max_length=1)]


class ArraysRecord(_Record):
    """Columns of every array beside the file, in order.

    Attributes:
        frames: One row per frame; see `recording.frames.frame_dtype`.
        workers: One row per frame and worker; see `recording.frames.worker_dtype`.
        cpu: One row per sample; see `recording.cpu.cpu_dtype`.
        digests: What the checkpoints fold.
    """

    frames: Annotated[tuple[ColumnRecord, ...], FIRST_ERROR]
    workers: Annotated[tuple[ColumnRecord, ...], FIRST_ERROR]
    cpu: Annotated[tuple[ColumnRecord, ...], FIRST_ERROR]
    digests: Annotated[tuple[ColumnRecord, ...], FIRST_ERROR]


class ObserverRecord(_Record):
    """One of those who looked on.

    Attributes:
        name: What it is called.
        cost_s: What all calls of it took, outside of frames.
        dropped: Why it was dropped before the end, or None.
    """

    name: str
    cost_s: CostSeconds
    dropped: str | None


class RunFile(_Record):
    """Everything about a run except its arrays.

    Attributes:
        schema_version: Version of this schema.
        walkerbench_version: What wrote it.
        state: `running` also stands in the file of a run that was killed.
        ended_because: Why the run ended early, or None.
        started_utc: ISO 8601, UTC.
        finished_utc: ISO 8601, UTC; None while running.
        workload: What was run.
        mode: Where it was run.
        profile: The profile as used.
        command_line: The command's words.
        code: Which code ran.
        machine: Facts of the machine.
        stages: One record a stage begun.
        metrics: Flat metric names and values of the whole run; None where not measured.
        counters: Totals of the whole run, warm-up included.
        unmeasured: Metric → why it is None.
        missed_deadlines: Frames that missed the real-time pace; None at any other pace.
        emergency_shutdowns: How often a safeguard stopped the environment.
        checkpoints: The trajectory's digests.
        digest: Fold of the checkpoints, or None without one.
        criteria: Canonical texts of the criteria.
        verdicts: What became of them.
        faults: What was injected, in words, or None.
        attribution: Where the time went; None without judged frames.
        slow_frames: Cause → how many judged frames were over a limit because of it.
        worst_frames: The ten longest of them, longest first; where there are none, the ten longest judged frames.
        observers: Those who looked on, and what they cost.
        arrays: Columns of every array beside the file; `RunWriter` fills it in, so a file always has it.
    """

    schema_version: Annotated[int, Ge(1)] = SCHEMA_VERSION
    walkerbench_version: str
    state: RunState
    ended_because: str | None = None
    started_utc: Utc
    finished_utc: Utc | None = None
    workload: WorkloadRecord
    mode: ModeRecord
    profile: Annotated[RecordedProfile, FINITE_THROUGHOUT]
    command_line: Annotated[tuple[str, ...], FIRST_ERROR]
    code: CodeFacts
    machine: Annotated[MachineFacts, FINITE_THROUGHOUT]
    stages: Annotated[tuple[StageRecord, ...], FIRST_ERROR] = ()
    metrics: dict[str, Number] = Field(default_factory=dict)
    counters: dict[str, Total] = Field(default_factory=dict)
    unmeasured: dict[str, str] = Field(default_factory=dict)
    missed_deadlines: ZeroOrMore | None = None
    emergency_shutdowns: ZeroOrMore = 0
    checkpoints: Annotated[tuple[CheckpointRecord, ...], FIRST_ERROR] = ()
    digest: Hex | None = None
    criteria: Annotated[tuple[CriterionText, ...], FIRST_ERROR]
    verdicts: Annotated[tuple[Verdict, ...], FIRST_ERROR] = ()
    faults: str | None = None
    attribution: Attribution | None = None
    slow_frames: dict[Cause, ZeroOrMore] = Field(default_factory=dict)
    worst_frames: Annotated[tuple[SlowFrame, ...], FIRST_ERROR] = ()
    observers: Annotated[tuple[ObserverRecord, ...], FIRST_ERROR] = ()
    arrays: ArraysRecord | None = None

    @property
    def deadline_ms(self) -> float | None:
        """How long a frame may take; None where there are no deadlines, at any pace but real time."""
        return 1e3 / self.workload.frames_per_second if self.profile.get("pace") == "realtime" else None

    def changed(self, **fields: Any) -> Self:
        """Return a copy with some fields changed, checked like a new one (`model_copy` does not check).

        Args:
            fields: Name → new value.

        Raises:
            pydantic.ValidationError: A field does not fit the schema.
        """
        return type(self).model_validate({**dict(self), **fields})


ARRAYS = tuple(ArraysRecord.model_fields)
"""Names of the arrays beside `run.json`, each in `<name>.npy`."""


def json_schema() -> str:
    """Return the JSON Schema of `run.json`, as text; every key is always written, so every key is required."""
    schema = RunFile.model_json_schema(mode="serialization")
    schema["required"] = list(RunFile.model_fields)
    published = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(published, indent=2, ensure_ascii=False) + "\n"
