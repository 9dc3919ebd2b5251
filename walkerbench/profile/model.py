"""Defines a profile after it has been read and checked: a frozen value."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Interval

import walkerbench
from walkerbench.criteria.grammar import Criterion
from walkerbench.errors import RAISED_BY_OTHERS, UsageError, WalkerbenchError, describe_error
from walkerbench.modes.faults import Faults
from walkerbench.profile.safeguards import Safeguards
from walkerbench.recording.frames import frame_dtype
from walkerbench.system.imported_code import top_level
from walkerbench.workloads.contract import Workload, WorkloadFactory
from walkerbench.workloads.declaration import declaration_problems
from walkerbench.workloads.specs import find_factory

Pace = Literal["max", "realtime"]
HostStall = Literal["fail", "inconclusive"]

MOST_FRAMES = 10_000_000_000
"""The most frames of a stage: five years at 60 frames per second."""

Agents = Annotated[int, Interval(ge=1, le=1_000_000)]
WorkerCount = Annotated[int, Interval(ge=1, le=1024)]
Frames = Annotated[int, Interval(ge=1, le=MOST_FRAMES)]
Warmup = Annotated[int, Interval(ge=0, le=MOST_FRAMES)]
Seconds = Annotated[float, Interval(ge=0.001, le=31_622_400)]
"""Up to a year."""
RootSeed = Annotated[int, Interval(ge=0, le=2**63 - 1)]
"""The range of integers that TOML readers of every language support."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A part of a run with a fresh environment of its own.

    Attributes:
        agents: How many agents.
        frames: How many frames, warm-up included; None where the duration decides.
        duration_s: How long the stage lasts, s, in simulated time at real-time pace; None where the number of frames
            decides.
        pace: As fast as possible, or the workload's own frames per second; None for the profile's pace.
    """

    agents: Agents
    frames: Frames | None = None
    duration_s: Seconds | None = None
    pace: Pace | None = None

    def __post_init__(self) -> None:
        if (self.frames is None) == (self.duration_s is None):
            raise ValueError("frames, duration_s: give exactly one of the two")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a run consists of.

    Attributes:
        name: The profile's name: its file's name without `.toml`.
        source: `built in`, or the path that was given.
        description: The purpose of the profile, in a sentence or two.
        workload: What is run: a SPEC, see `workloads.specs`.
        workload_arguments: Keyword arguments of the user's code that the SPEC names.
        setup: A command that is run once in each fresh worktree before its revision is measured; None for nothing.
        mode: Where shards run, a name from `modes.registry.MODES`.
        workers: How many shards; None for the cores this process may use, never more than agents.
        stages: At least one, run in order.
        warmup: Frames at the start of each stage that are recorded and not judged.
        seed: Root of every random stream.
        pace: The pace of the stages that have none of their own.
        checkpoint_every: Frames between two digests of the trajectory; more in a long run, see `frame_loop.spacing`.
        criteria: The limits by which the run is judged.
        host_stall: What happens to a limit of single frames, or of missed deadlines, where the only frames over it are
            frames to which the host gave no core: the criterion fails, or counts as not judged.
        safeguards: Limits beyond which the environment stops itself.
        faults: The faults that are injected on purpose.
        environment: The workload's own settings, an instance of its settings class.
    """

    name: str
    source: str
    description: str
    workload: str
    workload_arguments: Mapping[str, Any]
    setup: str | None
    mode: str
    workers: int | None
    stages: tuple[Stage, ...]
    warmup: int
    seed: int
    pace: Pace
    checkpoint_every: int
    criteria: tuple[Criterion, ...]
    host_stall: HostStall
    safeguards: Safeguards
    faults: Faults
    environment: Any

    def pace_of(self, stage: Stage) -> Pace:
        """Return the pace of a stage: its own, or else the profile's.

        Args:
            stage: One of the stages.
        """
        return stage.pace or self.pace

    def at_one_pace(self, pace: Pace) -> Profile:
        """Return the profile with one pace for every stage.

        Args:
            pace: The pace.
        """
        stages = tuple(dataclasses.replace(stage, pace=None) for stage in self.stages)
        return dataclasses.replace(self, pace=pace, stages=stages)

    def frames_per_second(self, stage: Stage) -> float | None:
        """Return the frames per second that a stage is held to; None for as fast as possible.

        Args:
            stage: One of the stages.
        """
        return self.make_workload(stage).frames_per_second() if self.pace_of(stage) == "realtime" else None

    def num_frames(self, stage: Stage) -> int | None:
        """Return how many frames a stage has; None where only the clock decides.

        At real-time pace a duration is simulated time: as many frames, and so the same work, on every machine.
        At most `MOST_FRAMES + 1` is returned.

        Args:
            stage: One of the stages.
        """
        frames_per_second = self.frames_per_second(stage)
        if stage.duration_s is None or frames_per_second is None:
            return stage.frames
        return max(1, round(min(stage.duration_s * frames_per_second, MOST_FRAMES + 1)))

    @property
    def factory(self) -> WorkloadFactory:
        """The class or function that makes the workload.

        Raises:
            UsageError: There is no such workload, or it cannot be imported.
        """
        return find_factory(self.workload, self.workload_arguments)

    def make_workload(self, stage: Stage) -> Workload:
        """Return the workload of a stage; this is fast, since shards build the agents later.

        Args:
            stage: One of the stages.

        Raises:
            UsageError: There is no such workload, it refuses what the profile asks for, or its declaration is wrong.
        """
        factory = self.factory
        try:
            workload = factory(stage.agents, self.seed, self.environment)
            problems = "; ".join(declaration_problems(workload))
            if not problems:
                frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters)  # no column twice
                return workload
        except WalkerbenchError:
            raise
        except RAISED_BY_OTHERS as error:
            raise UsageError(f"workload {self.workload!r} cannot be made: {describe_error(error)}") from error
        raise UsageError(f"workload {self.workload!r} cannot be used: {problems}")

    def code_modules(self) -> tuple[str, ...]:
        """Return the names of the modules whose code a run measures.

        Returns:
            `walkerbench`, the module of the code that makes the workload, and the modules that the workload names; each
            once.

        Raises:
            UsageError: As for `make_workload`.
        """
        workload = self.make_workload(self.stages[0])
        modules = (walkerbench.__name__, str(getattr(self.factory, "__module__", None)), *workload.code_modules())
        return tuple(dict.fromkeys(modules))

    def code_packages(self) -> tuple[str, ...]:
        """Return the top-level packages and modules of `code_modules`, each once."""
        return tuple(dict.fromkeys(map(top_level, self.code_modules())))

    def as_dict(self) -> dict[str, Any]:
        """Return every key as plain data for JSON; criteria as their canonical text."""
        return {each.name: _plain(getattr(self, each.name)) for each in dataclasses.fields(self)}


def _plain(value: object) -> Any:
    if isinstance(value, Criterion):
        return str(value)
    if dataclasses.is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value
