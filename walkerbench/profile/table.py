"""Makes a checked profile from a table of keys, as read from TOML or JSON."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any

from annotated_types import Len
from pydantic import AfterValidator

from walkerbench.criteria.grammar import Criterion, check_known, parse_criterion, replace
from walkerbench.criteria.metrics import known_metrics
from walkerbench.errors import CriterionError, ProfileError, UsageError
from walkerbench.modes.faults import Faults
from walkerbench.modes.registry import BASE_MODE, MODES
from walkerbench.near_words import did_you_mean
from walkerbench.profile.contradictions import find_contradictions
from walkerbench.profile.model import (
    Agents,
    Frames,
    HostStall,
    Pace,
    Profile,
    RootSeed,
    Seconds,
    Stage,
    Warmup,
    WorkerCount,
)
from walkerbench.profile.safeguards import Safeguards
from walkerbench.profile.toml_tables import MOST_PROBLEMS, check_table, first_problems, spell, wrong
from walkerbench.profile.toml_text import check_depth
from walkerbench.recording.frames import frame_dtype
from walkerbench.system.registry import Registry
from walkerbench.workloads.contract import NoSettings, Workload, WorkloadFactory
from walkerbench.workloads.registry import DEFAULT_WORKLOAD
from walkerbench.workloads.specs import default_length, find_factory, fixed_agents


def _registered(registry: Registry[Any]) -> AfterValidator:
    def check(name: str) -> str:
        try:
            registry.find(name)
        except UsageError as error:
            raise ValueError(str(error)) from error
        return name

    return AfterValidator(check)


@dataclass(frozen=True, kw_only=True)
class ProfileKeys:
    """The keys of a profile's file, each with its default value.

    The table `environment` is beside them; its keys are those of the workload's settings class. The keys of a table
    `workload` are `spec`, `arguments` and `setup`, which are called `workload`, `workload_arguments` and `setup` here.
    """

    description: str = ""
    workload: str = DEFAULT_WORKLOAD
    workload_arguments: dict[str, Any] = field(default_factory=dict)
    setup: Annotated[str, Len(1, 1000)] | None = None
    mode: Annotated[str, _registered(MODES)] = BASE_MODE
    workers: WorkerCount | None = None
    agents: Agents = 60
    frames: Frames = 3600
    duration_s: Seconds | None = None
    warmup: Warmup = 240
    seed: RootSeed = 1
    pace: Pace = "max"
    checkpoint_every: Frames = 60
    stages: Annotated[tuple[Stage, ...], Len(1, 100)] | None = None
    criteria: dict[str, str] | None = None
    host_stall: HostStall = "fail"
    safeguards: Safeguards = field(default_factory=Safeguards)
    faults: Faults = field(default_factory=Faults)


_IN_WORKLOAD = {"spec": "workload", "arguments": "workload_arguments", "setup": "setup"}
"""The keys of a file's table `workload`, and their names in `ProfileKeys`."""

_OF_WORKLOAD = frozenset(_IN_WORKLOAD.values())

_SAME_IN_PROFILE = (
    *("description", "workload", "workload_arguments", "setup", "mode", "workers", "warmup", "seed", "pace"),
    *("checkpoint_every", "host_stall", "safeguards", "faults"),
)
"""Keys that mean the same in the file and in the profile."""


def profile_from_dict(data: Mapping[str, Any]) -> Profile:
    """Return a profile made from a result of `Profile.as_dict`, of this or another version; checked like a file.

    Args:
        data: Plain data; a key that is left out or None has its default.

    Raises:
        ProfileError: Something in the data is wrong, or a key is unknown; carries every problem.
    """
    _check_depth(data, "profile")
    table = _without_none(data)
    name, source = str(table.pop("name", "")), str(table.pop("source", ""))
    if isinstance(table.get("criteria"), list):
        parts = (str(text).partition(" ") for text in table["criteria"])
        table["criteria"] = {metric: condition for metric, _, condition in parts}
    return profile_from_table(table, name, source, f"profile {name}")


def profile_from_table(table: Mapping[str, Any], name: str, source: str, where: str) -> Profile:
    """Return the profile that a table of keys makes, after checking the table.

    Args:
        table: As read from TOML.
        name: The profile's name.
        source: `built in`, or the path that was given.
        where: The name of the table in error messages.

    Raises:
        ProfileError: Something in the table is wrong; carries every problem.
    """
    _check_depth(table, where)
    table, problems = _flat_workload(table)
    factory, unknown = _find_workload(table)
    checked = check_table(table, keys_with_settings(NoSettings if factory is None else factory.settings_class))
    problems += unknown
    problems += [_as_in_file(problem) for problem in checked.problems]
    problems += [text for keys, text in _clashes(table) if checked.failed.isdisjoint(keys)]
    values = dict(checked.values)
    if factory is None:
        problems = [problem for problem in problems if not problem.startswith("environment")]
        values = {key: value for key, value in values.items() if key not in ("environment", *_OF_WORKLOAD)}
    environment = values.pop("environment", None)
    known = factory or find_factory(DEFAULT_WORKLOAD)
    keys = ProfileKeys(**{**default_length(known), **values})
    by_duration = keys.duration_s is not None
    agents = fixed_agents(known) or keys.agents if "agents" not in values else keys.agents
    only = Stage(agents=agents, frames=None if by_duration else keys.frames, duration_s=keys.duration_s)
    profile = Profile(
        name=name,
        source=source,
        stages=keys.stages or (only,),
        criteria=(),
        environment=known.settings_class() if environment is None else environment,
        **{key: getattr(keys, key) for key in _SAME_IN_PROFILE},
    )
    if factory is not None:
        criteria, unreadable = _criteria(keys.criteria, profile.make_workload(profile.stages[0]))
        profile = dataclasses.replace(profile, criteria=criteria)
        problems += unreadable
    for contradiction in find_contradictions(profile):
        if checked.failed.isdisjoint(contradiction.involved):
            problems.append(f"{contradiction.key}: {contradiction.text}")
    if problems:
        raise ProfileError(where, first_problems(problems))
    return profile


@cache
def keys_with_settings(settings_class: type) -> type:
    """Return `ProfileKeys` with the table `environment` of a workload's settings."""
    environment = ("environment", settings_class, field(default_factory=settings_class))
    return dataclasses.make_dataclass(
        ProfileKeys.__name__, [environment], bases=(ProfileKeys,), frozen=True, kw_only=True
    )


def default_criteria(workload: Workload) -> tuple[Criterion, ...]:
    """Return the criteria of a run of a workload whose profile has no list of its own."""
    return replace((), [parse_known(text, workload) for text in workload.default_criteria])


def parse_known(text: str, workload: Workload) -> Criterion:
    """Return a criterion made from its text, after checking that a run of the workload measures what it names.

    Raises:
        CriterionError: The text cannot be parsed, or names something that is not measured.
    """
    columns = frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters).names or ()
    criterion = parse_criterion(text)
    check_known(criterion, known_metrics(columns, workload.counters, workload.main_phase))
    return criterion


def _flat_workload(table: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return a table with the keys of its table `workload` moved to the top level, and the problems of those keys."""
    inner = table.get("workload")
    if not isinstance(inner, Mapping):
        return {**table}, []
    names = ", ".join(_IN_WORKLOAD)
    problems = [
        f"{spell(('workload', key))}: no such key; {did_you_mean(key, tuple(_IN_WORKLOAD))}allowed: {names}"
        for key in inner
        if key not in _IN_WORKLOAD
    ]
    flat = {_IN_WORKLOAD[key]: value for key, value in inner.items() if key in _IN_WORKLOAD}
    return {key: value for key, value in table.items() if key != "workload"} | flat, problems


def _find_workload(table: Mapping[str, Any]) -> tuple[WorkloadFactory | None, list[str]]:
    """Return the factory of the workload that a table names; or None, and what is wrong with its SPEC."""
    spec, arguments = table.get("workload", DEFAULT_WORKLOAD), table.get("workload_arguments", {})
    if not isinstance(spec, str) or not isinstance(arguments, Mapping):
        return None, []  # the check of its type reports the problem
    try:
        return find_factory(spec, arguments), []
    except UsageError as error:
        first, *others = error.lines
        return None, [f"workload: {first}", *others]


def _as_in_file(problem: str) -> str:
    """Return a problem with its key as the file spells it."""
    key, colon, text = problem.partition(":")
    return f"{re.sub('^workload_arguments', 'workload.arguments', key)}{colon}{text}"


def _clashes(table: Mapping[str, Any]) -> Iterator[tuple[frozenset[str], str]]:
    """Yield each set of keys in a file that exclude each other, with the problem in words."""
    if "frames" in table and "duration_s" in table:
        yield frozenset({"frames", "duration_s"}), "frames, duration_s: both are given; allowed: one of the two"
    beside = [key for key in ("agents", "frames", "duration_s") if key in table]
    if "stages" in table and beside:
        text = wrong("given beside [[stages]]", "in each [[stages]] instead")
        yield frozenset({"stages", *beside}), f"{', '.join(beside)}: {text}"


def _criteria(table: Mapping[str, str] | None, workload: Workload) -> tuple[tuple[Criterion, ...], list[str]]:
    if table is None:
        return default_criteria(workload), []
    criteria: list[Criterion] = []
    problems: list[str] = []
    for key, condition in table.items():
        if len(problems) > MOST_PROBLEMS:
            break
        try:
            criteria.append(parse_known(f"{key} {condition}", workload))
        except CriterionError as error:
            problems.append(f"{spell(('criteria', key))}: {error}")
    return replace((), criteria), problems


def _check_depth(table: Mapping[str, Any], where: str) -> None:
    try:
        check_depth(table)
    except ValueError as error:
        raise ProfileError(where, (f"is {error}",)) from error


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table without the values that are None, which TOML cannot hold."""
    return {key: _kept(value) for key, value in table.items() if value is not None}


def _kept(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _without_none(value)
    return [_kept(each) for each in value] if isinstance(value, list) else value
