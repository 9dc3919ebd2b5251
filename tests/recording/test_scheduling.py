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

from walkerbench.recorded_value import MISSING
from walkerbench.recording import scheduling
from walkerbench.recording.scheduling import CoreWaitSource, ThreadMeter, ThreadSpan, UsageSource

needs_schedstat = pytest.mark.skipif(not CoreWaitSource().available, reason="needs /proc's schedstat")
needs_rusage = pytest.mark.skipif(not UsageSource().available, reason="needs getrusage of a thread")

PAGES = 1000


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
        spin(0.05)
        meter.restart()
        meter.begin()
        second = ThreadSpan(*meter.end())
    assert first.core_wait_before_ns > 10_000_000
    assert first.core_wait_ns < first.core_wait_before_ns
    assert second.core_wait_before_ns < first.core_wait_before_ns


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
