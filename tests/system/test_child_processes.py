"""A child process and what becomes of it, with real ones; how signals are passed on."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from walkerbench.system.child_processes import PACKAGE, ChildProcess, PassedOnSignals

DEADLINE_S = 60.0

STARTS_A_GRANDCHILD = """
import subprocess, sys
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
print(grandchild.pid, flush=True)
sys.stdin.read()
"""


def python(source: str, **options: Any) -> ChildProcess:
    return ChildProcess([sys.executable, "-c", source], **options)


def gone(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        psutil.wait_procs([process], timeout=DEADLINE_S)
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_an_exit_status_is_returned() -> None:
    with python("raise SystemExit(7)") as child:
        assert child.wait() == child.exit_status == 7


def test_a_signal_is_a_negative_exit_status() -> None:
    with python("import sys; sys.stdin.read()", piped=True) as child:
        assert not child.ended_within(0.0)
        child.send_signal(signal.SIGTERM)
        assert child.ended_within(DEADLINE_S)
        assert child.exit_status == -signal.SIGTERM


def test_a_child_leads_a_group_of_its_own() -> None:
    with python("import sys; sys.stdin.read()", piped=True) as child:
        assert os.getpgid(child.pid) == child.pid != os.getpgrp()


def test_whatever_ends_the_block_ends_the_whole_group() -> None:
    child = python(STARTS_A_GRANDCHILD, piped=True)
    with suppress(RuntimeError), child:
        grandchild = int(child.stdout.readline())
        raise RuntimeError
    assert child.exit_status == -signal.SIGKILL
    assert gone(grandchild)


def test_what_a_child_leaves_behind_is_killed() -> None:
    with python(STARTS_A_GRANDCHILD, piped=True) as child:
        grandchild = int(child.stdout.readline())
        child.stdin.close()
        assert child.wait() == 0
        assert psutil.pid_exists(grandchild)
    assert gone(grandchild)


def test_the_end_of_stderr_can_be_read() -> None:
    with python("import sys; sys.stderr.write('one two')") as child:
        child.wait()
        assert child.stderr_tail(3) == "two"
        assert child.stderr_tail(100) == "one two"


def test_stderr_that_is_not_kept_is_this_processs(capfd: pytest.CaptureFixture[str]) -> None:
    with python("import sys; sys.stderr.write('seen')", keep_stderr=False) as child:
        child.wait()
        assert child.stderr_tail(100) == ""
    assert capfd.readouterr().err == "seen"


def test_a_child_gets_directory_package_and_variables(tmp_path: Path) -> None:
    source = "import os; print(os.getcwd(), os.environ['PYTHONPATH'].split(os.pathsep)[0], os.environ['MORE'])"
    with python(source, directory=tmp_path, package=PACKAGE, variables={"MORE": "yes"}, piped=True) as child:
        assert child.stdout.read().decode().split() == [str(tmp_path), str(PACKAGE), "yes"]


class FakeChild:
    """Notes the signals that it gets; something may happen while it is waited for."""

    def __init__(self, during: Any = lambda: None) -> None:
        self.got: list[int] = []
        self._during = during

    def send_signal(self, number: int) -> None:
        self.got.append(number)

    def wait(self) -> int:
        self._during()
        return 7


def test_a_signal_is_passed_on_once_whenever_it_comes() -> None:
    with PassedOnSignals() as signals:
        during: Any = FakeChild(lambda: os.kill(os.getpid(), signal.SIGINT))
        assert signals.wait(during) == 7
        assert during.got == [signal.SIGINT]
        early: Any = FakeChild()
        os.kill(os.getpid(), signal.SIGINT)
        signals.wait(early)
        assert early.got == [signal.SIGINT]


def test_what_is_ignored_stays_ignored_and_the_rest_is_put_back() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with PassedOnSignals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGINT) is not before[signal.SIGINT]
        assert signal.getsignal(signal.SIGINT) is before[signal.SIGINT]
    finally:
        signal.signal(signal.SIGHUP, before[signal.SIGHUP])
