"""Types of the tables of `run.json` that are read as dictionaries: the profile as used, and facts of the machine.

A run may lack any of their keys: code that needs a key checks that it is there. Each value has the type given here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from annotated_types import Interval
from pydantic import ConfigDict, StringConstraints
from typing_extensions import TypedDict

from walkerbench.run_directory.recorded_types import (
    FIRST_ERROR,
    AboveZero,
    Finite,
    Number,
    OneOrMore,
    Seed,
    Workers,
    ZeroOrMore,
)

_Pace = Literal["max", "realtime"]
_StallSeconds = Annotated[Finite, Interval(gt=0, le=3600)]
_FrameNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}$")]


class PythonFacts(TypedDict, total=False):
    """The interpreter that ran."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    version: str
    implementation: str
    build: str
    free_threaded_build: bool
    gil_enabled: bool
    gil_variable: str | None


class GitFacts(TypedDict, total=False):
    """The repository that the working directory was in, as schemas before 4 recorded it."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    revision: str | None
    dirty: bool | None


class MachineFacts(TypedDict, total=False):
    """Facts of the machine, as `recording.machine.machine_facts` returns them."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    cpu_model: str
    cores_present: OneOrMore
    cores_allowed: OneOrMore
    cpu_quota: AboveZero | None
    memory_bytes: ZeroOrMore | str
    os: str
    kernel: str
    python: PythonFacts
    start_method: str | None
    blas: Annotated[list[dict[str, str | int | None]], FIRST_ERROR]
    packages: dict[str, str]
    load_average: list[Number] | str
    git: GitFacts | None


class StageKeys(TypedDict):
    """A stage of the profile."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    agents: OneOrMore
    frames: NotRequired[OneOrMore | None]
    duration_s: NotRequired[AboveZero | None]
    pace: NotRequired[_Pace | None]


class FaultKeys(TypedDict, total=False):
    """The faults of the profile, as `modes.faults.Faults`."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    extra_work_percent: Annotated[Finite, Interval(ge=0, le=1000)]
    stall_frames: dict[_FrameNumber, _StallSeconds]
    main_phase_stall_frames: dict[_FrameNumber, _StallSeconds]
    end_frame: OneOrMore | None


class RecordedProfile(TypedDict, total=False):
    """The profile as used, as `Profile.as_dict` returns it."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    name: str
    source: str
    description: str
    workload: str
    workload_arguments: dict[str, Any]
    setup: str | None
    mode: str
    workers: Workers | None
    stages: Annotated[list[StageKeys], FIRST_ERROR]
    warmup: ZeroOrMore
    seed: Seed
    pace: _Pace
    checkpoint_every: OneOrMore | None
    criteria: Annotated[list[str], FIRST_ERROR]
    host_stall: Literal["fail", "inconclusive"]
    safeguards: dict[str, Any]
    faults: FaultKeys
    environment: Any
