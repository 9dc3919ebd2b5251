"""Finds the settings that a profile leaves open, before anything is recorded or compared.

A workload may have settings whose values only its own code can find, such as how many calls of a function make a
frame. They are found once, by building the agents of the first stage, and are then written into the profile: every
repeat and every side of a comparison gets the same values, and a recorded run holds them.

A child process, started with this module, finds them. So the building leaves nothing in the process that runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from walkerbench.errors import Interrupted
from walkerbench.modes.registry import BASE_MODE
from walkerbench.profile.model import Profile
from walkerbench.profile.table import profile_from_dict
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.system.child_processes import ChildProcess, python_command
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.system.temporary import temporary_file
from walkerbench.workloads.failures import workload_failures

_INTERRUPT_CHECK_S = 0.2  # how often to check for an interrupt while the child works


def open_settings(profile: Profile) -> tuple[str, ...]:
    """Return the names of the settings that a profile leaves open."""
    return profile.make_workload(profile.stages[0]).open_settings()


def find_settings(profile: Profile, interrupts: InterruptWatch | None = None) -> Profile:
    """Return a profile whose settings are all known.

    Args:
        profile: Where it leaves no setting open, nothing is built, and it is returned as it is.
        interrupts: Checked while the child works.

    Raises:
        WalkerbenchError: The agents could not be built, the same error as in a run; nothing is left behind.
        Interrupted: The user interrupted the search.
    """
    if not open_settings(profile):
        return profile
    found = _found_by_child(profile, interrupts or InterruptWatch())
    # Where the child failed, build the agents here, as the run would: the error then says what is wrong.
    return with_settings(profile, _found_here(profile, profile.mode) if found is None else found)


def found_settings(environment: TrainingEnvironment) -> Mapping[str, Any]:
    """Return the open settings of a workload, with the values that its shards found when they were built.

    Raises:
        WorkloadFailed: The workload raised.
    """
    with workload_failures("while it says which settings it found"):
        return {**environment.workload.found_settings(environment.buffers)}


def with_settings(profile: Profile, found: Mapping[str, Any]) -> Profile:
    """Return a profile with values for the settings that it leaves open; the others stay.

    Args:
        profile: What is run.
        found: Setting → value; settings that are not open are ignored.

    Raises:
        ProfileError: A value is wrong.
    """
    changes = {name: found[name] for name in open_settings(profile) if name in found}
    if not changes:
        return profile
    plain = profile.as_dict()
    return profile_from_dict(plain | {"environment": plain["environment"] | changes})


def _found_by_child(profile: Profile, interrupts: InterruptWatch) -> dict[str, Any] | None:
    """Return the settings that a child process found; None where it ended without an answer."""
    with temporary_file() as answer:
        command = python_command(__name__, str(answer.fileno()))
        with ChildProcess(command, stdin=subprocess.PIPE, pass_fds=[answer.fileno()]) as child:
            with suppress(BrokenPipeError):  # it has ended by itself
                child.stdin.write(json.dumps(profile.as_dict()).encode())
                child.stdin.close()
            while not child.ended_within(_INTERRUPT_CHECK_S):
                if interrupts.received is not None:
                    raise Interrupted(f"interrupted ({interrupts.received}) before anything was recorded")
        answer.seek(0)
        try:
            found: dict[str, Any] = json.loads(answer.read())
        except ValueError:
            return None
        return found


def _found_here(profile: Profile, mode: str) -> dict[str, Any]:
    workload = profile.make_workload(profile.stages[0])
    workers = profile.workers if mode == profile.mode else None
    with TrainingEnvironment(
        mode=mode, num_workers=workers, workload=workload, safeguards=profile.safeguards
    ) as environment:
        return {**found_settings(environment)}


def _answer(descriptor: int) -> None:
    """Find the settings that the profile on stdin leaves open, and write them into a file of the parent's."""
    found = _found_here(profile_from_dict(json.loads(sys.stdin.buffer.read())), BASE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(json.dumps(found).encode())


if __name__ == "__main__":
    _answer(int(sys.argv[1]))
