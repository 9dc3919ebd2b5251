"""Commands run and compare Gymnasium's environments, in every mode, from the folder that holds them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from whole_process import WholeProcess

pytest.importorskip("gymnasium", reason="needs the extra gymnasium")

SUPPORT = Path(__file__).parents[1] / "support"
RUN = ("run", "--agents", "7", "--frames", "30", "--warmup", "2", "-q", "--json")


@pytest.mark.parametrize("env_id", ["BipedalWalker-v3", "environments_of_mine:Lottery-v2"])
def test_every_mode_does_the_same_work(walkerbench: WholeProcess, env_id: str) -> None:
    shutil.copy(SUPPORT / "own_environments.py", walkerbench.cwd / "environments_of_mine.py")
    runs = []
    for mode in ("sequential", "threaded", "process"):
        ended = walkerbench(*RUN, "--workload", f"gymnasium:{env_id}", "--mode", mode, "-o", mode)
        assert (ended.code, ended.err) == (0, "")
        runs.append(json.loads(ended.out))
    assert len({run["digest"] for run in runs}) == 1
    assert [run["mode"]["used"] for run in runs] == ["sequential", "threaded", "process"]
    assert {run["workload"]["name"] for run in runs} == {f"gymnasium:{env_id}"}


def test_a_profile_sets_policy_and_arguments(walkerbench: WholeProcess) -> None:
    shutil.copy(SUPPORT / "own_environments.py", walkerbench.cwd / "environments_of_mine.py")
    (walkerbench.cwd / "pole.toml").write_text(
        '[workload]\nspec = "gymnasium:CartPole-v1"\n[workload.arguments]\nsutton_barto_reward = true\n'
        '[environment]\npolicy = "environments_of_mine:leaning"\n'
    )
    ended = walkerbench(*RUN, "--profile", "./pole.toml", "--mode", "process", "-o", "run")
    assert (ended.code, ended.err) == (0, "")
    run = json.loads(ended.out)
    assert run["profile"]["environment"] == {"policy": "environments_of_mine:leaning"}
    assert run["profile"]["workload_arguments"] == {"sutton_barto_reward": True}


def test_an_error_in_a_step_has_its_place_and_traceback(walkerbench: WholeProcess) -> None:
    drawn = "drawn = self.np_random.random()"
    failing = f"{drawn}; self.left = getattr(self, 'left', 9) - 1; 1 / self.left"
    source = (SUPPORT / "own_environments.py").read_text().replace(drawn, failing)
    (walkerbench.cwd / "failing_environments.py").write_text(source)
    ended = walkerbench(*RUN, "--workload", "gymnasium:failing_environments:Lottery-v2", "--mode", "process", "-o", "r")
    assert ended.code == 3
    assert "raised ZeroDivisionError: division by zero in frame " in ended.error


def test_a_wrong_id_leaves_nothing_behind(walkerbench: WholeProcess) -> None:
    ended = walkerbench(*RUN, "--workload", "gymnasium:CartPoel-v1", "-o", "run")
    assert ended.code == 2
    assert ended.err.count("\n") == 1
    assert "did you mean CartPole-v1" in ended.err
    assert [*walkerbench.cwd.iterdir()] == []
