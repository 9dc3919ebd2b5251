"""The exit code of a process whose code cannot be imported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import walkerbench


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Return a folder with a copy of walkerbench in which one module cannot be imported."""
    package = Path(walkerbench.__file__).parent
    shutil.copytree(package, tmp_path / "walkerbench", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "walkerbench/profile/model.py").write_text("this is no Python\n")
    return tmp_path


@pytest.mark.promise("verdicts", "Code that cannot be imported ends with 70, never with the exit code of a verdict.")
@pytest.mark.parametrize("module", ["walkerbench", "walkerbench.cli.recorded_run"])
def test_code_that_cannot_be_imported_is_no_verdict(broken: Path, module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", module, "run", "--profile", "smoke"],
        cwd=broken, env={**os.environ, "PYTHONPATH": str(broken)}, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr.count("\n") == 1
    assert "SyntaxError" in done.stderr


def test_closed_streams_do_not_change_the_exit_code(broken: Path) -> None:
    command = f"{sys.executable} -P -m walkerbench run 2>&-"
    variables = {**os.environ, "PYTHONPATH": str(broken)}
    assert subprocess.run(command, shell=True, cwd=broken, env=variables, check=False).returncode == 70
