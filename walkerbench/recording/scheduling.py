"""Measures a thread's waiting for a core, page faults and involuntary switches, from what the system records.

Each thread checks once which sources the system has. Figures of a missing source are `MISSING`, never 0.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from time import thread_time_ns
from typing import Any, NamedTuple, cast

from walkerbench.recorded_value import MISSING

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_SCHEDSTAT = "/proc/thread-self/schedstat"
_MOST_SCHEDSTAT_BYTES = 64  # bytes: three 64-bit numbers in decimal
_NS_PER_S = 1e9


def _pread_with_gil() -> Callable[[int, Any, int, int], int] | None:
    """Return the C library's `pread`, called without releasing the GIL; None where there is none.

    `os.pread` releases the GIL for a call of two microseconds, and where other threads of this process wait for the
    GIL, it takes fifty until this thread has it again: the measurement would disturb what it measures.
    """
    try:
        function = ctypes.PyDLL(None).pread
    except (AttributeError, OSError, TypeError):  # Windows
        return None
    function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int64]
    function.restype = ctypes.c_ssize_t
    return cast("Callable[[int, Any, int, int], int]", function)


_pread = _pread_with_gil()


class ThreadSpan(NamedTuple):
    """What one thread used between `ThreadMeter.begin` and `end`; `MISSING` where not available on this system.

    Attributes:
        cpu_ns: CPU time. On a virtual machine it may include time that the hypervisor took.
        core_wait_ns: Time in which the thread was ready to run and waited for a core.
        core_wait_before_ns: The same, between the previous span or `restart` and the beginning of this one: a woken
            thread waits before it can read the clock. 0 in a thread's first span.
        system_ns: Part of `cpu_ns`: time within the system's kernel; exact to a clock tick on some systems.
        minor_faults: Page faults that needed no reading from a disk.
        major_faults: Page faults that needed reading from a disk.
        involuntary_switches: How often the thread had to leave its core to others.
        voluntary_switches: How often it left its core because it had to wait.
    """

    cpu_ns: int
    core_wait_ns: int
    core_wait_before_ns: int
    system_ns: int
    minor_faults: int
    major_faults: int
    involuntary_switches: int
    voluntary_switches: int


class CoreWaitSource:
    """Reads from Linux's `schedstat` how long the thread that made this object has waited for a core.

    Args:
        path: The thread's `schedstat` file.
    """

    def __init__(self, path: str = _SCHEDSTAT) -> None:
        self._file: int | None = None
        self._bytes = ctypes.create_string_buffer(_MOST_SCHEDSTAT_BYTES)
        try:
            self._file = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
            fields = os.pread(self._file, _MOST_SCHEDSTAT_BYTES, 0).split()
        except (OSError, AttributeError):  # Windows has no pread
            fields = []
        # A kernel without such statistics shows 0 runs; a thread that reads them has run at least once.
        if len(fields) != 3 or fields[2] == b"0":
            self._close()

    @property
    def available(self) -> bool:
        """Whether the system says it."""
        return self._file is not None

    def total_ns(self) -> int:
        """Return the sum so far, in nanoseconds; 0 where it is not available on this system."""
        if self._file is None:
            return 0
        if _pread is None:
            return int(os.pread(self._file, _MOST_SCHEDSTAT_BYTES, 0).split()[1])
        _pread(self._file, self._bytes, _MOST_SCHEDSTAT_BYTES, 0)
        return int(self._bytes.value.split()[1])

    def __del__(self) -> None:
        self._close()

    def _close(self, close: Callable[[int], None] = os.close) -> None:
        # The default argument, because `os` may be gone when the interpreter exits.
        file, self._file = self._file, None
        if file is not None:
            close(file)


class UsageSource:
    """Reads system time, page faults and involuntary switches of the calling thread from `getrusage`."""

    def __init__(self) -> None:
        # Every Unix has the figures of the whole process, but those say nothing about one thread.
        self._who: int | None = getattr(resource, "RUSAGE_THREAD", None)

    @property
    def available(self) -> bool:
        """Whether the system says it."""
        return self._who is not None

    def totals(self) -> tuple[float, int, int, int, int]:
        """Return system time in seconds, minor faults, major faults, voluntary and involuntary switches so far.

        All 0 where they are not available on this system.
        """
        if self._who is None:
            return 0.0, 0, 0, 0, 0
        usage = resource.getrusage(self._who)
        return usage.ru_stime, usage.ru_minflt, usage.ru_majflt, usage.ru_nvcsw, usage.ru_nivcsw


class ThreadMeter(threading.local):
    """Measures spans of the thread that calls it; each thread has its own sources and readings."""

    def __init__(self) -> None:
        self._thread = _Thread()

    def begin(self) -> None:
        """Begin a span."""
        self._thread.begin()

    def end(self) -> tuple[int, ...]:
        """End the span begun last in this thread.

        Returns:
            The fields of a `ThreadSpan`, in their order.
        """
        return self._thread.end()

    def restart(self) -> None:
        """Forget how long the thread has waited since its last span: that time belongs to no span."""
        self._thread.restart()


class _Thread:
    """One thread's sources, and the last readings from them."""

    # After a frame, little of this code is left in the processor's caches: every lookup and call costs several times
    # more than in a loop. So the work is written out here, and a span is a plain tuple.
    __slots__ = ("_begun_ns", "_begun_usage", "_begun_wait_ns", "_core_wait", "_ended_wait_ns", "_missing", "_switches",
                 "_usage", "_wait_ns")  # fmt: skip

    def __init__(self) -> None:
        self._core_wait = CoreWaitSource()
        self._usage = UsageSource()
        waits, counts = not self._core_wait.available, not self._usage.available
        self._missing = (False, waits, waits, *[counts] * 5) if waits or counts else ()
        self._switches = 0
        self._wait_ns = self._core_wait.total_ns()
        self._ended_wait_ns = self._wait_ns
        self.begin()

    def begin(self) -> None:
        self._begun_ns = thread_time_ns()
        self._begun_usage = self._read()
        self._begun_wait_ns = self._wait_ns

    def end(self) -> tuple[int, ...]:
        cpu_ns = thread_time_ns() - self._begun_ns
        system_s, minor, major, voluntary, involuntary = self._read()
        begun_system_s, begun_minor, begun_major, begun_voluntary, begun_involuntary = self._begun_usage
        wait_ns, begun_wait_ns, ended_wait_ns = self._wait_ns, self._begun_wait_ns, self._ended_wait_ns
        self._ended_wait_ns = wait_ns
        span = (
            cpu_ns,
            wait_ns - begun_wait_ns,
            begun_wait_ns - ended_wait_ns,
            int((system_s - begun_system_s) * _NS_PER_S),
            minor - begun_minor,
            major - begun_major,
            involuntary - begun_involuntary,
            voluntary - begun_voluntary,
        )
        return span if not self._missing else self._marked(span)

    def restart(self) -> None:
        self._read()
        self._ended_wait_ns = self._wait_ns

    def _read(self) -> tuple[float, int, int, int, int]:
        """Return the usage; update the time that the thread has waited, where that can have changed."""
        usage = self._usage.totals()
        # Only a thread that has left its core waits for one; this saves a second system call in most frames.
        switches = usage[3] + usage[4]
        if switches != self._switches or not self._usage.available:
            self._switches = switches
            self._wait_ns = self._core_wait.total_ns()
        return usage

    def _marked(self, span: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(MISSING if missing else value for value, missing in zip(span, self._missing, strict=True))
