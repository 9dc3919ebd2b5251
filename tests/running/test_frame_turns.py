"""Calls from other threads take effect between two frames."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from leftovers import nothing_left_behind
from threadpoolctl import threadpool_limits
from toy_workload import ToySettler, ToyWorkload, blas_threads

from walkerbench.errors import CallOrderError
from walkerbench.running.training_environment import TrainingEnvironment

TOGGLES, THREADS = 1000, 4


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left_behind():
        yield


def running(mode: str = "threaded") -> TrainingEnvironment:
    return TrainingEnvironment(mode=mode, num_workers=2, workload=ToyWorkload())


def step_without_end(environment: TrainingEnvironment) -> None:
    while True:
        environment.step()


def test_toggling_from_four_threads_changes_no_frame_and_no_digest() -> None:
    threads = threading.active_count()
    with running() as environment, ThreadPoolExecutor(THREADS) as others:
        begun = threading.Barrier(THREADS + 1)

        def toggle() -> list[bool]:
            begun.wait()
            return [environment.toggle_threading() for _ in range(TOGGLES // THREADS)]

        answers = [others.submit(toggle) for _ in range(THREADS)]
        begun.wait()
        frames = 0
        while not all(each.done() for each in answers):
            assert environment.step().frame == frames
            assert environment.buffers.workers[:, 0].tolist() == [frames, frames]
            environment.get_threading_performance()
            frames += 1
        decided = [answer for each in answers for answer in each.result()]
        assert decided.count(True) == decided.count(False) == TOGGLES // 2
        assert environment.get_threading_performance()["threading_enabled"] is True
        digest = environment.checkpoint()
    assert threading.active_count() == threads
    with running("sequential") as other:
        for _ in range(frames):
            other.step()
        assert other.checkpoint() == digest


@pytest.mark.parametrize("mode", ["sequential", "threaded", "process"])
def test_a_stop_from_another_thread_waits_for_the_end_of_the_frame(mode: str) -> None:
    # The other thread cannot lift the limit of BLAS threads, which belongs to the thread that started.
    with threadpool_limits(limits=blas_threads()), running(mode) as environment, ThreadPoolExecutor(1) as other:
        environment.step()
        stopped = other.submit(environment.stop)
        with pytest.raises(CallOrderError, match="not running"):
            step_without_end(environment)
        stopped.result()


@pytest.mark.parametrize("call", ["toggle_threading", "stop", "shutdown_threading", "checkpoint", "snapshot"])
def test_a_call_within_a_frame_is_refused(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running("sequential") as environment:

        def settle(_: ToySettler, frame: int) -> None:
            with pytest.raises(CallOrderError, match=f"^{call} was called within a frame"):
                getattr(environment, call)()

        with monkeypatch.context() as patched:
            patched.setattr(ToySettler, "settle", settle)
            environment.step()
        environment.step()
        assert environment.frame == 2
