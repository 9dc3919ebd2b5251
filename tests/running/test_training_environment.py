from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from leftovers import nothing_left_behind, pool_threads
from threadpoolctl import threadpool_limits
from toy_workload import BUILDING, ToyWorkload, WorkerFault, blas_threads, release

from walkerbench.errors import (
    CallOrderError,
    CapacityError,
    EmergencyShutdown,
    UsageError,
    WorkerCrashed,
    WorkerError,
    WorkerFailed,
    WorkerTimeout,
)
from walkerbench.modes import process, thread_pool
from walkerbench.modes.faults import Faults
from walkerbench.modes.sequential import SequentialMode
from walkerbench.profile.safeguards import Safeguards
from walkerbench.running import capacity_check, worker_count
from walkerbench.running import training_environment as training
from walkerbench.running.capacity_check import check_capacity
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.running.worker_count import choose_workers
from walkerbench.system.resources import allowed_cores
from walkerbench.workloads.contract import WORKER_COLUMNS
from walkerbench.workloads.walker import WalkerWorkload

ALL_MODES = pytest.mark.parametrize("mode", ["sequential", "threaded", "process"])
SOON_S = 0.2


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left_behind():
        yield


@pytest.fixture
def let_go() -> Iterator[None]:
    """Releases hung threads at the end: unlike a process, a thread cannot be ended from outside."""
    yield
    release.set()
    for thread in threading.enumerate():
        if thread.name in pool_threads():
            thread.join()
    release.clear()


def toy(mode: str = "threaded", workers: int = 2, workload: Any = None, **options: Any) -> TrainingEnvironment:
    return TrainingEnvironment(mode=mode, num_workers=workers, workload=workload or ToyWorkload(), **options)


# A frame at a time.


def test_the_defaults_are_those_of_the_guide() -> None:
    environment = TrainingEnvironment()
    assert isinstance(environment.workload, WalkerWorkload)
    assert (environment.workload.num_agents, environment.workload.seed) == (60, 1)
    assert environment.num_workers == allowed_cores()


def test_walkers_train_in_threads_by_default() -> None:
    with TrainingEnvironment(num_agents=6, seed=3, num_workers=2) as environment:
        for _ in range(4):
            environment.step()
        assert (environment.mode_used, environment.fallback) == ("threaded", None)
        assert environment.counters["ai_updates"] + environment.counters["immobilised"] >= 6
        assert environment.statistics()["alive"] == 6


@ALL_MODES
def test_frames_are_counted_and_timed(mode: str) -> None:
    with toy(mode) as environment:
        assert (environment.frame, environment.counters) == (0, {"mixed": 0, "moved": 0, "settled": 0})
        for frame in range(3):
            timing = environment.step()
            assert timing.frame == frame
            assert environment.frame_counts.tolist() == [6, 6, 1]
            assert not environment.buffers.counters.any()
            assert timing.dispatch_ns > 0
            assert timing.settle_ns > 0
            assert timing.barrier_wait_ns >= 0
            assert timing.wall_ns >= timing.dispatch_ns + timing.barrier_wait_ns + timing.settle_ns
        assert environment.frame == 3
        assert environment.counters == {"mixed": 18, "moved": 18, "settled": 3}
        assert len(environment.worker_pids()) == (2 if mode == "process" else 0)
        assert environment.mode_used == mode
        assert (environment.start_method or ("",))[0] == ("spawn" if mode == "process" else "")
    assert environment.worker_pids() == []


def test_the_barrier_wait_excludes_the_slowest_workers_busy_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # Dispatch ends at 10, the barrier at 110, settling at 130; the workers were busy for 40 and 70.
    readings = iter([1000, 1010, 1110, 1130])
    with toy("threaded") as environment:
        environment.step()
        mode = environment._mode
        assert mode is not None
        monkeypatch.setattr(mode, "_dispatch", lambda frame: None)
        monkeypatch.setattr(
            mode,
            "_wait",
            lambda frame, _: mode.buffers.workers.__setitem__((slice(None), [0, 2]), [(frame, 40), (frame, 70)]),
        )
        clock = SimpleNamespace(perf_counter_ns=lambda: next(readings), process_time_ns=lambda: 0)
        monkeypatch.setattr(training, "time", clock)
        timing = environment.step()
        assert (timing.start_ns, timing.wall_ns, timing.dispatch_ns, timing.settle_ns) == (1000, 130, 10, 20)
        assert timing.barrier_wait_ns == 100 - 70
        readings = iter([1000, 1010, 1200, 1210])
        monkeypatch.setattr(mode, "traits", SequentialMode.traits)
        assert environment.step().barrier_wait_ns == 190 - (40 + 70)


def test_garbage_collection_here_is_recorded_in_its_frame() -> None:
    workload = ToyWorkload(worker_faults=(WorkerFault("collect garbage", 0, 1),))
    gc.disable()
    try:
        with toy("sequential", 1, workload) as environment:
            collected = []
            for _ in range(3):
                timing = environment.step()
                (of_worker,) = environment.buffers.workers[:, WORKER_COLUMNS.index("gc_ns")].tolist()
                collected.append((timing.gc_ns, of_worker > 0))
    finally:
        gc.enable()
    assert collected == [(0, False), (0, True), (0, False)]  # counted once, for the worker that did it


def test_a_seed_decides_on_the_trajectory() -> None:
    def digest(mode: str, seed: int) -> bytes | None:
        with toy(mode, workload=ToyWorkload(seed=seed)) as environment:
            for _ in range(3):
                environment.step()
            return environment.checkpoint()

    assert digest("threaded", 1) == digest("process", 1) == digest("sequential", 1)
    assert digest("threaded", 2) != digest("threaded", 1)


@ALL_MODES
def test_one_flipped_bit_in_a_worker_changes_the_digest(mode: str) -> None:
    digests = []
    for worker_faults in ((), (WorkerFault("flip", 4, 1, 63),)):
        with toy(mode, workload=ToyWorkload(worker_faults=worker_faults)) as environment:
            environment.step()
            digests.append(environment.checkpoint())
            environment.step()
            digests.append(environment.checkpoint())
    assert digests[0] == digests[2]
    assert digests[1] != digests[3]


# Requests that are refused.


def test_wrong_requests_say_what_is_right() -> None:
    with pytest.raises(UsageError, match="no such mode: 'fibres'; there are sequential, threaded, process"):
        TrainingEnvironment(mode="fibres")
    with pytest.raises(UsageError, match="0 agents: give at least 1"):
        TrainingEnvironment(0)
    for workers in (0, 7):
        with pytest.raises(UsageError, match=f"{workers} workers for 6 agents: give between 1 and 6"):
            TrainingEnvironment(6, num_workers=workers)


@pytest.mark.parametrize(
    ("mode", "wanted", "agents", "given"),
    [
        ("sequential", None, 60, 1),
        ("sequential", 3, 60, 3),
        ("threaded", None, 60, 8),
        ("threaded", None, 5, 5),
        ("threaded", None, 4, 1),
        ("threaded", 2, 4, 2),
        ("process", None, 60, 8),
        ("process", None, 5, 5),
        ("process", 20, 60, 20),
    ],
)
def test_the_number_of_workers(
    monkeypatch: pytest.MonkeyPatch, mode: str, wanted: int | None, agents: int, given: int
) -> None:
    monkeypatch.setattr(worker_count, "allowed_cores", lambda: 8)
    assert choose_workers(mode, wanted, agents) == given


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A machine with 10,000 bytes free; this process may use more than there is."""
    memory = SimpleNamespace(available=10_000, allowed=20_000)
    monkeypatch.setattr(capacity_check, "free_memory_bytes", lambda: memory.available)
    monkeypatch.setattr(capacity_check, "allowed_memory_bytes", lambda: memory.allowed)
    return memory


def test_memory_limits_the_number_of_agents(memory: SimpleNamespace) -> None:
    check_capacity(ToyWorkload(8), Safeguards())
    with pytest.raises(CapacityError, match="give at most 8 agents"):
        check_capacity(ToyWorkload(9), Safeguards())
    check_capacity(ToyWorkload(10), Safeguards(memory_limit_share=1.0))
    memory.allowed = 5_000
    with pytest.raises(CapacityError, match="give at most 4 agents"):
        check_capacity(ToyWorkload(8), Safeguards())
    memory.available = None
    with pytest.raises(CapacityError, match="give at most 4 agents"):
        check_capacity(ToyWorkload(8), Safeguards())
    memory.allowed = None
    check_capacity(ToyWorkload(10**9), Safeguards())


@ALL_MODES
@pytest.mark.usefixtures("memory")
def test_too_many_agents_are_refused_before_anything_is_built(mode: str) -> None:
    # If it were built, agent 0 would raise another error.
    environment = toy(mode, workload=ToyWorkload(9, worker_faults=(WorkerFault("raise", 0, BUILDING),)))
    with pytest.raises(CapacityError):
        environment.start()
    assert environment.worker_pids() == []
    environment.stop()


def test_a_million_walkers_are_refused() -> None:
    environment = TrainingEnvironment(1_000_000)
    with pytest.raises(CapacityError, match=r"^1000000 agents need \d+\.\d GB of memory, .* give at most \d+ agents$"):
        environment.start()


CALLS = {
    "step": lambda environment: environment.step(),
    "checkpoint": lambda environment: environment.checkpoint(),
    "statistics": lambda environment: environment.statistics(),
    "toggle_threading": lambda environment: environment.toggle_threading(),
    "mode_used": lambda environment: environment.mode_used,
    "start_method": lambda environment: environment.start_method,
    "buffers": lambda environment: environment.buffers,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_no_call_is_allowed_before_the_start_or_after_the_end(call: Any) -> None:
    environment = toy()
    with pytest.raises(CallOrderError, match="not running"):
        call(environment)
    environment.start()
    environment.stop()
    with pytest.raises(CallOrderError, match="not running"):
        call(environment)


@ALL_MODES
def test_an_environment_starts_once_and_may_be_stopped_again(mode: str) -> None:
    environment = toy(mode)
    environment.stop()
    environment.start()
    with pytest.raises(CallOrderError, match="was started before"):
        environment.start()
    environment.step()
    environment.stop()
    environment.stop()
    with pytest.raises(CallOrderError, match="was started before"):
        environment.start()
    assert environment.counters["settled"] == 1


# The threading controls of the guide.


@pytest.mark.parametrize(
    ("agents", "used", "fallback"),
    [(4, "sequential", "with 4 agents or fewer, threaded mode is not used"), (5, "threaded", None)],
)
def test_few_agents_fall_back_to_sequential_with_a_reason(agents: int, used: str, fallback: str | None) -> None:
    with toy("threaded", 2, ToyWorkload(agents)) as environment:
        assert (environment.mode_used, environment.fallback) == (used, fallback)
        environment.step()
        assert environment.get_threading_performance()["threading_enabled"]
        assert environment.toggle_threading() is False
        assert (environment.mode_used, environment.fallback) == ("sequential", None)
        assert environment.toggle_threading() is True
        assert (environment.mode_used, environment.fallback) == (used, fallback)


def test_process_mode_does_not_fall_back_for_few_agents() -> None:
    with toy("process", 1, ToyWorkload(1)) as environment:
        assert (environment.mode_used, environment.fallback) == ("process", None)


def test_threads_and_no_threads_are_compared_once_both_are_measured() -> None:
    with toy("threaded") as environment:
        before = environment.get_threading_performance()
        pool = before.pop("thread_pool_metrics")
        assert before == {
            "status": "no_data",
            "threading_enabled": True,
            "avg_parallel_time": None,
            "avg_sequential_time": None,
            "speedup_ratio": None,
        }
        assert (pool["threads"], pool["batches"]) == (2, 0)
        environment.step()
        half = environment.get_threading_performance()
        assert half["status"] == "active"
        assert half["avg_parallel_time"] > 0
        assert (half["avg_sequential_time"], half["speedup_ratio"]) == (None, None)
        assert environment.toggle_threading() is False
        environment.step()
        both = environment.get_threading_performance()
        assert both["threading_enabled"] is False
        assert both["avg_parallel_time"] == half["avg_parallel_time"]
        assert both["speedup_ratio"] == both["avg_sequential_time"] / both["avg_parallel_time"]
        # A threaded frame gives every shard to the pool; only one frame was threaded.
        assert both["thread_pool_metrics"]["batches"] == 2


def test_without_threads_there_is_no_data_and_no_pool() -> None:
    with toy("sequential") as environment:
        environment.step()
        performance = environment.get_threading_performance()
        assert (performance["status"], performance["thread_pool_metrics"]) == ("no_data", None)
        assert performance["threading_enabled"] is False
        assert performance["avg_sequential_time"] > 0
        assert environment.toggle_threading() is True
        environment.step()
        assert environment.get_threading_performance()["speedup_ratio"] > 0


def test_the_averages_are_over_the_last_twenty_frames() -> None:
    with toy("threaded") as environment:
        for _ in range(3):
            environment.step()
        for seconds in [9.0] * 5 + [1.0] * 10 + [2.0] * 10:
            environment._averages.add(seconds, parallel=True)
        assert environment.get_threading_performance()["avg_parallel_time"] == 1.5


def test_toggling_changes_no_trajectory() -> None:
    def digests(toggled: bool) -> list[bytes | None]:
        found = []
        with toy("sequential", 3) as environment:
            for _ in range(4):
                if toggled:
                    environment.toggle_threading()
                environment.step()
                found.append(environment.checkpoint())
        return found

    assert digests(toggled=True) == digests(toggled=False)


def test_toggling_keeps_blas_at_one_thread() -> None:
    with threadpool_limits(limits=2):
        with toy("threaded") as environment:
            for _ in range(3):
                environment.toggle_threading()
                environment.step()
                assert blas_threads() == 1
        assert blas_threads() == 2


def test_process_mode_refuses_toggling_and_goes_on() -> None:
    with toy("process") as environment:
        with pytest.raises(CallOrderError, match="process mode is fixed at the start"):
            environment.toggle_threading()
        environment.shutdown_threading()
        assert environment.get_threading_performance()["threading_enabled"] is False
        environment.step()
        assert environment.mode_used == "process"


def test_threads_can_be_switched_on_again_after_their_shutdown() -> None:
    before = pool_threads()
    with toy("threaded") as environment:
        environment.step()
        environment.shutdown_threading()
        environment.shutdown_threading()
        assert pool_threads() == before
        assert (environment.mode_used, environment.fallback) == ("sequential", None)
        assert environment.get_threading_performance()["thread_pool_metrics"] is None
        environment.step()
        assert environment.toggle_threading() is True
        assert environment.mode_used == "threaded"
        environment.step()
        assert environment.get_threading_performance()["thread_pool_metrics"]["batches"] == 2
    environment.shutdown_threading()
    assert environment.frame == 3


# Safeguards.


@ALL_MODES
def test_slow_frames_in_a_row_stop_the_environment(mode: str) -> None:
    safeguards = Safeguards(slow_frame_s=1e-9, slow_frames=3)
    with toy(mode, safeguards=safeguards) as environment:
        for _ in range(3):
            assert environment.emergency is None
            environment.step()
        assert environment.emergency == "3 frames in a row took longer than 1e-09 s"
        with pytest.raises(EmergencyShutdown, match="3 frames in a row took longer than"):
            environment.step()
        # The calls that are still allowed, to close the run in order.
        assert environment.frame == 3
        assert len(environment.checkpoint() or b"") == 32
        assert environment.statistics() == {"bodies": 0}


def test_an_injected_stall_is_a_slow_frame() -> None:
    safeguards = Safeguards(slow_frame_s=0.05, slow_frames=1)
    faults = Faults(stall_frames={0: 0.06})
    with toy("process", safeguards=safeguards, faults=faults) as environment:
        assert environment.step().wall_ns >= 60_000_000
        assert environment.emergency is not None


@pytest.mark.parametrize(("bodies", "reason"), [(10, None), (11, "11 bodies, of at most 10")])
def test_too_many_bodies_stop_the_environment_at_the_checkpoint(bodies: int, reason: str | None) -> None:
    with toy("sequential", workload=ToyWorkload(bodies=bodies, most_bodies=10)) as environment:
        environment.step()
        assert environment.emergency is None
        environment.checkpoint()
        assert environment.emergency == reason


@pytest.mark.parametrize(("mode", "processes"), [("sequential", 1), ("process", 3)])
def test_too_much_memory_stops_the_environment_at_the_checkpoint(
    monkeypatch: pytest.MonkeyPatch, mode: str, processes: int
) -> None:
    seen = []

    def rss_bytes(pid: int) -> int:
        seen.append(pid)
        return 100_000_000

    with toy(mode) as environment:
        environment.step()
        monkeypatch.setattr(training, "rss_bytes", rss_bytes)
        limit = processes * 125_000_000
        monkeypatch.setattr(training, "allowed_memory_bytes", lambda: limit)
        environment.checkpoint()
        assert environment.emergency is None  # exactly at the limit
        assert seen == [os.getpid(), *environment.worker_pids()]
        limit -= 1_000_000
        environment.checkpoint()
        assert environment.emergency == f"{processes}00 MB of memory, of at most {limit * 0.8 / 1e6:.0f}"
        with pytest.raises(EmergencyShutdown):
            environment.step()


# Workers that fail.


@ALL_MODES
def test_after_a_worker_raised_only_stop_is_allowed(mode: str) -> None:
    environment = toy(mode, workload=ToyWorkload(worker_faults=(WorkerFault("raise", 5, 1),)))
    environment.start()
    environment.step()
    with pytest.raises(WorkerFailed, match=r"^worker 1 \(agents 3 to 5\) raised ArithmeticError: .* in frame 1$"):
        environment.step()
    for call in (environment.step, environment.checkpoint):
        with pytest.raises(CallOrderError):
            call()
    assert environment.frame == 1
    environment.stop()
    environment.stop()


@ALL_MODES
def test_a_worker_that_cannot_build_its_shard_leaves_nothing(mode: str) -> None:
    environment = toy(mode, workload=ToyWorkload(worker_faults=(WorkerFault("raise", 5, BUILDING),)))
    with pytest.raises(WorkerFailed, match=r"^worker 1 .* while starting$"):
        environment.start()
    assert environment.worker_pids() == []
    with pytest.raises(CallOrderError):
        environment.step()


def test_a_killed_worker_is_reported_and_leaves_nothing() -> None:
    with toy("process", 3) as environment:
        environment.step()
        os.kill(environment.worker_pids()[1], signal.SIGKILL)
        with pytest.raises(WorkerCrashed) as caught:
            environment.step()
    assert (caught.value.worker, caught.value.agents, caught.value.frame) == (1, (2, 4), 1)
    assert caught.value.signal_number == signal.SIGKILL


@pytest.mark.usefixtures("let_go")
@pytest.mark.parametrize("mode", ["threaded", "process"])
def test_a_hung_worker_is_an_error_at_the_barriers_deadline(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setattr(process, "_JOIN_S", 0.2)
    monkeypatch.setattr(thread_pool, "_JOIN_S", 0.05)
    environment = toy(
        mode,
        workload=ToyWorkload(worker_faults=(WorkerFault("hang", 0, 0),)),
        safeguards=Safeguards(slow_frame_s=SOON_S / 2, barrier_timeout_s=SOON_S),
    )
    with environment, pytest.raises(WorkerTimeout) as caught:
        environment.step()
    assert str(caught.value) == "worker 0 (agents 0 to 2) did not answer within 0.2 s in frame 0"


def test_leaving_the_context_stops_it_after_any_error() -> None:
    with (
        pytest.raises(WorkerError),
        toy("process", workload=ToyWorkload(worker_faults=(WorkerFault("exit", 0, 0),))) as running,
    ):
        running.step()
    assert running.worker_pids() == []
