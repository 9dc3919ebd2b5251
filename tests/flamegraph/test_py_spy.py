from __future__ import annotations

import re
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from walkerbench.errors import RunBroken, UsageError
from walkerbench.flamegraph.py_spy import check_permitted, find_py_spy, record_sampled, what_to_allow
from walkerbench.profile.loading import load_profile
from walkerbench.running.run_process import RunRequest
from walkerbench.system.interrupts import InterruptWatch

REFUSED = "Error: Failed to suspend process\n\nCaused by:\n    0: EPERM: Operation not permitted"
NOT_FOUND = "Error: Failed to find python version from target process"


@pytest.mark.parametrize(
    ("platform", "scope", "advice"),
    [
        ("linux", None, "--cap-add SYS_PTRACE"),
        ("linux", "0\n", "--cap-add SYS_PTRACE"),
        ("linux", "1\n", "--cap-add SYS_PTRACE"),
        ("linux", "2\n", "sudo sysctl kernel.yama.ptrace_scope=1"),
        ("linux", "3", "sudo sysctl kernel.yama.ptrace_scope=1"),
        ("darwin", None, "sudo"),
    ],
)
def test_the_advice_fits_the_system(platform: str, scope: str | None, advice: str) -> None:
    assert advice in what_to_allow(platform, scope)


def test_a_missing_py_spy_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path: None)

    with pytest.raises(UsageError, match=r"^py-spy is not installed: pip install 'walkerbench\[flamegraph\]'$"):
        find_py_spy()


@pytest.fixture
def py_spy_that_says(tmp_path: Path) -> Any:
    """Return a function that makes a program with the message and exit status of a py-spy."""

    def make(text: Any, status: int) -> str:
        program = tmp_path / "py-spy"
        program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{text}\nEND\nexit {status}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return str(program)

    return make


def test_a_missing_permission_is_recognized(py_spy_that_says: Any) -> None:
    with pytest.raises(UsageError, match=r"^py-spy is not permitted to look into processes here: "):
        check_permitted(py_spy_that_says(REFUSED, 1))


def test_another_failure_is_reported_in_py_spys_words(py_spy_that_says: Any) -> None:
    with pytest.raises(RunBroken, match=f"ended with status 1: {NOT_FOUND}$"):
        check_permitted(py_spy_that_says(NOT_FOUND, 1))


def test_a_py_spy_that_succeeds_is_permitted(py_spy_that_says: Any) -> None:
    check_permitted(py_spy_that_says("", 0))


@pytest.fixture
def sample(tmp_path: Path) -> Any:
    """Return a function that samples a run with a program in place of py-spy.

    The run's directory exists already, which the run refuses.
    """
    request = RunRequest(profile=load_profile("smoke"), directory=tmp_path, command_line=(), progress=False)

    def record(program: Any) -> None:
        with InterruptWatch() as interrupts:
            record_sampled(program, request, tmp_path / "samples", "wall", interrupts)

    return record


def test_a_run_that_is_refused_says_why(sample: Any, tmp_path: Path) -> None:
    program = tmp_path / "py-spy"
    program.write_text('#!/bin/sh\nuntil [ "$1" = -- ]; do shift; done\nshift\n"$@"\nexit 0\n')
    program.chmod(0o700)
    with pytest.raises(UsageError, match=f"^{re.escape(str(tmp_path))}: the output exists already: give a directory"):
        sample(str(program))


def test_a_failure_of_py_spy_is_reported_in_its_words(sample: Any, py_spy_that_says: Any) -> None:
    with pytest.raises(RunBroken, match=f"^py-spy ended with status 1: {NOT_FOUND}$"):
        sample(py_spy_that_says(NOT_FOUND, 1))


def test_a_run_that_never_began_says_so(sample: Any, py_spy_that_says: Any) -> None:
    with pytest.raises(UsageError, match=r"^the run ended before it began: "):
        sample(py_spy_that_says("", 0))
