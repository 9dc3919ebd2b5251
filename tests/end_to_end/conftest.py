from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_profile import profile_text
from whole_process import WholeProcess


@pytest.fixture
def walkerbench(tmp_path: Path) -> Iterator[WholeProcess]:
    """Runs command lines in a directory of their own; afterwards they may have left nothing but runs."""
    for name in ("work", "temporary"):
        (tmp_path / name).mkdir()
    commands = WholeProcess(tmp_path / "work", tmp_path / "temporary")
    yield commands
    assert commands.leftovers() == []


@pytest.fixture
def profile(walkerbench: WholeProcess) -> Callable[..., list[str]]:
    """Writes the tiny profile, with changes, and returns the arguments that run it."""

    def write(**changes: Any) -> list[str]:
        (walkerbench.cwd / "tiny.toml").write_text(profile_text(**changes))
        return ["run", "--profile", "./tiny.toml"]

    return write


@pytest.fixture(scope="session")
def _recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recorded")
    (root / "tiny.toml").write_text(profile_text())
    ended = WholeProcess(root, root)("run", "--profile", "./tiny.toml", "-q", "-o", "run")
    assert (ended.code, ended.err) == (0, "")
    return root / "run"


@pytest.fixture
def recorded(walkerbench: WholeProcess, _recorded_once: Path) -> Path:
    """Return the directory `run` of a finished run, which a test may damage."""
    return Path(shutil.copytree(_recorded_once, walkerbench.cwd / "run"))
