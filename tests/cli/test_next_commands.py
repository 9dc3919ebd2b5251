"""The commands that `run` names to go on with."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from walkerbench.cli import compare_modes
from walkerbench.cli.entry import run_command_line
from walkerbench.cli.next_commands import next_commands
from walkerbench.cli.profile_choice import ProfileChoice
from walkerbench.profile.overrides import ProfileOverrides
from walkerbench.run_directory import RUNS_ROOT, RunFile

PLAIN = ProfileChoice("default", ProfileOverrides())


def test_the_newest_run_is_named_by_its_short_name(finished: RunFile) -> None:
    assert next_commands(PLAIN, finished, RUNS_ROOT / "a-run") == {
        "all figures": "walkerbench show @latest",
        "other modes": "walkerbench compare",
    }


def test_a_run_elsewhere_is_named_by_its_path(finished: RunFile) -> None:
    named = next_commands(PLAIN, finished, Path("results/of today"))
    assert named["all figures"] == "walkerbench show 'results/of today'"


def test_the_comparison_runs_the_same_work(finished: RunFile, monkeypatch: pytest.MonkeyPatch) -> None:
    overrides = ProfileOverrides(
        workload="mysim:Herd", workload_arguments={"speed": 2.5, "name": "a b", "digits": "3", "sizes": [1, 2]},
        mode="threaded", workers=2, agents=8, frames=100, seed=7, warmup=5, pace="realtime", criteria=("a < 1",),
    )  # fmt: skip
    command = next_commands(ProfileChoice("my.toml", overrides), finished, RUNS_ROOT / "a-run")["other modes"]
    program, name, *words = shlex.split(command)
    assert (program, name) == ("walkerbench", "compare")
    given: list[Any] = []
    monkeypatch.setattr(compare_modes, "compare_modes", lambda choice, *_, **options: given.append(choice))
    run_command_line([name, *words])
    (choice,) = given
    assert choice.name == "my.toml"
    kept = ("workload", "workload_arguments", "workers", "agents", "seed", "warmup")
    assert {key: getattr(choice.overrides, key) for key in kept} == {key: getattr(overrides, key) for key in kept}


@pytest.mark.parametrize("reason", ["one agent", "one core", "interrupted"])
def test_no_comparison_of_modes_where_it_tells_nothing(finished: RunFile, reason: str) -> None:
    changes: dict[str, dict[str, Any]] = {
        "one agent": {"stages": [{**dict(finished.stages[0]), "agents": 1}]},
        "one core": {"machine": {**finished.machine, "cores_allowed": 1}},
        "interrupted": {"state": "interrupted"},
    }
    named = next_commands(PLAIN, finished.changed(**changes[reason]), RUNS_ROOT / "a-run")
    assert named == {"all figures": "walkerbench show @latest", "all runs": "walkerbench runs"}
