"""What a revision needs besides its files: a way past editable installs, a setup, submodules, and LFS files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from repositories import git
from whole_process import Ended, WholeProcess

SIM = """
import helper_of_sim
{first}

class Sim:
    def __init__(self, agents, seed):
        self.totals = dict.fromkeys(agents, seed)

    def step(self, frame):
        for agent in self.totals:
            self.totals[agent] += helper_of_sim.FACTOR * frame

    def state(self, agent):
        return self.totals[agent]
"""
WORK = ("--workload", "sim_of_test:Sim", "--agents", "2", "--warmup", "5", "-q", "--json")
LIBRARY = "import sys; sys.path.insert(0, 'library'); from of_library import FACTOR; helper_of_sim.FACTOR = FACTOR"
DIFFERENT = "not the same work: after frame 4, agent 0 is the first that differs"
"""The message about sides that run different code, before anything is measured."""

HOOK = """
import importlib.util, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name in ("sim_of_test", "helper_of_sim"):
            return importlib.util.spec_from_file_location(name, {folder!r} + "/" + name + ".py")

sys.meta_path.insert(0, Finder())
"""
"""An editable install as some build systems make it: a finder that comes before all others."""


class Project:
    """A repository with a simulation, in the test's temporary folder.

    Args:
        commands: Runs command lines in it.
    """

    def __init__(self, commands: WholeProcess) -> None:
        self.commands = commands
        self.folder = commands.cwd
        git(self.folder, "init", "--quiet")
        self.commit()

    def commit(self, factor: int = 7, first: str = "") -> str:
        """Commit the simulation and its helper module, and return the revision."""
        (self.folder / "sim_of_test.py").write_text(SIM.format(first=first))
        (self.folder / "helper_of_sim.py").write_text(f"FACTOR = {factor}\n")
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "-m", "a commit")
        return git(self.folder, "rev-parse", "HEAD")

    def ab(self, *words: str, env: dict[str, str] | None = None) -> Ended:
        """Run `walkerbench ab` on two sides, assert that no worktree is left, and return how the command ended."""
        ended = self.commands("ab", *words, *WORK, env=dict(env or {}))
        assert git(self.folder, "worktree", "list").count("\n") == 0
        return ended


@pytest.fixture
def project(walkerbench: WholeProcess) -> Project:
    return Project(walkerbench)


@pytest.mark.promise(
    "verdicts", "An editable install of the user's package does not hide the revision that is measured."
)
@pytest.mark.parametrize("mode", ["sequential", "process"])
def test_an_import_hook_does_not_hide_a_revision(project: Project, tmp_path: Path, mode: str) -> None:
    project.commit(factor=9)
    site = tmp_path / "hooks"
    site.mkdir()
    (site / "sitecustomize.py").write_text(HOOK.format(folder=str(project.folder)))
    known = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(site), *([known] if known else [])])
    ended = project.ab("HEAD~1", ".", "--mode", mode, env={"PYTHONPATH": path})
    assert ended.code == 2, "with the working tree's factor on both sides, the work would be the same"
    assert DIFFERENT in ended.err


def test_a_module_that_only_the_working_tree_has_is_refused(project: Project) -> None:
    project.commit(first=f"import sys; sys.path.insert(0, {str(project.folder / 'lib')!r}); import of_today")
    (project.folder / "lib").mkdir()
    (project.folder / "lib/of_today.py").touch()
    ended = project.ab("HEAD", ".")
    assert (ended.code, ended.out) == (2, "")
    assert f"imports of_today from {project.folder.resolve()}/lib/of_today.py, which is the working tree" in ended.error


# --- setup


@pytest.mark.promise(
    "verdicts", "A setup runs in each worktree, in an environment of its own, and never in the working tree."
)
def test_a_setup_runs_in_the_worktree_only(project: Project) -> None:
    project.commit(first="from built_by_setup import FACTOR; helper_of_sim.FACTOR = FACTOR")
    (project.folder / ".gitignore").write_text("built_by_setup.py\n")
    (project.folder / "built_by_setup.py").write_text("FACTOR = 7\n")
    in_environment = "import sys; assert sys.prefix.endswith('environment'), sys.prefix; import click, pip"
    setup = f'python -c "{in_environment}" && pip --version && echo "FACTOR = 9" > built_by_setup.py'
    ended = project.ab("HEAD", ".", "--setup", setup)
    assert ended.code == 2, "what the setup wrote into the worktree has another factor"
    assert DIFFERENT in ended.err
    assert (project.folder / "built_by_setup.py").read_text() == "FACTOR = 7\n"


@pytest.mark.promise("input", "A setup that fails is refused with its command, its status and what it printed last.")
def test_a_setup_that_fails_says_what_it_printed(project: Project) -> None:
    setup = "echo the reason; echo more >&2; exit 7"
    ended = project.ab("HEAD", ".", "--setup", setup)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines() == [
        f"walkerbench: side 'HEAD': setup '{setup}' exited with status 7; it printed last:",
        "walkerbench: the reason",
        "walkerbench: more",
    ]


def test_a_profile_may_name_the_setup(project: Project) -> None:
    (project.folder / "mine.toml").write_text('[workload]\nspec = "sim_of_test:Sim"\nsetup = "exit 9"\n')
    ended = project.commands("ab", "HEAD", ".", "--profile", "mine.toml", "-q")
    assert ended.code == 2
    assert "side 'HEAD': setup 'exit 9' exited with status 9" in ended.err


@pytest.mark.promise("left behind", "An interrupted setup leaves no process, no environment and no worktree.")
def test_an_interrupted_setup_leaves_nothing(project: Project) -> None:
    setup = "echo $$ > started; exec sleep 600"
    command = ("ab", "HEAD", ".", *WORK, "--setup", setup)
    with project.commands.start(*command) as started:
        until_there(project.commands.temporary, "worktree/started")
        started.process.send_signal(2)
        ended = started.end()
    assert ended.code == 130
    assert git(project.folder, "worktree", "list").count("\n") == 0


def until_there(folder: Path, name: str) -> None:
    """Wait for a file that another process writes."""
    from whole_process import until

    until(lambda: any(found.stat().st_size for found in folder.glob(f"*/{name}")))


# --- what git leaves out of a worktree


def with_submodule(project: Project, tmp_path: Path) -> Path:
    """Make the simulation import a module of a submodule."""
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "--quiet")
    (library / "of_library.py").write_text("FACTOR = 1\n")
    git(library, "add", "--all")
    git(library, "commit", "--quiet", "-m", "a library")
    git(project.folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "library")
    project.commit(first=LIBRARY)
    return project.folder / "library"


def test_submodules_are_in_the_worktree(project: Project, tmp_path: Path) -> None:
    own = with_submodule(project, tmp_path)
    (own / "of_library.py").write_text("FACTOR = 9\n")
    ended = project.ab("HEAD", ".")
    assert ended.code == 2, "the commit of the submodule has another factor than its working tree"
    assert DIFFERENT in ended.err


def test_a_missing_submodule_is_named(project: Project, tmp_path: Path) -> None:
    own = with_submodule(project, tmp_path)
    git(project.folder, "submodule", "--quiet", "deinit", "--force", "library")
    (own / "of_library.py").write_text("FACTOR = 1\n")  # so that the working tree still runs
    ended = project.ab("HEAD", ".")
    assert ended.code == 2
    assert "No module named 'of_library'" in ended.err
    assert "lacks, as the working tree does: the submodule library (`git submodule update --init`" in ended.err


def test_a_submodule_without_the_commit_is_named(project: Project, tmp_path: Path) -> None:
    own = with_submodule(project, tmp_path)
    commit = git(own, "commit-tree", "-m", "gone", "HEAD^{tree}")
    git(project.folder, "update-index", "--cacheinfo", f"160000,{commit[:-4]}0000,library")
    git(project.folder, "commit", "--quiet", "-m", "a commit that is nowhere")
    ended = project.ab("HEAD", ".")
    assert ended.code == 2
    assert f"the submodule library has no commit {commit[:10]}, which the revision asks for" in ended.error


def test_the_content_of_an_lfs_file_that_is_missing_is_named(project: Project) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 3\n"
    (project.folder / "data.bin").write_text(pointer)
    project.commit()
    (project.folder / "data.bin").write_text("abc")  # as Git LFS keeps it in the working tree
    ended = project.ab("HEAD", ".")
    assert ended.code == 2
    assert "data.bin is a Git LFS file whose content git does not bring into a worktree" in ended.error
