"""Names the commands that go on from a run that has just been recorded."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from walkerbench.profile.toml_text import toml_value
from walkerbench.run_directory import RUNS_ROOT

if TYPE_CHECKING:
    from walkerbench.cli.profile_choice import ProfileChoice
    from walkerbench.run_directory import RunFile

_OF_COMPARE = ("workload", "workers", "agents", "seed", "warmup")


def next_commands(choice: ProfileChoice, run: RunFile, directory: Path) -> dict[str, str]:
    """Return two commands that go on from a run.

    Args:
        choice: What the user asked to run.
        run: The run.
        directory: Where it is recorded.

    Returns:
        What the command shows → the command, as it is typed.
    """
    return {"all figures": f"walkerbench show {_named(directory)}"} | _second(choice, run)


def _second(choice: ProfileChoice, run: RunFile) -> dict[str, str]:
    """Return the comparison of the modes where it can tell something, else the list of runs."""
    cores = run.machine.get("cores_allowed")
    several = any(stage.agents > 1 for stage in run.stages) and isinstance(cores, int) and cores > 1
    if run.state != "finished" or not several:
        return {"all runs": "walkerbench runs"}
    return {"other modes": shlex.join(("walkerbench", "compare", *_options(choice)))}


def _named(directory: Path) -> str:
    return "@latest" if directory.parent == RUNS_ROOT else shlex.quote(str(directory))


def _options(choice: ProfileChoice) -> list[str]:
    options = [] if choice.name == "default" else ["--profile", choice.name]
    for key, value in choice.overrides.given().items():
        if key in _OF_COMPARE:
            options += [f"--{key}", str(value)]
    for name, value in choice.overrides.workload_arguments.items():
        options += ["--workload-argument", f"{name}={_as_typed(value)}"]
    return options


def _as_typed(value: Any) -> str:
    """Return a value of an argument as the option reads it: a text that would be read as another value has quotes."""
    return value if isinstance(value, str) and toml_value(value) == value else json.dumps(value)
