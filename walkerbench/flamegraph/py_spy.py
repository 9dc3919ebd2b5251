"""Record a run in a process of its own, with or without py-spy.

py-spy starts the run itself: most Linux systems permit it to read its own children, but not to attach to a running
process (`kernel.yama.ptrace_scope = 1`).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import psutil

from walkerbench.errors import Interrupted, RunBroken, UsageError
from walkerbench.running.run_process import EndedProcess, RunRequest, error_of, run_in_process
from walkerbench.system.child_processes import ChildProcess, interpreter_command
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.system.resources import read_text
from walkerbench.system.temporary import temporary_directory

SampleKind = Literal["wall", "gil"]
"""What is sampled: every thread at any time, or the thread that holds the GIL."""

RATE_HZ = 100
"""Samples per second; py-spy's own default."""

_INTERRUPT_CHECK_S = 0.1  # how often interrupts are checked during the run
_TAIL_BYTES = 16384
_PROBE = "import time; time.sleep(30)"  # py-spy ends this program after 1 s, the shortest time that it can record
_PROBE_TIMEOUT_S = 30.0
_REFUSED = re.compile(r"EPERM|EACCES|permission|permitted|os error (1|13)\b|requires root", re.IGNORECASE)
_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")


def find_py_spy() -> str:
    """Return the path of py-spy: beside this interpreter, or where the shell finds it.

    Raises:
        UsageError: py-spy is not installed.
    """
    places = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))
    found = shutil.which("py-spy", path=places)
    if found is None:
        raise UsageError("py-spy is not installed: pip install 'walkerbench[flamegraph]'")
    return found


def check_permitted(py_spy: str, place: Path | None = None) -> None:
    """Check with a short recording that py-spy may read the processes that it starts.

    Args:
        py_spy: The path of py-spy.
        place: Where its temporary files go; None for where the system's go.

    Raises:
        UsageError: py-spy is not permitted to; the message says what to allow.
        RunBroken: py-spy does not work here for another reason.
    """
    recording = [py_spy, "record", "--format", "raw", "--duration", "1", "--output", os.devnull]
    command = [*recording, "--", *interpreter_command(), "-c", _PROBE]
    with _py_spy_variables(place) as variables, ChildProcess(command, variables=variables) as child:
        if not child.ended_within(_PROBE_TIMEOUT_S):
            raise RunBroken(f"py-spy should record for 1 s, but did not end within {_PROBE_TIMEOUT_S:g} s")
        said = " ".join(child.stderr_tail(_TAIL_BYTES).split())
    if child.exit_status == 0:
        return
    if _REFUSED.search(said):
        allow = what_to_allow(sys.platform, read_text(_YAMA))
        raise UsageError(f"py-spy is not permitted to look into processes here: {allow}")
    raise RunBroken(f"py-spy does not work here: it ended with status {child.exit_status}: {said or 'it said nothing'}")


def record(request: RunRequest, interrupts: InterruptWatch) -> None:
    """Record a run in a process of its own.

    Args:
        request: What is run, and where it is recorded.
        interrupts: Checked during the run; an interrupt is passed on to it.

    Raises:
        UsageError: The run cannot be carried out as asked.
        Interrupted: An interrupt came before the run began.
    """
    ended = run_in_process(request, lambda child: _wait(child, interrupts, sampled=False))
    _check(ended, request.directory, interrupts, sampled=False)


def record_sampled(
    py_spy: str, request: RunRequest, samples: Path, kind: SampleKind, interrupts: InterruptWatch
) -> None:
    """Record a run under py-spy.

    Args:
        py_spy: The path of py-spy.
        request: What is run, and where it is recorded.
        samples: The speedscope file that py-spy writes.
        kind: What is sampled.
        interrupts: Checked during the run; an interrupt is passed on to it, and the samples are kept.

    Raises:
        UsageError: The run cannot be carried out as asked.
        RunBroken: py-spy broke.
        Interrupted: An interrupt came before the run began.
    """
    which = "--gil" if kind == "gil" else "--idle"
    recording = [py_spy, "record", "--format", "speedscope", "--rate", str(RATE_HZ), "--output", str(samples)]
    wrapper = [*recording, "--subprocesses", "--threads", which, "--"]
    with _py_spy_variables(samples.parent) as variables:
        ended = run_in_process(
            request, lambda child: _wait(child, interrupts, sampled=True), wrapper=wrapper, variables=variables
        )
    _check(ended, request.directory, interrupts, sampled=True)


def what_to_allow(platform: str, ptrace_scope: str | None) -> str:
    """Return how to permit py-spy to read processes.

    Args:
        platform: The value of `sys.platform`.
        ptrace_scope: The value of Linux's `kernel.yama.ptrace_scope`, or None without Yama.
    """
    if platform == "darwin":
        return "macOS permits it to root only: run the command with sudo"
    if ptrace_scope is not None and ptrace_scope.strip() in {"2", "3"}:
        return "allow it with `sudo sysctl kernel.yama.ptrace_scope=1`, or run the command with sudo"
    return "in a container, start it with `--cap-add SYS_PTRACE`; elsewhere, run the command with sudo"


def _wait(child: ChildProcess, interrupts: InterruptWatch, *, sampled: bool) -> int:
    """Wait until a run ends, then py-spy; pass the first interrupt on to the run, which then closes in order."""
    passed_on = False
    while not child.ended_within(_INTERRUPT_CHECK_S):
        if interrupts.received is not None and not passed_on:
            with suppress(psutil.Error, IndexError):  # py-spy may not have started the run yet: then the next time
                whole = psutil.Process(child.pid)
                (whole.children()[0] if sampled else whole).send_signal(signal.SIGINT)
                child.resume_group()  # a stopped process could not end
                passed_on = True
    return child.kill_group()  # a py-spy that broke may have left the run


@contextmanager
def _py_spy_variables(place: Path | None) -> Iterator[dict[str, str]]:
    """Yield environment variables for py-spy: they shorten its errors, and set the folder of its temporary file.

    The temporary file goes into the folder of the flame graphs: if py-spy is killed, no file is left elsewhere.
    """
    with temporary_directory(".py-spy-", place, ignore_cleanup_errors=True) as temporary:
        yield {"RUST_BACKTRACE": "0", "TMPDIR": os.path.abspath(temporary)}  # noqa: PTH100  it need not be resolved


def _check(ended: EndedProcess, run: Path, interrupts: InterruptWatch, *, sampled: bool) -> None:
    """Raise an error if the run did not begin, or if py-spy failed."""
    began = (run / "run.json").exists()
    if interrupts.received is not None and not began:
        raise Interrupted(f"interrupted ({interrupts.received}) before the run began")
    if sampled and ended.exit_status != 0 and ended.message is None:
        said = " ".join(ended.stderr_tail.split())
        raise RunBroken(f"py-spy ended with status {ended.exit_status}: {said or 'it said nothing'}")
    if not began:
        if ended.ending is None or ended.ending.message is None:
            raise UsageError("the run ended before it began: try it by itself with `walkerbench run`")
        raise error_of(ended.ending.exit_code, ended.ending.message)
