"""A project whose edits have no effect, because Python imports a copy of its package that was installed before."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from repositories import git
from tiny_profile import profile_text
from whole_process import Ended, WholeProcess

import walkerbench as package_of_tests

PACKAGE = Path(package_of_tests.__file__).parent


STARTS_BEHIND_THE_STANDARD_LIBRARY = """
import sys
sys.path.insert(next(n for n, entry in enumerate(sys.path) if "site-packages" in entry), {site!r})
from walkerbench.__main__ import main
sys.exit(main())
"""
"""Runs walkerbench from a folder that has the place of site-packages on the path."""


class InstalledCopy:
    """A project that holds walkerbench, and a copy of the package as `pip install .` makes it.

    Args:
        commands: Starts processes.
        directory: Holds both.
    """

    def __init__(self, commands: WholeProcess, directory: Path) -> None:
        self._commands = commands
        self.project, self.site = directory / "project", directory / "site"
        for place in (self.project, self.site):
            shutil.copytree(PACKAGE, place / "walkerbench", ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copytree(package_profiles(), place / "profiles", dirs_exist_ok=True)
        (self.project / "tiny.toml").write_text(profile_text())
        (self.project / "pyproject.toml").touch()
        (self.project / ".gitignore").write_text("__pycache__\n.walkerbench\nruns\n")
        git(self.project, "init", "--quiet")
        git(self.project, "add", "--all")
        git(self.project, "commit", "--quiet", "-m", "first")

    def __call__(self, *arguments: str, running: Path | None = None, cwd: Path | None = None) -> Ended:
        """Run a command in the project with the installed copy, or with the package of another folder."""
        command = (sys.executable, "-P", "-m", "walkerbench")
        variables = {"PYTHONPATH": str(running or self.site)}
        return self._commands(*arguments, command=command, cwd=cwd or self.project, env=variables)


def package_profiles() -> Path:
    """Return the folder of the shipped profiles."""
    installed = PACKAGE / "profiles"
    return installed if installed.is_dir() else PACKAGE.parent / "profiles"


@pytest.fixture
def copy(walkerbench: WholeProcess, tmp_path: Path) -> InstalledCopy:
    return InstalledCopy(walkerbench, tmp_path)


def code_of(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "run.json").read_text(encoding="utf-8"))["code"]["walkerbench"])


@pytest.mark.promise("verdicts", "Every command says first where the working directory's code is not what runs.")
def test_every_command_says_that_a_copy_runs(copy: InstalledCopy) -> None:
    ended = copy("run", "--profile", "./tiny.toml", "-q", "-o", "runs/a")
    warning = (
        f"walkerbench: walkerbench runs from {copy.site}/walkerbench, and not from {copy.project}/walkerbench: an edit "
        "there has no effect; `pip install -e .` in its project makes it the one that runs"
    )
    assert (ended.code, ended.err) == (0, f"{warning}\n")
    assert code_of(copy.project / "runs/a")["folder"] == f"{copy.site}/walkerbench"
    assert code_of(copy.project / "runs/a")["revision"] is None
    for arguments in (["show", "runs/a"], ["profiles"], ["export", "runs/a", "--format", "json"], ["show", "none"]):
        assert copy(*arguments).err.splitlines()[0] == warning


@pytest.mark.promise("verdicts", "`gate` and `ab .` refuse a working tree whose code is not what runs.")
def test_a_gate_over_a_copy_is_refused(copy: InstalledCopy) -> None:
    assert copy("run", "--profile", "./tiny.toml", "-q", "-o", "runs/a/1", "--repeat", "1").code == 0
    shutil.copytree(copy.project / "runs/a/1", copy.project / "runs/a/2")
    path = copy.project / "runs/a/2/run.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"started_utc": "20', '"started_utc": "19'))
    for arguments in (["gate", "--baseline", "runs/a"], ["gate", "--against", "HEAD"], ["ab", ".", "."]):
        ended = copy(*arguments, "--profile", "./tiny.toml", "--alpha", "40%")
        assert (ended.code, ended.out) == (2, "")
        assert "which would not be measured: run `pip install -e .` in the working tree" in ended.error
    assert {path.name for path in (copy.project / "runs").iterdir()} == {"a"}
    assert not (copy.project / ".walkerbench").exists()


def test_an_edit_of_code_that_does_not_run_is_an_aa_comparison(copy: InstalledCopy) -> None:
    for name in ("before", "after"):
        assert copy("run", "--profile", "./tiny.toml", "-q", "-o", f"runs/{name}").code == 0
        (copy.project / "walkerbench/running/pacing.py").write_text("import time\ntime.sleep(1)\n")
    ended = copy("compare", "runs/before", "runs/after")
    assert ended.code == 4, "one run a side decides nothing"
    assert "A/A COMPARISON: " in ended.out
    assert "changed files" not in ended.out


@pytest.mark.promise("verdicts", "A gate in a repository that holds none of the measured code is refused.")
def test_a_gate_over_an_unrelated_repository_is_refused(copy: InstalledCopy, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "tiny.toml").write_text(profile_text())
    git(theirs, "init", "--quiet")
    assert copy("run", "--profile", "./tiny.toml", "-q", "-o", "runs/a", cwd=theirs).err == ""
    ended = copy("ab", ".", ".", "--profile", "./tiny.toml", cwd=theirs)
    assert (ended.code, ended.out) == (2, "")
    assert f"the repository {theirs} holds none of the code that is measured" in ended.error


def test_the_checkout_that_runs_is_recorded(copy: InstalledCopy) -> None:
    ended = copy("run", "--profile", "./tiny.toml", "-q", "-o", "runs/a", "--repeat", "2", running=copy.project)
    assert (ended.code, ended.err) == (0, "")
    for number in (1, 2):
        code = code_of(copy.project / f"runs/a/{number}")
        assert code["folder"] == f"{copy.project}/walkerbench"
        assert (code["revision"], code["changed_files"]) == (git(copy.project, "rev-parse", "HEAD"), False)


@pytest.mark.promise("verdicts", "A module beside the package, such as an old backport, reaches no child.")
def test_a_backport_beside_the_package_breaks_nothing(copy: InstalledCopy) -> None:
    # `pip install pathlib` puts this beside the installed packages; the parent never imports it.
    site = copy.site
    (site / "pathlib.py").write_text("raise ImportError('a backport of twelve years ago')\n")
    start = STARTS_BEHIND_THE_STANDARD_LIBRARY.format(site=str(site))
    for mode in ("sequential", "process"):
        ended = copy._commands(
            *("run", "--profile", "./tiny.toml", "-q", "--mode", mode, "--repeat", "2", "-o", f"runs/{mode}"),
            command=(sys.executable, "-P", "-c", start),
            cwd=copy.project,
            env={"PYTHONPATH": ""},
        )
        assert ended.code == 0, ended.err
        assert code_of(copy.project / f"runs/{mode}/2")["folder"] == f"{site}/walkerbench"
