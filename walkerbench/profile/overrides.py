"""Replaces several parts of a profile at once, and checks the result."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from walkerbench.criteria.grammar import replace
from walkerbench.errors import OverrideError, UsageError
from walkerbench.modes.registry import MODES
from walkerbench.profile.contradictions import find_contradictions
from walkerbench.profile.model import Profile
from walkerbench.profile.table import ProfileKeys, default_criteria, parse_known
from walkerbench.profile.toml_tables import check_value, explain_refusal, wrong
from walkerbench.workloads.contract import WorkloadFactory
from walkerbench.workloads.specs import default_length, find_factory, fixed_agents

_MOST_CRITERIA = 200  # a run measures fewer metrics
_PART_BY_PART = ("criteria", "workload_arguments")
_OF_STAGES = ("agents", "frames", "duration_s")


@dataclass(frozen=True, kw_only=True)
class ProfileOverrides:
    """Parts of a profile to replace; None leaves a part as it is.

    Attributes:
        workload: What is run. A workload other than the profile's gets its own default settings, and its own default
            criteria where the profile has only default criteria.
        workload_arguments: Keyword arguments of the user's code; each takes the place of the profile's argument of the
            same name.
        setup: A command that is run once in each fresh worktree.
        mode: Where the shards (parts of the agents) run, such as `threaded`. In a mode that runs them one after the
            other, the profile's number of workers is ignored.
        workers: Number of workers, and of shards.
        agents: How many agents; not for a profile of several stages.
        frames: Frames of every stage, in place of any duration.
        duration_s: Seconds that every stage lasts, in place of any number of frames.
        seed: Root of every random stream.
        warmup: Frames at the start of each stage that are not judged.
        pace: `max` or `realtime`, for every stage.
        criteria: Criteria as text, such as `frame_ms.max < 200`; each replaces the profile's criterion of the same
            metric and statistic (here `frame_ms` and `max`), or is added.
    """

    workload: str | None = None
    workload_arguments: Mapping[str, Any] = field(default_factory=dict)
    setup: str | None = None
    mode: str | None = None
    workers: int | None = None
    agents: int | None = None
    frames: int | None = None
    duration_s: float | None = None
    seed: int | None = None
    warmup: int | None = None
    pace: str | None = None
    criteria: tuple[str, ...] = ()

    def given(self) -> dict[str, Any]:
        """Return every part that is to be replaced as a whole, by its key."""
        names = [each.name for each in dataclasses.fields(self) if each.name not in _PART_BY_PART]
        parts = {name: getattr(self, name) for name in names}
        return {key: value for key, value in parts.items() if value is not None}


def override(profile: Profile, overrides: ProfileOverrides) -> Profile:
    """Return a profile with parts replaced.

    Args:
        profile: The profile with the other parts; it is not changed.
        overrides: The parts to replace.

    Returns:
        A new profile.

    Raises:
        OverrideError: A value is wrong by itself, or with the rest of the profile; carries every problem.
        CriterionError: A criterion cannot be parsed, or names something that is not measured.

    Examples:
        >>> from walkerbench import ProfileOverrides, load_profile, override
        >>> profile = override(load_profile("smoke"), ProfileOverrides(mode="threaded", workers=2))
        >>> profile.mode, profile.workers
        ('threaded', 2)
    """
    given = overrides.given()
    if len(overrides.criteria) > _MOST_CRITERIA:
        text = wrong(f"{len(overrides.criteria)} criteria", f"at most {_MOST_CRITERIA}")
        raise OverrideError((("criteria", text),))
    _check_each(given, profile)
    changed = _with_workload(profile, given.pop("workload", profile.workload), overrides.workload_arguments)
    if overrides.workers is None and overrides.mode and not MODES.find(overrides.mode).traits.side_by_side:
        given["workers"] = None
    stage_changes: dict[str, Any] = {key: given.pop(key) for key in _OF_STAGES if key in given}
    if "frames" in stage_changes or "duration_s" in stage_changes:
        stage_changes = {"frames": None, "duration_s": None} | stage_changes
    workload = changed.make_workload(changed.stages[0])
    # The profile's criteria are checked again, too: another workload may not measure what they name.
    kept = [parse_known(str(criterion), workload) for criterion in changed.criteria]
    changed = dataclasses.replace(
        changed,
        stages=tuple(dataclasses.replace(stage, **stage_changes) for stage in changed.stages),
        criteria=replace(kept, tuple(parse_known(text, workload) for text in overrides.criteria)),
        **given,
    )
    if "pace" in given:
        changed = changed.at_one_pace(given["pace"])
    problems = tuple((each.key, each.text) for each in find_contradictions(changed))
    if problems:
        raise OverrideError(problems)
    return changed


def _check_each(given: dict[str, Any], profile: Profile) -> None:
    problems = []
    for key, value in given.items():
        try:
            check_value(ProfileKeys, key, value)
        except ValidationError as error:
            problems.append((key, explain_refusal(error, ProfileKeys, key)))
    if "frames" in given and "duration_s" in given:
        problems.append(("frames, duration_s", "give one of the two"))
    if "agents" in given and len(profile.stages) > 1:
        counts = ", ".join(str(stage.agents) for stage in profile.stages)
        text = f"the profile {profile.name} has stages of {counts} agents; change them in its file"
        problems.append(("agents", text))
    if problems:
        raise OverrideError(tuple(problems))


def _with_workload(profile: Profile, spec: str, replaced: Mapping[str, Any]) -> Profile:
    """Return a profile with another workload or other arguments; default criteria then become that workload's.

    Another workload has its own default settings and length, and its own number of agents where that is fixed.

    Raises:
        OverrideError: There is no such workload.
        UsageError: Its code cannot be imported; the error has the lines of that code.
    """
    same = spec == profile.workload
    arguments = {**(profile.workload_arguments if same else {}), **replaced}
    if same and arguments == profile.workload_arguments:
        return profile
    try:
        factory = find_factory(spec, arguments)
    except UsageError as error:
        if len(error.lines) > 1:
            raise  # with the lines of the user's code that cannot be imported
        raise OverrideError((("workload", str(error)),)) from None
    were_default = set(profile.criteria) <= set(default_criteria(profile.make_workload(profile.stages[0])))
    settings = profile.environment if same else factory.settings_class()
    changed = dataclasses.replace(
        _with_length(profile, factory),
        workload=spec,
        workload_arguments=arguments,
        environment=settings,
    )
    if not were_default:
        return changed
    return dataclasses.replace(changed, criteria=default_criteria(changed.make_workload(changed.stages[0])))


def _with_length(profile: Profile, factory: WorkloadFactory) -> Profile:
    """Return a profile with the number of agents of another workload, where that is fixed, and with its default length.

    A value that equals the default of the profile's own workload counts as not given, and is replaced.
    """
    agents = fixed_agents(factory)
    mine, its = (_lengths(each) for each in (profile.factory, factory))
    stages = []
    for stage in profile.stages:
        frames = its["frames"] if stage.frames == mine["frames"] and len(profile.stages) == 1 else stage.frames
        stages.append(dataclasses.replace(stage, frames=frames, agents=stage.agents if agents is None else agents))
    warmup = its["warmup"] if profile.warmup == mine["warmup"] else profile.warmup
    return dataclasses.replace(profile, stages=tuple(stages), warmup=warmup)


def _lengths(factory: WorkloadFactory) -> dict[str, int]:
    return {"frames": ProfileKeys.frames, "warmup": ProfileKeys.warmup, **default_length(factory)}
