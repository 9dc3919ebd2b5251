from __future__ import annotations

import gc
import mmap
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from neighbours import busy_neighbours, pinned_to_one_core

from walkerbench.recorded_value import MISSING, UNREAD
from walkerbench.recording import scheduling
from walkerbench.recording.scheduling import CoreWaitSource, ThreadMeter, ThreadSpan, UsageSource

needs_schedstat = pytest.mark.skipif(not CoreWaitSource().available, reason="needs /proc's schedstat")
needs_rusage = pytest.mark.skipif(not UsageSource().available, reason="needs getrusage of a thread")

PAGES = 1000
MS = 1_000_000


def spin(cpu_s: float) -> None:
    end = time.thread_time() + cpu_s
    while time.thread_time() < end:
        pass


def span_of(work: Any) -> ThreadSpan:
    meter = ThreadMeter()
    meter.begin()
    work()
    return ThreadSpan(*meter.end())


@needs_schedstat
def test_cpu_time_is_that_of_this_thread_alone() -> None:
    with Path("/proc/thread-self/schedstat").open() as file:
        meter, before = ThreadMeter(), int(file.read().split()[0])
        meter.begin()
        other = threading.Thread(target=spin, args=(0.02,))
        other.start()
        other.join()
        spin(0.02)
        span = ThreadSpan(*meter.end())
        file.seek(0)
        counted = int(file.read().split()[0]) - before
    assert 20_000_000 <= span.cpu_ns <= counted


@needs_schedstat
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs to choose a core")
def test_waiting_for_a_core_is_not_sleeping() -> None:
    with pinned_to_one_core(), busy_neighbours(1):
        assert span_of(lambda: spin(0.05)).core_wait_ns > 10_000_000
    slept = span_of(lambda: time.sleep(0.05))
    assert slept.core_wait_ns + slept.cpu_ns < 25_000_000


@needs_schedstat
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs to choose a core")
def test_waiting_before_a_span_is_kept_apart_or_forgotten() -> None:
    meter = ThreadMeter()
    with pinned_to_one_core(), busy_neighbours(1):
        spin(0.05)
        meter.begin()
        first = ThreadSpan(*meter.end())
        with meter.left_out():
            spin(0.05)
        meter.begin()
        second = ThreadSpan(*meter.end())
    assert first.core_wait_before_ns > 10_000_000
    assert first.core_wait_ns < first.core_wait_before_ns
    assert 0 <= second.core_wait_before_ns < first.core_wait_before_ns


@needs_rusage
def test_page_faults_are_counted_in_the_thread_that_has_them() -> None:
    def touch() -> None:
        with mmap.mmap(-1, PAGES * mmap.PAGESIZE) as pages:
            for page in range(PAGES):
                pages[page * mmap.PAGESIZE] = 1

    # Where the system maps pages in groups, there is one fault per group.
    assert 1 <= span_of(touch).minor_faults <= 2 * PAGES
    other = threading.Thread(target=touch)

    def wait_for_other() -> None:
        other.start()
        other.join()

    idle = span_of(wait_for_other)
    assert idle.minor_faults < PAGES // 2
    assert idle.major_faults == 0


@needs_rusage
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs to choose a core")
def test_other_busy_threads_cause_involuntary_switches() -> None:
    with pinned_to_one_core(), busy_neighbours(1):
        assert span_of(lambda: spin(0.05)).involuntary_switches > 0


@pytest.mark.parametrize("content", [None, "", "1 2", "0 0 0\n", "1 2 3 4"])
def test_a_file_of_another_form_is_no_source(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "schedstat"
    if content is not None:
        path.write_text(content)
    assert not CoreWaitSource(str(path)).available


def test_without_sources_all_but_cpu_time_is_missing_and_not_0(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(scheduling, "resource", None)
    monkeypatch.setattr(CoreWaitSource.__init__, "__defaults__", (str(tmp_path / "none"),))
    cpu_ns, *others = span_of(lambda: spin(0.001))
    assert cpu_ns >= 1_000_000
    assert set(others) == {MISSING}


@needs_schedstat
def test_the_file_is_read_again_and_closed_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "schedstat"
    path.write_text("10 20 30\n")
    open_before = psutil.Process().num_fds()
    source = CoreWaitSource(str(path))
    assert source.total_ns() == 20
    path.write_text("11 25 31\n")
    assert source.total_ns() == 25
    assert psutil.Process().num_fds() == open_before + 1
    del source
    gc.collect()
    assert psutil.Process().num_fds() == open_before


@needs_schedstat
def test_the_gil_is_kept_while_the_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def release_the_gil(*arguments: Any) -> bytes:
        raise AssertionError("os.pread releases the GIL")

    source = CoreWaitSource()
    monkeypatch.setattr(os, "pread", release_the_gil)
    assert source.total_ns() >= 0


@needs_schedstat
def test_a_system_without_the_c_function_reads_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "schedstat"
    path.write_text("10 20 30\n")
    source = CoreWaitSource(str(path))
    assert source.total_ns() == 20
    monkeypatch.setattr(scheduling, "_pread", None)
    assert source.total_ns() == 20


@needs_schedstat
def test_the_interpreters_exit_closes_a_source_in_silence() -> None:
    # At exit a module's names become None, and then what still refers to it is removed.
    code = (
        "from walkerbench.recording import scheduling\n"
        "source = scheduling.CoreWaitSource()\n"
        "scheduling.os = None\n"
        "del source\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_each_thread_has_its_own_sources_until_it_ends() -> None:
    meter = ThreadMeter()
    meter.begin()
    spans: list[ThreadSpan] = []

    def measure() -> None:
        meter.begin()
        spans.append(ThreadSpan(*meter.end()))

    gc.collect()
    open_before = psutil.Process().num_fds() if hasattr(psutil.Process, "num_fds") else 0
    for _ in range(3):
        thread = threading.Thread(target=measure)
        thread.start()
        thread.join()
    spin(0.005)
    own = ThreadSpan(*meter.end())
    assert all(span.cpu_ns < own.cpu_ns for span in spans)
    assert all(span.core_wait_before_ns <= 0 for span in spans)
    if open_before:
        assert psutil.Process().num_fds() == open_before


class Scripted:
    """A meter whose clocks and sources say what a test sets."""

    available = True

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_ns = 10 * MS
        self.cpu_ns = self.wait_ns = self.slept = self.pushed = self.readings = 0
        for name, stand_in in (
            ("CoreWaitSource", lambda: self),
            ("UsageSource", lambda: self),
            ("perf_counter_ns", lambda: self.now_ns),
            ("thread_time_ns", lambda: self.cpu_ns),
        ):
            monkeypatch.setattr(scheduling, name, stand_in)
        self.meter = ThreadMeter()
        self.readings = 0

    def total_ns(self) -> int:
        self.readings += 1
        return self.wait_ns

    def totals(self) -> tuple[float, int, int, int, int]:
        return 0.0, 0, 0, self.slept, self.pushed

    def rest(self, wait_ns: int) -> None:
        """Sleep between two spans, and wait for a core when woken."""
        self.slept += 1
        self.wait_ns += wait_ns

    def span(
        self, wait_ns: int = 0, *, off_ns: int = 0, slept: int = 0, pushed: int = 0, for_others: bool = False
    ) -> tuple[int, int]:
        """Return how long the thread waited within a span of 1 ms and before it, as the meter says."""
        self.meter.begin()
        self.now_ns += MS
        self.cpu_ns += MS - off_ns
        self.wait_ns += wait_ns
        self.slept += slept
        self.pushed += pushed
        span = ThreadSpan(*self.meter.end(for_others))
        return span.core_wait_ns, span.core_wait_before_ns


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    return Scripted(monkeypatch)


def test_a_thread_that_never_leaves_its_core_is_not_read(scripted: Scripted) -> None:
    assert [scripted.span() for _ in range(20)] == [(0, 0)] * 20
    assert scripted.readings == 0


def test_a_thread_that_sleeps_between_spans_is_read_every_5_ms(scripted: Scripted) -> None:
    spans = []
    for _ in range(11):
        scripted.rest(10)
        spans.append(scripted.span())
    unread = [(0, UNREAD)] * 4
    assert spans == [(0, 10), *unread, (0, 50), *unread, (0, 50)]
    assert scripted.readings == 3


def test_a_thread_that_was_pushed_off_its_core_waited_all_the_time(scripted: Scripted) -> None:
    assert scripted.span(300, off_ns=300, pushed=1) == (300, 0)
    scripted.rest(20)
    assert scripted.span(400, off_ns=400, pushed=2) == (400, 20)
    assert scripted.readings == 1


def test_a_wait_within_a_span_is_at_most_the_time_off_the_core(scripted: Scripted) -> None:
    scripted.rest(500)
    assert scripted.span(300, off_ns=200, slept=1) == (200, 600)


def test_a_span_in_which_the_thread_slept_is_read(scripted: Scripted) -> None:
    scripted.rest(10)
    assert scripted.span() == (0, 10)
    scripted.rest(20)
    assert scripted.span() == (0, UNREAD)
    scripted.rest(20)
    assert scripted.span(300, off_ns=300, slept=1) == (300, 40)


def test_waits_before_and_within_are_told_apart_where_both_are_usual(scripted: Scripted) -> None:
    spans = []
    for _ in range(3):
        scripted.rest(10)
        spans.append(scripted.span(5, off_ns=900, slept=1))
    assert spans == [(15, 0), (5, 10), (5, 10)]


def test_a_thread_that_waits_for_others_is_read_every_5_ms(scripted: Scripted) -> None:
    spans = [scripted.span(10, off_ns=900, slept=1, for_others=True) for _ in range(8)]
    assert spans == [(10, 0), *[(UNREAD, 0)] * 4, (50, 0), *[(UNREAD, 0)] * 2]
    assert scripted.span(10, off_ns=900, slept=1, pushed=1, for_others=True) == (30, 0)


def test_each_long_span_is_read(scripted: Scripted) -> None:
    spans = []
    for _ in range(3):
        scripted.rest(10)
        scripted.now_ns += 5 * MS
        spans.append(scripted.span())
    assert spans == [(0, 10)] * 3


def test_who_waits_for_others_and_rests_is_read_in_each_span(scripted: Scripted) -> None:
    spans = []
    for _ in range(3):
        spans.append(scripted.span(10, off_ns=900, slept=1, for_others=True))
        scripted.rest(20)
    assert spans == [(10, 0), (10, 20), (10, 20)]


def test_what_is_left_out_belongs_to_no_span(scripted: Scripted) -> None:
    for wait_ns in (10, 20, 30):
        scripted.rest(wait_ns)
        scripted.span()
    scripted.rest(5)  # woken for what is left out
    with scripted.meter.left_out():
        scripted.rest(1000)
    assert [scripted.span() for _ in range(6)] == [*[(0, UNREAD)] * 4, (0, 55), (0, 0)]
