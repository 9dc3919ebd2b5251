"""Real child processes: how they end, and how signals are passed on to them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from whole_process import until

from walkerbench.system.child_processes import ChildProcess, PassedOnSignals
from walkerbench.system.interrupts import SIGNALS

DEADLINE_S = 60.0
PIPED: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}

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
    with python("import sys; sys.stdin.read()", **PIPED) as child:
        assert not child.ended_within(0.0)
        child.send_signal(signal.SIGTERM)
        assert child.ended_within(DEADLINE_S)
        assert child.exit_status == -signal.SIGTERM


def test_a_child_leads_a_group_of_its_own() -> None:
    with python("import sys; sys.stdin.read()", **PIPED) as child:
        assert os.getpgid(child.pid) == child.pid != os.getpgrp()


def test_any_end_of_the_block_ends_the_whole_group() -> None:
    child = python(STARTS_A_GRANDCHILD, **PIPED)
    with suppress(RuntimeError), child:
        grandchild = int(child.stdout.readline())
        raise RuntimeError
    assert child.exit_status == -signal.SIGKILL
    assert gone(grandchild)


def test_processes_that_a_child_leaves_behind_are_killed() -> None:
    with python(STARTS_A_GRANDCHILD, **PIPED) as child:
        grandchild = int(child.stdout.readline())
        child.stdin.close()
        assert child.wait() == 0
        assert psutil.pid_exists(grandchild)
    assert gone(grandchild)


STARTS_A_CHILD_AND_A_GRANDCHILD = f"""
import subprocess, sys
from walkerbench.system.child_processes import ChildProcess
command = [sys.executable, "-c", {STARTS_A_GRANDCHILD!r}]
own_session = sys.argv[1] == "session"
with ChildProcess(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, own_session=own_session) as child:
    print(child.pid, int(child.stdout.readline()), flush=True)
    sys.stdin.read()
"""


@pytest.mark.promise("left behind", "All that a command started ends with it, even where it is stopped.")
@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
@pytest.mark.parametrize("own", ["group", "session"])
def test_when_the_parent_is_killed_all_its_processes_end(own: str, stopped: bool) -> None:
    with ChildProcess([sys.executable, "-c", STARTS_A_CHILD_AND_A_GRANDCHILD, own], **PIPED) as parent:
        everything = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        everything += [each for each in psutil.Process(parent.pid).children(recursive=True) if each not in everything]
        assert len(everything) == 3, "the child, the grandchild and their keeper"
        if stopped:
            for each in everything[:2]:
                each.suspend()
        parent.send_signal(signal.SIGKILL)
        assert parent.ended_within(DEADLINE_S)
        assert all(gone(each.pid) for each in everything)


def test_a_child_that_ended_leaves_no_keeper() -> None:
    before = psutil.Process().children()  # such as multiprocessing's tracker
    with python("pass") as child:
        child.wait()
    assert psutil.Process().children() == before


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's list of processes")
def test_a_keeper_ignores_interrupts() -> None:
    with python("import sys; sys.stdin.read()", **PIPED) as child:
        assert child._keeper is not None
        status = Path(f"/proc/{child._keeper.pid}/status")

        def ignored() -> int:
            (found,) = re.findall(r"^SigIgn:\s+(\w+)$", status.read_text(), re.MULTILINE)
            return int(found, 16)

        until(lambda: all(ignored() >> (number - 1) & 1 for number in SIGNALS))


def test_a_signal_reaches_a_stopped_child() -> None:
    with PassedOnSignals() as signals, python("import sys; sys.stdin.read()", **PIPED) as child:
        os.kill(child.pid, signal.SIGSTOP)
        until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_STOPPED)
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.wait(child) == -signal.SIGTERM


def test_output_is_read_completely_or_not_at_all() -> None:
    with python("print('x' * 200_000)", stdout=subprocess.PIPE) as child:
        assert len(child.output_within(DEADLINE_S) or b"") == 200_001
        assert child.exit_status == 0
    with python("print('x', flush=True); import time; time.sleep(3600)", stdout=subprocess.PIPE) as child:
        assert child.output_within(0.3) is None


def test_the_end_of_stderr_can_be_read() -> None:
    with python("import sys; sys.stderr.write('one two')") as child:
        child.wait()
        assert child.stderr_tail(3) == "two"
        assert child.stderr_tail(100) == "one two"


def test_reading_stderr_disturbs_no_child_that_writes() -> None:
    lines = 4_000
    with python(f"import os\nfor number in range({lines}): os.write(2, b'%05d\\n' % number)") as child:
        while not child.ended_within(0.0):
            child.stderr_tail(100)
        assert child.stderr_tail(lines * 6).split() == [f"{number:05}" for number in range(lines)]


def test_stderr_that_is_not_kept_goes_to_this_processs_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    with python("import sys; sys.stderr.write('seen')", keep_stderr=False) as child:
        child.wait()
        assert child.stderr_tail(100) == ""
    assert capfd.readouterr().err == "seen"


def test_a_child_gets_directory_and_variables(tmp_path: Path) -> None:
    source = "import os; print(os.getcwd(), os.environ['MORE'])"
    with python(source, directory=tmp_path, variables={"MORE": "yes"}, **PIPED) as child:
        assert child.stdout.read().decode().split() == [str(tmp_path), "yes"]


PASSES_TO_ITS_PARENT = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
print("ready", flush=True)
if sys.argv[1:]:
    os.kill(os.getppid(), signal.SIGINT)
first = signal.sigwait({signal.SIGINT, signal.SIGTERM})
os.kill(os.getppid(), signal.SIGTERM)
second = signal.sigwait({signal.SIGINT, signal.SIGTERM})
sys.exit(first * 100 + second)
"""
"""Waits for a signal, sends its parent another and waits for that one; its exit status says which came."""

SIGINT_THEN_SIGTERM = signal.SIGINT * 100 + signal.SIGTERM


class NotedSignals(ChildProcess):
    """A child that records the signals that are sent to it."""

    def __init__(self, *arguments: str) -> None:
        super().__init__([sys.executable, "-c", PASSES_TO_ITS_PARENT, *arguments], **PIPED)
        self.sent: list[int] = []

    def send_signal(self, number: int) -> None:
        self.sent.append(number)
        super().send_signal(number)


def test_a_signal_during_the_wait_is_passed_on_once() -> None:
    with PassedOnSignals() as signals, NotedSignals("sends") as child:
        assert signals.wait(child) == SIGINT_THEN_SIGTERM
        assert signals.received == signal.SIGTERM
        assert child.sent == [signal.SIGINT, signal.SIGTERM]


def test_a_signal_before_the_wait_is_passed_on_once() -> None:
    with PassedOnSignals() as signals, NotedSignals() as child:
        assert child.stdout.readline() == b"ready\n"
        os.kill(os.getpid(), signal.SIGINT)
        assert (signals.received, child.sent) == (signal.SIGINT, [])
        assert signals.wait(child) == SIGINT_THEN_SIGTERM
        assert child.sent == [signal.SIGINT, signal.SIGTERM]


def test_ignored_signals_stay_ignored_and_handlers_are_restored() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with PassedOnSignals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGINT) is not before[signal.SIGINT]
        assert signal.getsignal(signal.SIGINT) is before[signal.SIGINT]
    finally:
        signal.signal(signal.SIGHUP, before[signal.SIGHUP])
