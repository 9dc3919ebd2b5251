"""`ab`, `gate` and `compare` in a user's repository, over its commits."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from repositories import git
from whole_process import Ended, WholeProcess

SIM = """
import helper

class Sim:
    def __init__(self, agents, seed):
        self.totals = {agent: seed for agent in agents}

    def step(self, frame):
        for agent in self.totals:
            for number in range(WORK):
                self.totals[agent] = (self.totals[agent] * helper.FACTOR + number + frame) % 1000003

    def state(self, agent):
        return self.totals[agent]
"""
WORK = ("--workload", "sim:Sim", "--agents", "4", "--warmup", "5", "-q", "--json")
DECIDED = ("--rounds", "5", "--alpha", "20%")
"""Five rounds decide at this error rate, and a side with twice the work is always found slower."""

UNDECIDED = ("--rounds", "4", "--alpha", "45%")
VERDICTS = (0, 1, 4)
"""Exit codes of a measurement that was carried out, with any result."""


class Project:
    """A repository with commits of a simulation.

    Args:
        commands: Runs command lines in it.
        folder: Where in the repository the simulation lies.
    """

    def __init__(self, commands: WholeProcess, folder: str) -> None:
        self.commands = commands
        self.folder = commands.cwd / folder
        self.folder.mkdir(parents=True, exist_ok=True)
        git(commands.cwd, "init", "--quiet")
        self.commit()

    def commit(self, *, work: int = 100, factor: int = 7, comment: str = "") -> str:
        """Commit the simulation and its helper module, and return the revision."""
        (self.folder / "sim.py").write_text(SIM.replace("WORK", str(work)))
        (self.folder / "helper.py").write_text(f"{comment}\nFACTOR = {factor}\n")
        git(self.commands.cwd, "add", "--all")
        git(self.commands.cwd, "commit", "--quiet", "--allow-empty", "-m", f"{work} {factor} {comment}")
        return git(self.commands.cwd, "rev-parse", "HEAD")

    def ab(self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Ended:
        """Run `walkerbench ab` on two sides, and return how it ended."""
        rounds = () if "--rounds" in words else UNDECIDED
        return self.commands("ab", *words, *WORK, *rounds, cwd=cwd or self.commands.cwd, env=dict(env or {}))


def path_to(folder: Path) -> dict[str, str]:
    """Return environment variables that put a folder first on the path, as `pip install -e .` does by a path file."""
    known = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(folder), *([known] if known else [])])}


@pytest.fixture
def project(walkerbench: WholeProcess) -> Project:
    return Project(walkerbench, ".")


@pytest.mark.promise("verdicts", "In a repository of the user's, two revisions of the user's own code are measured.")
@pytest.mark.parametrize("folder", [".", "src"])
def test_a_slower_commit_is_a_regression(walkerbench: WholeProcess, folder: str) -> None:
    project = Project(walkerbench, folder)
    before = git(walkerbench.cwd, "rev-parse", "HEAD")
    after = project.commit(work=200, factor=7)
    ended = project.ab("HEAD~1", "HEAD", "--allow-different-work", *DECIDED)
    assert ended.code == 1, ended.err
    base, candidate = json.loads(ended.out)["sides"]
    assert [side["code"]["workload"]["revision"] for side in (base, candidate)] == [before, after]
    assert base["code"]["workload"]["module"] == "sim"
    assert base["code"]["walkerbench"] == candidate["code"]["walkerbench"]
    assert git(walkerbench.cwd, "worktree", "list").count("\n") == 0


def test_a_commit_that_changes_a_comment_is_no_regression(project: Project) -> None:
    project.commit(comment="# Faster than it looks.")
    ended = project.ab("HEAD~1", ".")
    assert ended.code in VERDICTS, ended.err
    compared = json.loads(ended.out)
    assert compared["did_same_work"] is True
    assert compared["same_as_base"] == [], "a module that the simulation imports has changed"


def test_the_same_commit_is_an_aa_comparison(project: Project) -> None:
    compared = json.loads(project.ab("HEAD", ".").out)
    assert compared["same_as_base"] == ["."]


def test_a_commit_with_another_trajectory_is_refused(project: Project) -> None:
    project.commit(factor=9)
    ended = project.ab("HEAD~1", "HEAD")
    assert (ended.code, ended.out) == (2, "")
    assert "agent 0 is the first that differs between sides 'HEAD~1' and 'HEAD', in state" in ended.err


def test_a_revision_from_before_the_simulation_is_refused(project: Project) -> None:
    git(project.commands.cwd, "mv", "sim.py", "later.py")
    git(project.commands.cwd, "commit", "--quiet", "-m", "no simulation")
    git(project.commands.cwd, "mv", "later.py", "sim.py")
    git(project.commands.cwd, "commit", "--quiet", "-m", "a simulation")
    ended = project.ab("HEAD~1", "HEAD")
    assert (ended.code, ended.out) == (2, "")
    assert "side 'HEAD~1': revision HEAD~1 has no sim at sim.py: it is older than the workload" in ended.err


def test_a_module_that_has_moved_is_found_in_both_places(project: Project) -> None:
    (project.commands.cwd / "src").mkdir()
    for name in ("sim.py", "helper.py"):
        git(project.commands.cwd, "mv", name, f"src/{name}")
    git(project.commands.cwd, "commit", "--quiet", "-m", "src layout")
    ended = project.ab("HEAD~1", "HEAD")
    assert ended.code in VERDICTS, ended.err
    assert json.loads(ended.out)["did_same_work"] is True


def test_the_installed_working_tree_does_not_hide_a_revision(project: Project) -> None:
    before = git(project.commands.cwd, "rev-parse", "HEAD")
    project.commit(factor=9)
    ended = project.ab("HEAD~1", ".", "--allow-different-work", env=path_to(project.folder))
    assert ended.code in VERDICTS, ended.err
    assert json.loads(ended.out)["sides"][0]["code"]["workload"]["revision"] == before
    assert json.loads(ended.out)["did_same_work"] is False


def test_a_folder_of_a_larger_repository_is_measured(walkerbench: WholeProcess) -> None:
    project = Project(walkerbench, "python/simulations")
    project.commit(comment="# Only a comment.")
    ended = project.ab("HEAD~1", ".", cwd=project.folder)
    assert ended.code in VERDICTS, ended.err
    assert json.loads(ended.out)["did_same_work"] is True


def test_a_repository_without_the_simulation_is_refused(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    git(other, "commit", "--quiet", "--allow-empty", "-m", "nothing")
    ended = project.ab("HEAD", ".", cwd=other, env=path_to(project.folder))
    assert (ended.code, ended.out) == (2, "")
    assert "holds none of the code that is measured" in ended.err


def test_a_gate_measures_the_users_code(project: Project) -> None:
    project.commit(comment="# Only a comment.")
    no_limit = ("--criterion", "frame_ms.max < 60000")  # which a busy machine might break
    ended = project.commands("gate", "--against", "HEAD~1", *WORK, *UNDECIDED, *no_limit, "--junit", "gate.xml")
    assert ended.code in VERDICTS, ended.err
    assert json.loads(ended.out)["comparison"]["did_same_work"] is True
    junit = (project.commands.cwd / "gate.xml").read_text()
    assert 'name="code" value="sim at ' in junit


@pytest.mark.slow
def test_compare_measures_the_modes_of_the_users_code(project: Project) -> None:
    ended = project.commands("compare", *WORK, "--rounds", "7", "--alpha", "20%")
    assert ended.code in VERDICTS, ended.err
    assert [side["mode"] for side in json.loads(ended.out)["sides"]] == ["sequential", "sequential", "process"]
