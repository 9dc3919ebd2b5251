"""Measures a thread's waiting for a core, page faults and involuntary switches, from what the system records.

Each thread checks once which sources the system has. Figures of a missing source are `MISSING`, never 0.

After a frame's work, to read how long a thread has waited takes 12 to 16 µs, and all else together 2 µs. A thread that
sleeps between spans waits for a core when it wakes up, and would have to read it in each span. So it reads it when five
milliseconds have passed since the last time. The system adds up, so nothing is lost: short spans between are `UNREAD`,
and the next value includes theirs. Longer spans are all read.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter_ns, thread_time_ns
from typing import Any, NamedTuple, cast

from walkerbench.recorded_value import MISSING, UNREAD

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_SCHEDSTAT = "/proc/thread-self/schedstat"
_MOST_SCHEDSTAT_BYTES = 64  # bytes: three 64-bit numbers in decimal
_NS_PER_S = 1e9
_READ_EVERY_NS = 5_000_000


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
        core_wait_ns: Time in which the thread was ready to run and waited for a core; it may be `UNREAD` where the
            thread waits for others in each span.
        core_wait_before_ns: The same, between the previous span and the beginning of this one: a woken thread waits
            before it can read the clock. It may be `UNREAD` where the thread does not wait for others.
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

    def end(self, waits_for_others: bool = False) -> tuple[int, ...]:
        """End the span begun last in this thread.

        Args:
            waits_for_others: Whether the thread waits for others in each span, as the parent does for its workers.
                Then how long it waited for a core is not read in each span either.

        Returns:
            The fields of a `ThreadSpan`, in their order.
        """
        return self._thread.end(waits_for_others)

    @contextmanager
    def left_out(self) -> Iterator[None]:
        """Let the thread's waiting within a block of code, between two spans, belong to no span."""
        self._thread.note_wait()
        try:
            yield
        finally:
            self._thread.forget_wait()


class _Thread:
    """One thread's sources, and the last readings from them."""

    # After a frame, little of this code is left in the processor's caches: every lookup and call costs several times
    # more than in a loop. So the work is written out here, and a span is a plain tuple.
    __slots__ = ("_before_ns", "_begun_cpu_ns", "_begun_ns", "_begun_usage", "_core_wait", "_ended_switches",
                 "_missing", "_noted_ns", "_read_at_ns", "_rested", "_slept", "_usage", "_wait_ns")  # fmt: skip

    def __init__(self) -> None:
        self._core_wait = CoreWaitSource()
        self._usage = UsageSource()
        counts = not self._usage.available
        waits = counts or not self._core_wait.available
        self._missing = (False, waits, waits, *[counts] * 5) if waits else ()
        self._slept = False
        self._noted_ns = self._read_at_ns = 0  # read long ago, so that the first span is read
        self.forget_wait()
        self.begin()

    def begin(self) -> None:
        self._begun_ns = perf_counter_ns()
        self._begun_cpu_ns = thread_time_ns()
        usage = self._begun_usage = self._usage.totals()
        self._rested = usage[3] + usage[4] != self._ended_switches
        if self._rested and self._slept:  # where it sleeps between and within spans, the two waits are told apart here
            self._before_ns = self._read()
        else:  # only a thread that has left its core waits for one
            self._before_ns = UNREAD if self._rested or self._noted_ns > 0 else 0

    def end(self, waits_for_others: bool = False) -> tuple[int, ...]:
        cpu_ns = thread_time_ns() - self._begun_cpu_ns
        system_s, minor, major, voluntary, involuntary = self._usage.totals()
        begun_system_s, begun_minor, begun_major, begun_voluntary, begun_involuntary = self._begun_usage
        slept, pushed = voluntary - begun_voluntary, involuntary - begun_involuntary
        self._ended_switches, self._slept = voluntary + involuntary, slept > 0
        due = self._begun_ns - self._read_at_ns >= _READ_EVERY_NS
        wait_ns, before_ns = 0, self._before_ns
        if slept or pushed:
            off_core_ns = max(0, perf_counter_ns() - self._begun_ns - cpu_ns)
            if not slept:  # it was ready to run all the time
                wait_ns = off_core_ns
                self._noted_ns -= wait_ns
            elif before_ns == UNREAD:
                before_ns = self._read()
                wait_ns = min(before_ns, off_core_ns)
                before_ns -= wait_ns
            else:
                read = due or pushed or self._rested or not waits_for_others
                wait_ns = self._read() if read else UNREAD
        if due and before_ns == UNREAD:
            before_ns = self._read()
        span = (
            cpu_ns,
            wait_ns,
            before_ns,
            int((system_s - begun_system_s) * _NS_PER_S),
            minor - begun_minor,
            major - begun_major,
            pushed,
            slept,
        )
        return span if not self._missing else self._marked(span)

    def note_wait(self) -> None:
        """Keep how long the thread has waited so far for the next span."""
        self._noted_ns = self._read()

    def forget_wait(self) -> None:
        """Forget how long the thread has waited since the last reading."""
        self._wait_ns = self._core_wait.total_ns()
        usage = self._usage.totals()
        self._ended_switches = usage[3] + usage[4]

    def _read(self) -> int:
        """Return how long the thread has waited since the last reading, less what spans have said already, ns."""
        total_ns = self._core_wait.total_ns()
        waited_ns = max(0, total_ns - self._wait_ns + self._noted_ns)
        self._wait_ns, self._read_at_ns = total_ns, self._begun_ns
        self._noted_ns = 0
        return waited_ns

    def _marked(self, span: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(MISSING if missing else value for value, missing in zip(span, self._missing, strict=True))
