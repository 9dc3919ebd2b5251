"""Profiles: what a run consists of, read from TOML, overridden by options, and checked as a whole.

Every check of what a user asks for lives here, except whether the machine has room for it.
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Len
from pydantic import ValidationError

from walkerbench.criteria.grammar import DEFAULT_CRITERIA, Criterion, check_known, parse_criterion, replace
from walkerbench.criteria.metrics import known_metrics
from walkerbench.errors import CriterionError, ProfileError, UsageError
from walkerbench.modes.faults import Faults
from walkerbench.profile import shipped as shipped_profiles
from walkerbench.profile.safeguards import Safeguards
from walkerbench.profile.toml_tables import check_table, check_value, explain, spell, suggestion, wrong
from walkerbench.recording.frames import frame_dtype
from walkerbench.workloads.walker import EnvironmentSettings, WalkerWorkload

Mode = Literal["sequential", "threaded", "process"]
Pace = Literal["max", "realtime"]
HostStall = Literal["fail", "inconclusive"]
_Count = Annotated[int, Ge(1)]
_Seconds = Annotated[float, Gt(0)]
_MOST_BYTES = 1 << 20  # the longest shipped profile has some 20 KiB


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A part of a run with a fresh environment of its own.

    Attributes:
        agents: How many agents.
        frames: How many frames, warm-up included; None where the duration decides.
        duration_s: For how long, in simulated time at real-time pace; None where the number of frames decides.
    """

    agents: _Count
    frames: _Count | None = None
    duration_s: _Seconds | None = None

    def __post_init__(self) -> None:
        if (self.frames is None) == (self.duration_s is None):
            raise ValueError("frames, duration_s: give exactly one of the two")


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a run consists of.

    Attributes:
        name: Its name, the file's without `.toml`.
        source: `built in`, or the path that was given.
        description: What it is for, in a sentence or two.
        mode: Where shards run.
        workers: How many shards; None for the cores this process may use, never more than agents.
        stages: At least one, run in order.
        warmup: Frames at the start of each stage that are recorded and not judged.
        seed: Root of every random stream.
        pace: As fast as possible, or the environment's own frames per second.
        checkpoint_every: Frames between two digests of the trajectory.
        criteria: What the run is judged by.
        host_stall: What becomes of a limit of frames that only frames are over which the host gave no core.
        safeguards: What makes the environment stop itself.
        faults: What is injected on purpose.
        environment: Every number of the environment.
    """

    name: str
    source: str
    description: str
    mode: Mode
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
    environment: EnvironmentSettings

    @property
    def frames_per_second(self) -> float | None:
        """The pace that frames are held to, or None for as fast as possible."""
        return self.environment.physics.frames_per_second if self.pace == "realtime" else None

    def num_frames(self, stage: Stage) -> int | None:
        """How many frames a stage has; None where only the clock decides.

        At real-time pace a duration is simulated time: as many frames on every machine, and so the same work.
        """
        if stage.duration_s is None or self.frames_per_second is None:
            return stage.frames
        return max(1, round(stage.duration_s * self.frames_per_second))

    def make_workload(self, stage: Stage) -> WalkerWorkload:
        """What a stage runs."""
        return WalkerWorkload(stage.agents, self.seed, self.environment)

    def as_dict(self) -> dict[str, Any]:
        """Every key as plain data for JSON; criteria as their canonical text."""
        return {each.name: _plain(getattr(self, each.name)) for each in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Profile:
        """Rebuild a profile from what `as_dict` gave, here or in another version; checked as a file is.

        Args:
            data: Plain data; a key that is left out or None has its default.

        Raises:
            ProfileError: Something in it is wrong, or a key unknown here; carries every problem.
        """
        table = _without_nothing(data)
        name, source = str(table.pop("name", "")), str(table.pop("source", ""))
        if isinstance(table.get("criteria"), list):
            parts = (str(text).partition(" ") for text in table["criteria"])
            table["criteria"] = {metric: condition for metric, _, condition in parts}
        return _build(table, name, source, f"profile {name}")


@dataclass(frozen=True, kw_only=True)
class ProfileKeys:
    """The keys of a profile's file, each with the value that it has where the file leaves it out."""

    description: str = ""
    mode: Mode = "sequential"
    workers: _Count | None = None
    agents: _Count = 60
    frames: _Count = 3600
    duration_s: _Seconds | None = None
    warmup: Annotated[int, Ge(0)] = 240
    seed: Annotated[int, Ge(0)] = 1
    pace: Pace = "max"
    checkpoint_every: _Count = 60
    stages: Annotated[tuple[Stage, ...], Len(1)] | None = None
    criteria: dict[str, str] | None = None
    host_stall: HostStall = "fail"
    safeguards: Safeguards = field(default_factory=Safeguards)
    faults: Faults = field(default_factory=Faults)
    environment: EnvironmentSettings = field(default_factory=EnvironmentSettings)


def load_profile(name_or_path: str) -> Profile:
    """Read a profile and check all of it.

    Args:
        name_or_path: A shipped profile's name, or the path of a TOML file (it has a separator or ends with `.toml`).

    Raises:
        ProfileError: There is none, or something in it is wrong; carries every problem.
    """
    if name_or_path.endswith(".toml") or "/" in name_or_path or os.sep in name_or_path:
        return _read(Path(name_or_path), name_or_path)
    names = shipped_profiles.names()
    if name_or_path not in names:
        hint = f"{suggestion(name_or_path, names)}there are {', '.join(names)}; a file is given by a path with .toml"
        raise ProfileError(f"profile {name_or_path!r}", (f"no such profile; {hint}",))
    return _read(shipped_profiles.directory() / f"{name_or_path}.toml", "built in")


def list_profiles() -> tuple[Profile, ...]:
    """Every shipped profile.

    Raises:
        ProfileError: Something in one is wrong.
    """
    return tuple(load_profile(name) for name in shipped_profiles.names())


def override(
    profile: Profile,
    *,
    mode: str | None = None,
    workers: int | None = None,
    agents: int | None = None,
    frames: int | None = None,
    duration_s: float | None = None,
    seed: int | None = None,
    warmup: int | None = None,
    pace: str | None = None,
    criteria: Sequence[str] = (),
) -> Profile:
    """Replace parts of a profile; None leaves a part as it is.

    `frames` and `duration_s` hold for every stage, and each takes the other's place. Sequential mode, where asked for
    here, lets go of the profile's workers.

    Raises:
        UsageError: A value is wrong by itself, or with the rest of the profile; names the option to change.
        CriterionError: A criterion cannot be parsed, or asks for what is not measured.
    """
    options = {"mode": mode, "workers": workers, "agents": agents, "frames": frames, "duration_s": duration_s}
    options |= {"seed": seed, "warmup": warmup, "pace": pace}
    given: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    _check_given(given, profile)
    if mode == "sequential" and workers is None:
        given["workers"] = None
    stage_changes: dict[str, Any] = {}
    if frames is not None or duration_s is not None:
        stage_changes = {"frames": None, "duration_s": None}
    stage_changes |= {key: given.pop(key) for key in ("agents", "frames", "duration_s") if key in given}
    changed = dataclasses.replace(
        profile,
        stages=tuple(dataclasses.replace(stage, **stage_changes) for stage in profile.stages),
        criteria=replace(profile.criteria, tuple(_parse_known(text) for text in criteria)),
        **given,
    )
    problems = [f"{_option(key)}: {text}" for key, _, text in _contradictions(changed)]
    if problems:
        raise UsageError("\n".join(problems))
    return changed


def _check_given(given: Mapping[str, object], profile: Profile) -> None:
    problems = []
    for key, value in given.items():
        try:
            check_value(ProfileKeys, key, value)
        except ValidationError as error:
            problems.append(f"{_option(key)}: {explain(error)}")
    if "frames" in given and "duration_s" in given:
        problems.append("--frames, --duration: give one of the two")
    if "agents" in given and len(profile.stages) > 1:
        counts = ", ".join(str(stage.agents) for stage in profile.stages)
        problems.append(f"--agents: the profile {profile.name} has stages of {counts} agents; change them in its file")
    if problems:
        raise UsageError("\n".join(problems))


def _option(key: str) -> str:
    names = {"duration_s": "--duration", "criteria": "--criterion"}
    return names.get(key, key if "." in key else f"--{key}")


def _read(path: Path, source: str) -> Profile:
    where = str(path)
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)  # no more: a device has no end
        if len(text) > _MOST_BYTES:
            raise ProfileError(where, (f"is larger than {_MOST_BYTES:,} bytes: no profile",))
        table = tomllib.loads(text.decode("utf-8"))
    except FileNotFoundError:
        raise ProfileError(where, ("no such file; `walkerbench profiles` lists the profiles there are",)) from None
    except OSError as error:
        raise ProfileError(where, (f"cannot be read: {error.strerror}",)) from error
    except UnicodeDecodeError as error:
        raise ProfileError(where, (f"is not a text file in UTF-8 (byte {error.start})",)) from error
    except (ValueError, RecursionError) as error:
        raise ProfileError(where, (f"is not valid TOML: {error}",)) from error
    return _build(table, path.stem, source, where)


def _build(table: Mapping[str, Any], name: str, source: str, where: str) -> Profile:
    checked = check_table(table, ProfileKeys)
    problems = list(checked.problems)
    problems += [text for keys, text in _clashes(table) if checked.failed.isdisjoint(keys)]
    keys = ProfileKeys(**checked.values)
    criteria, unreadable = _criteria(keys.criteria)
    by_duration = keys.duration_s is not None
    only = Stage(agents=keys.agents, frames=None if by_duration else keys.frames, duration_s=keys.duration_s)
    profile = Profile(
        name=name,
        source=source,
        stages=keys.stages or (only,),
        criteria=criteria,
        **{key: getattr(keys, key) for key in _TAKEN_OVER},
    )
    problems += unreadable
    contradictions = _contradictions(profile)
    problems += [f"{key}: {text}" for key, keys_, text in contradictions if checked.failed.isdisjoint(keys_)]
    if problems:
        raise ProfileError(where, tuple(problems))
    return profile


_TAKEN_OVER = (
    *("description", "mode", "workers", "warmup", "seed", "pace", "checkpoint_every", "host_stall"),
    *("safeguards", "faults", "environment"),
)
"""Keys that mean the same in the file and in the profile."""


def _clashes(table: Mapping[str, Any]) -> Iterator[tuple[frozenset[str], str]]:
    """Keys of a file that exclude one another, and what to say of them."""
    if "frames" in table and "duration_s" in table:
        yield frozenset({"frames", "duration_s"}), "frames, duration_s: both are given; allowed: one of the two"
    beside = [key for key in ("agents", "frames", "duration_s") if key in table]
    if "stages" in table and beside:
        text = wrong("given beside [[stages]]", "in each [[stages]] instead")
        yield frozenset({"stages", *beside}), f"{', '.join(beside)}: {text}"


def _criteria(table: Mapping[str, str] | None) -> tuple[tuple[Criterion, ...], list[str]]:
    if table is None:
        return DEFAULT_CRITERIA, []
    criteria, problems = [], []
    for key, condition in table.items():
        try:
            criteria.append(_parse_known(f"{key} {condition}"))
        except CriterionError as error:
            problems.append(f"{spell(('criteria', key))}: {error}")
    return replace((), criteria), problems


def _parse_known(text: str) -> Criterion:
    """Parse a criterion, and check that a run measures what it asks for."""
    workload = WalkerWorkload
    columns = frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters).names or ()
    criterion = parse_criterion(text)
    check_known(criterion, known_metrics(columns, workload.counters))
    return criterion


def _contradictions(profile: Profile) -> Iterator[tuple[str, frozenset[str], str]]:
    """What does not go together: the key to change, the keys involved, and what to say."""
    several = len(profile.stages) > 1
    for number, stage in enumerate(profile.stages, 1):
        prefix = f"stage {number}: " if several else ""
        frames = profile.num_frames(stage)
        if frames is not None and frames <= profile.warmup:
            what = f"{prefix}{profile.warmup} frames of warm-up leave none of {frames} to judge"
            allowed = f"less than {frames}, for instance {frames // 10}"
            yield "warmup", frozenset({"warmup", "frames", "duration_s", "pace", "stages"}), wrong(what, allowed)
        if profile.workers is not None and profile.workers > stage.agents:
            what = f"{prefix}{profile.workers} workers for {stage.agents} agents"
            yield "workers", frozenset({"workers", "agents", "stages"}), wrong(what, f"at most {stage.agents}")
    if profile.mode == "sequential" and profile.workers not in (None, 1):
        what = f"{profile.workers} workers in mode sequential"
        yield "workers", frozenset({"workers", "mode"}), wrong(what, "1; or mode threaded or process")
    known = [frames for stage in profile.stages if (frames := profile.num_frames(stage)) is not None]
    for frame in profile.faults.stall_frames:
        if len(known) == len(profile.stages) and frame >= max(known):
            what = f"frame {frame} is beyond the last one, {max(known) - 1}"
            yield (
                "faults.stall_frames",
                frozenset({"faults", "frames", "stages"}),
                wrong(what, f"0 to {max(known) - 1}"),
            )
    for criterion in profile.criteria:
        if criterion.metric == "missed_deadlines" and profile.pace != "realtime":
            what = f"{criterion} cannot be judged at pace {profile.pace}, which has no deadlines"
            yield "criteria", frozenset({"criteria", "pace"}), wrong(what, "it at pace realtime")


def _without_nothing(table: Mapping[str, Any]) -> dict[str, Any]:
    """A table as TOML could hold it: what is None is left out."""
    return {key: _kept(value) for key, value in table.items() if value is not None}


def _kept(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _without_nothing(value)
    return [_kept(each) for each in value] if isinstance(value, list) else value


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
