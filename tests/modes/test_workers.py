"""Workers while they run: their rows, threads and BLAS, and their end."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any

import orphans
import psutil
import pytest
from threadpoolctl import threadpool_limits
from toy_workload import BUILDING, ToyShard, ToyWorkload, WorkerFault, blas_threads

from walkerbench.errors import WorkerTimeout
from walkerbench.workloads.contract import WORKER_COLUMNS

ALL_MODES = pytest.mark.parametrize("name", ["sequential", "threaded", "process"])
DEADLINE_S = 30


def run_frame(mode: Any, frame: int) -> None:
    mode.dispatch(frame)
    mode.wait(frame, DEADLINE_S)


@ALL_MODES
def test_every_worker_writes_its_row(make_mode: Any, name: str) -> None:
    mode = make_mode(name)
    mode.start(ToyWorkload(), 3)
    assert mode.buffers.workers[:, 0].tolist() == [-1, -1, -1]
    for frame in (0, 1):
        before = time.perf_counter_ns()
        run_frame(mode, frame)
        after = time.perf_counter_ns()
        rows = dict(zip((*WORKER_COLUMNS, "mix_ns", "move_ns"), mode.buffers.workers.T, strict=True))
        assert rows["completed_frame"].tolist() == [frame] * 3
        assert (rows["start_ns"] >= before).all()
        assert (rows["start_ns"] + rows["busy_ns"] <= after).all()
        assert (rows["mix_ns"] > 0).all()
        assert (rows["move_ns"] > 0).all()
        assert (rows["mix_ns"] + rows["move_ns"] <= rows["busy_ns"]).all()
        assert (rows["cpu_ns"] >= 0).all()
    assert mode.buffers.counters.tolist() == [[4, 4, 0]] * 3 + [[0, 0, 0]]


@ALL_MODES
def test_a_collection_is_recorded_for_its_worker_and_frame(make_mode: Any, name: str) -> None:
    mode = make_mode(name)
    deeds = (WorkerFault("disable gc", 0, 0), WorkerFault("collect garbage", 0, 2))
    mode.start(ToyWorkload(worker_faults=deeds), 2)
    collected = []
    try:
        for frame in range(4):
            run_frame(mode, frame)
            collected.append((mode.buffers.workers[:, WORKER_COLUMNS.index("gc_ns")] > 0).tolist())
    finally:
        gc.enable()
    assert collected[1:] == [[False, False], [True, False], [False, False]]


def test_a_collection_within_a_digest_belongs_to_no_frame(make_mode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mode = make_mode("sequential")
    mode.start(ToyWorkload(), 1)
    monkeypatch.setattr(ToyShard, "digest", lambda _shard: gc.collect())
    gc.disable()
    try:
        run_frame(mode, 0)
        mode.checkpoint(0, DEADLINE_S)
        run_frame(mode, 1)
    finally:
        gc.enable()
    assert mode.buffers.workers[0, WORKER_COLUMNS.index("gc_ns")] == 0
    assert mode.garbage.total_ns > 0


@pytest.mark.parametrize(("name", "threads"), [("sequential", 1), ("threaded", 3), ("process", 3)])
def test_where_shards_run(make_mode: Any, name: str, threads: int) -> None:
    mode = make_mode(name, threads=3)
    mode.start(ToyWorkload(), 3)
    ran_on = set()
    for frame in range(20):
        run_frame(mode, frame)
        ran_on |= set(mode.buffers.current["thread"].tolist())
    own = os.getpid()  # also the number of the main thread
    if name == "sequential":
        assert ran_on == {own}
    else:
        assert own not in ran_on
        assert len(ran_on) <= threads
    assert list(mode.worker_pids()) == (sorted(ran_on) if name == "process" else [])


@ALL_MODES
def test_blas_has_one_thread_everywhere_until_close(make_mode: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("OPENBLAS", "MKL", "OMP"):
        monkeypatch.setenv(f"{library}_NUM_THREADS", "2")  # for workers; this machine's default may differ
    with threadpool_limits(limits=2):
        assert blas_threads() == 2
        mode = make_mode(name)
        mode.start(ToyWorkload(watch_blas=True), 2)
        run_frame(mode, 0)
        assert mode.buffers.current["blas_threads"].tolist() == [1] * 6
        assert blas_threads() == 1
        mode.close()
        assert blas_threads() == 2


@pytest.mark.usefixtures("impatient")
def test_neither_the_barrier_nor_a_waiting_worker_spins(make_mode: Any) -> None:
    mode = make_mode("process")
    mode.start(ToyWorkload(worker_faults=(WorkerFault("hang", 0, 0),)), 2)
    idle = psutil.Process(mode.worker_pids()[1])
    mode.dispatch(0)
    timeout_s = 1.0
    used, waited = time.process_time(), idle.cpu_times()
    with pytest.raises(WorkerTimeout):
        mode.wait(0, timeout_s)
    parent_s = time.process_time() - used
    worker_s = sum(idle.cpu_times()[:2]) - sum(waited[:2])
    # Spinning would use the whole second, or half of it where both share a core.
    assert max(parent_s, worker_s) < 0.25 * timeout_s


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's list of processes")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_interrupts_reach_only_the_parent(make_mode: Any, number: Any) -> None:
    mode = make_mode("process")
    mode.start(
        ToyWorkload(worker_faults=(WorkerFault("signal", 0, BUILDING, number), WorkerFault("signal", 0, 0, number))), 2
    )
    for pid in mode.worker_pids():
        os.kill(pid, number)
        # Blocked, and not only ignored, from the first instruction on, even while Python starts.
        blocked = re.search(r"^SigBlk:\s+(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        assert blocked is not None
        assert int(blocked[1], 16) >> (number - 1) & 1
    run_frame(mode, 0)
    run_frame(mode, 1)


@contextmanager
def script_with_workers(how: str) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """A process that started workers, and a handle for each worker, ready once the worker has ended."""
    script = Path(orphans.__file__)
    with subprocess.Popen(
        [sys.executable, str(script), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        handles = [os.pidfd_open(pid) for pid in pids]
        try:
            assert len(handles) == 2
            yield parent, handles
        finally:
            parent.kill()
            for handle in handles:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                os.close(handle)


def assert_gone(handles: list[int]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    assert all(wait_for([handle], max(0.0, deadline - time.monotonic())) for handle in handles)


needs_handles = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux's handles of processes")


@needs_handles
@pytest.mark.parametrize("how", ["idle", "hung"])
def test_workers_leave_when_their_parent_is_killed(how: str) -> None:
    with script_with_workers(how) as (parent, workers):
        assert wait_for(workers, 0) == []
        parent.kill()
        assert_gone(workers)


@needs_handles
def test_a_script_that_forgets_to_stop_still_ends() -> None:
    with script_with_workers("forgetful") as (parent, workers):
        assert parent.wait(DEADLINE_S) == 0
        assert_gone(workers)
