"""The documentation's example in a new repository: a gate over each of three commits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from repositories import git
from whole_process import Ended, WholeProcess

HERD = (Path(__file__).parents[2] / "examples" / "herd.py").read_text()
STEP = "        for agent, numbers in self.random.items():\n"
SPARE = "        self.spare = random.Random(1)\n        self.thoughts = thoughts\n"
TWICE = f"""{STEP}            if agent % 20 == 0:  # 5 % of the agents think twice
                [self.spare.gauss(0, 1) for _ in range(self.thoughts)]
"""
SLOWER = HERD.replace("        self.thoughts = thoughts\n", SPARE).replace(STEP, TWICE)
OTHER = HERD.replace("gauss(0, 1)", "gauss(0, 2)")
COMMENTED = f"{HERD}\n# A comment.\n"
DEADLINE_S = 300

pytestmark = [pytest.mark.slow, pytest.mark.timeout(DEADLINE_S + 20)]


def gate_of(walkerbench: WholeProcess, changed: str) -> Ended:
    """Run a gate over a commit that changes the example, and return how it ended."""
    assert changed != HERD
    git(walkerbench.cwd, "init", "--quiet")
    for text in (HERD, changed):
        (walkerbench.cwd / "mysim.py").write_text(text)
        git(walkerbench.cwd, "add", "--all")
        git(walkerbench.cwd, "commit", "--quiet", "-m", "a commit")
    words = ("gate", "--against", "HEAD~1", "--workload", "mysim:Herd", "--agents", "60", "-q", "--json")
    return walkerbench(*words, "--budget", "100s", deadline_s=DEADLINE_S)


def test_a_commit_that_is_slower_by_5_percent_never_passes(walkerbench: WholeProcess) -> None:
    ended = gate_of(walkerbench, SLOWER)
    # On a busy machine the verdict is inconclusive, and this is not a pass.
    assert ended.code in (1, 4), ended.err
    (compared,) = json.loads(ended.out)["comparison"]["comparisons"]
    assert compared["verdict"] == {1: "regression", 4: "inconclusive"}[ended.code]


def test_a_commit_with_another_trajectory_is_not_compared(walkerbench: WholeProcess) -> None:
    ended = gate_of(walkerbench, OTHER)
    assert (ended.code, ended.out) == (2, "")
    assert "agent 0 is the first that differs" in ended.err


def test_a_commit_that_changes_a_comment_never_fails(walkerbench: WholeProcess) -> None:
    ended = gate_of(walkerbench, COMMENTED)
    assert ended.code in (0, 4), ended.err
    told = json.loads(ended.out)["comparison"]
    assert told["did_same_work"] is True
    assert told["comparisons"][0]["verdict"] == {0: "no regression", 4: "inconclusive"}[ended.code]
