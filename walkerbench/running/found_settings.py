"""Finds the settings that a profile leaves open, before anything is recorded or compared.

A workload may have settings that only its own code can tell, such as how many calls of a function make a frame. They
are found once, by building the agents of the first stage, and from then on stand in the profile: every repeat and every
side of a comparison is given the same, and a recorded run says which they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from walkerbench.modes.registry import BASE_MODE
from walkerbench.profile.model import Profile
from walkerbench.profile.table import profile_from_dict
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.workloads.failures import workload_failures


def open_settings(profile: Profile) -> tuple[str, ...]:
    """Return the names of the settings that a profile leaves open."""
    return profile.make_workload(profile.stages[0]).open_settings()


def find_settings(profile: Profile) -> Profile:
    """Return a profile whose settings are all known.

    Args:
        profile: Where it leaves none open, nothing is built and it is returned as it is.

    Raises:
        WalkerbenchError: The agents could not be built; nothing is left behind.
    """
    if not open_settings(profile):
        return profile
    workload = profile.make_workload(profile.stages[0])
    with TrainingEnvironment(mode=BASE_MODE, workload=workload, safeguards=profile.safeguards) as environment:
        return with_settings(profile, found_settings(environment))


def found_settings(environment: TrainingEnvironment) -> Mapping[str, Any]:
    """Return the settings that a workload was left open, as its shards found them when they were built.

    Raises:
        WorkloadFailed: The workload raised.
    """
    with workload_failures("while it says which settings it found"):
        return {**environment.workload.found_settings(environment.buffers)}


def with_settings(profile: Profile, found: Mapping[str, Any]) -> Profile:
    """Return a profile with settings that it leaves open; those that it gives stay.

    Args:
        profile: What is run.
        found: Setting → value; others than the open ones are left aside.

    Raises:
        ProfileError: A value is wrong.
    """
    changes = {name: found[name] for name in open_settings(profile) if name in found}
    if not changes:
        return profile
    plain = profile.as_dict()
    return profile_from_dict(plain | {"environment": plain["environment"] | changes})
