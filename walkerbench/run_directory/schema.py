"""Defines the content of `run.json` as pydantic models, and makes its published JSON Schema."""

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
from walkerbench.slow_frames.explanations import PaceDeadline, SlowFrame
from walkerbench.workloads.main_phase import MainPhase

_MOST_CORES = 2**16  # in the column core_percent


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class WorkloadRecord(_Record):
    """The workload that was run.

    Attributes:
        name: The workload's name.
        phases: Names of a shard's phases, in order.
        main_phase: The phase that is judged and shown beside the frame's time.
        settle_phase: Name of the phase that the parent runs after the barrier.
        frames_per_second: Frames per second of simulated time, which real-time pace holds.
        counters: Names of all counters.
        frame_counters: The counters that are recorded for every frame.
        event_counters: The frame counters of rare events, which a timeline marks.
        same_work_not_proven: Why there are no digests, so that no run can be proven to have done the same work; None
            where there are digests.
        same_work_settings: Names of the settings that change how the work is done, and not what is computed.
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
    same_work_settings: Annotated[tuple[str, ...], FIRST_ERROR] = ()


class ModeRecord(_Record):
    """The mode that ran the shards.

    Attributes:
        requested: The mode asked for.
        used: The mode that ran; where stages differ or a mode was switched, the one asked for.
        traits: Where that mode runs its shards.
        fallback: Why `used` differs from `requested`, in the run or in some stage; or None.
        workers: How many workers were asked for or derived; each stage's record has its own number.
        start_method: How worker processes were started, or None.
        start_method_reason: Why they were started in that way, or None.
    """

    requested: str
    used: str
    traits: ModeTraits
    fallback: str | None
    workers: Workers
    start_method: str | None
    start_method_reason: str | None


class SwitchRecord(_Record):
    """A switch of the mode or the pace within a stage.

    Attributes:
        frame: The first frame after the switch.
        mode: The mode after the switch; None where the pace was switched.
        pace: The pace after the switch, `realtime` or `max`; None where the mode was switched.
    """

    frame: ZeroOrMore
    mode: str | None = None
    pace: str | None = None


class StageRecord(_Record):
    """One stage of the run: a fresh environment.

    Attributes:
        stage: Number of the stage, from 0.
        agents: How many agents.
        frames: Frames recorded.
        warmup: How many of them are warm-up, and so not judged.
        workers: How many workers.
        mode: The mode that ran it, at its end.
        traits: Where that mode runs its shards.
        switches: The switches of mode or pace within the stage, in order; most stages have none.
        worker_pids: Process ids of the workers that were processes, by their numbers.
        digest: Fold of the stage's checkpoints, or None without one.
        counters: Totals of the stage, warm-up included.
        population: The population's statistics after the last frame.
        remarks: The workload's remarks on the stage, one line each; empty for a run that was killed.
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
        """Whether the mode was switched within the stage."""
        return any(each.mode is not None for each in self.switches)


class CheckpointRecord(_Record):
    """The trajectory's digest at the end of a frame.

    Attributes:
        stage: Number of the stage.
        frame: Number of the frame.
        digest: Fold of every agent's digests; None where nothing is digested.
        population: The population's statistics at that time.
    """

    stage: ZeroOrMore
    frame: ZeroOrMore
    digest: Hex | None
    population: dict[str, Number]


class ColumnRecord(_Record):
    """One column of an array.

    Attributes:
        name: The column's name.
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
        digests: One row per checkpoint and agent; see `running.run_recorder.digest_dtype`.
    """

    frames: Annotated[tuple[ColumnRecord, ...], FIRST_ERROR]
    workers: Annotated[tuple[ColumnRecord, ...], FIRST_ERROR]
    cpu: Annotated[tuple[ColumnRecord, ...], FIRST_ERROR]
    digests: Annotated[tuple[ColumnRecord, ...], FIRST_ERROR]


class ObserverRecord(_Record):
    """An observer of the run.

    Attributes:
        name: The observer's name.
        cost_s: The time that all its calls took, outside of frames.
        dropped: Why the observer was dropped before the end, or None.
    """

    name: str
    cost_s: CostSeconds
    dropped: str | None


class RunFile(_Record):
    """Everything about a run except its arrays.

    Attributes:
        schema_version: Version of this schema.
        walkerbench_version: The version of walkerbench that wrote the file.
        state: The state of the run; `running` also for a run that was killed.
        ended_because: Why the run ended early, or None.
        started_utc: ISO 8601, UTC.
        finished_utc: ISO 8601, UTC; None while running.
        workload: The workload that was run.
        mode: The mode that ran it.
        profile: The profile as used.
        command_line: The command's words.
        code: Which code ran.
        machine: Facts of the machine.
        stages: One record for each stage that was begun.
        metrics: Flat metric names and values of the whole run; None where not measured.
        counters: Totals of the whole run, warm-up included.
        unmeasured: Metric → why it is None.
        missed_deadlines: Frames that missed the real-time pace; None at any other pace.
        emergency_shutdowns: How often a safeguard stopped the environment.
        checkpoints: The trajectory's digests.
        digest: Fold of the checkpoints, or None without one.
        criteria: Canonical texts of the criteria.
        verdicts: The verdicts on them.
        faults: The faults that were injected, in words, or None.
        attribution: Where the time of frames went; None without judged frames.
        slow_frames: Cause → how many judged frames were over a limit because of it.
        worst_frames: The ten longest of these frames, longest first; without any, the ten longest judged frames.
        observers: The observers of the run, and how much time each took.
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
    def paces(self) -> tuple[str, ...]:
        """The planned pace of each stage; `?` where the profile does not say it."""
        planned = [stage.get("pace") for stage in self.profile.get("stages", ())]
        planned += [None] * (max(1, len(self.stages)) - len(planned))
        return tuple(pace or self.profile.get("pace", "?") for pace in planned)

    @property
    def several_paces(self) -> bool:
        """Whether stages have different paces."""
        return len(set(self.paces)) > 1

    @property
    def pace(self) -> str:
        """The pace in words: one for all stages, or that of each stage in order."""
        return ", ".join(self.paces if self.several_paces else self.paces[:1])

    @property
    def deadline(self) -> PaceDeadline | None:
        """How long a frame may take, and in which stages; None where no stage has real-time pace."""
        stages = frozenset(number for number, pace in enumerate(self.paces) if pace == "realtime")
        return PaceDeadline(1e3 / self.workload.frames_per_second, stages) if stages else None

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
