"""What the system says of a thread's time: waiting for a core, page faults, involuntary switches.

Each source is probed once a thread. Where the system lacks one, its figures are `MISSING`, never 0.
"""

from __future__ import annotations

import os
import threading
import time
from typing import NamedTuple

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

MISSING = -1
"""What stands in an integer column where the system has no source for it."""

_SCHEDSTAT = "/proc/thread-self/schedstat"
_LONGEST = 64  # bytes: three 64-bit numbers in decimal
_NS_PER_S = 1e9


class ThreadSpan(NamedTuple):
    """What one thread used between `ThreadMeter.begin` and `end`; `MISSING` where the system does not say.

    Attributes:
        cpu_ns: CPU time. On a virtual machine, what the hypervisor took meanwhile may be part of it.
        core_wait_ns: Ready to run, waiting for a core.
        core_wait_before_ns: The same between the span before, or `restart`, and the beginning: a woken thread waits
            before it can look at the clock. 0 in a thread's first span.
        system_ns: Of the CPU time, that within the system's kernel; to the tick on some systems.
        minor_faults: Page faults that needed no reading from a disk.
        major_faults: Page faults that did.
        involuntary_switches: How often the thread had to leave its core to others.
    """

    cpu_ns: int
    core_wait_ns: int
    core_wait_before_ns: int
    system_ns: int
    minor_faults: int
    major_faults: int
    involuntary_switches: int


class CoreWaitSource:
    """How long the thread that made it has waited for a core, from Linux's `schedstat`; for that thread only.

    Args:
        path: The thread's `schedstat`.
    """

    def __init__(self, path: str = _SCHEDSTAT) -> None:
        self._file: int | None = None
        try:
            self._file = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            fields = os.pread(self._file, _LONGEST, 0).split()
        except (OSError, AttributeError):  # Windows has no pread
            fields = []
        # A kernel that keeps no such statistics shows zeros; a thread that reads them has run at least once.
        if len(fields) != 3 or fields[2] == b"0":
            self._close()

    def total_ns(self) -> int:
        """The sum so far, in nanoseconds, or `MISSING`."""
        return MISSING if self._file is None else int(os.pread(self._file, _LONGEST, 0).split()[1])

    def __del__(self) -> None:
        self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


class UsageSource:
    """System time, page faults and involuntary switches of the thread that asks, from `getrusage`."""

    def __init__(self) -> None:
        # The whole process's figures, which every Unix has, would say nothing of one thread.
        self._who: int | None = getattr(resource, "RUSAGE_THREAD", None)

    def totals(self) -> tuple[int, int, int, int]:
        """System time in nanoseconds, minor faults, major faults, involuntary switches so far, or all `MISSING`."""
        if self._who is None:
            return MISSING, MISSING, MISSING, MISSING
        usage = resource.getrusage(self._who)
        return int(usage.ru_stime * _NS_PER_S), usage.ru_minflt, usage.ru_majflt, usage.ru_nivcsw


class ThreadMeter(threading.local):
    """Measures spans of whichever thread calls it; each thread has sources and readings of its own."""

    def __init__(self) -> None:
        self._core_wait = CoreWaitSource()
        self._usage = UsageSource()
        self._ended_ns = self._core_wait.total_ns()
        self._begun: tuple[int, int, tuple[int, int, int, int]] = 0, MISSING, (0, 0, 0, 0)

    def begin(self) -> None:
        """Begin a span."""
        self._begun = time.thread_time_ns(), self._core_wait.total_ns(), self._usage.totals()

    def end(self) -> ThreadSpan:
        """End the span begun last in this thread."""
        cpu_ns, waited_ns, usage = self._begun
        used_ns = time.thread_time_ns() - cpu_ns
        ended_ns = self._core_wait.total_ns()
        before_ns, self._ended_ns = self._ended_ns, ended_ns
        return ThreadSpan(
            used_ns,
            _since(waited_ns, ended_ns),
            _since(before_ns, waited_ns),
            *map(_since, usage, self._usage.totals()),
        )

    def restart(self) -> None:
        """Forget what the thread has waited since its last span: it did something that belongs to none."""
        self._ended_ns = self._core_wait.total_ns()


def _since(before: int, now: int) -> int:
    return MISSING if now == MISSING else now - before
