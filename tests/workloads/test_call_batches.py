"""Frames of calls: how many calls a frame makes, and what digests of them cover."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from walkerbench.workloads import call_batches
from walkerbench.workloads.call_batches import CallBatch, CallSettings, CallWorkload, find_calls_per_frame
from walkerbench.workloads.contract import BufferLayout, FrameBuffers, Shard


class Clock:
    """A clock that only calls advance."""

    def __init__(self) -> None:
        self.now_ns = 0

    def call_taking(self, *times_ns: int) -> Callable[[], None]:
        remaining = list(times_ns)

        def call() -> None:
            self.now_ns += remaining.pop(0) if len(remaining) > 1 else remaining[0]

        return call


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("walkerbench.workloads.call_batches.time.perf_counter_ns", lambda: clock.now_ns)
    return clock


@pytest.mark.parametrize(
    ("call_ns", "calls"),
    [(50_000_000, 1), (1_000_000, 1), (999_999, 2), (300_000, 5), (20_000, 50), (100, 10_000)],
)
def test_a_frame_makes_the_fewest_calls_that_take_its_time(clock: Clock, call_ns: int, calls: int) -> None:
    assert find_calls_per_frame(clock.call_taking(call_ns)) == calls


def test_a_call_that_takes_no_time_does_not_loop_without_end(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_batches, "MOST_CALLS", 100)
    assert find_calls_per_frame(clock.call_taking(0)) == 100


def test_a_slow_first_call_does_not_make_frames_short(clock: Clock) -> None:
    assert find_calls_per_frame(clock.call_taking(5_000_000, 100_000)) == 10


class Calls(CallWorkload):
    def code_modules(self) -> tuple[str, ...]:
        return (__name__,)

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> Shard:
        raise NotImplementedError


def batch(call: Callable[[], Any], settings: CallSettings) -> tuple[CallBatch, Calls, FrameBuffers]:
    workload = Calls("calls", settings)
    buffers = FrameBuffers(BufferLayout.of(workload, 1))
    return CallBatch(call, settings, buffers, 0), workload, buffers


def test_with_all_settings_given_the_first_call_is_in_a_frame() -> None:
    calls: list[int] = []
    made, workload, buffers = batch(lambda: calls.append(1), CallSettings(3, digest_result=True))
    assert (calls, workload.open_settings(), workload.found_settings(buffers)) == ([], (), {})
    made.run(0)
    made.run(1)
    assert len(calls) == 6
    assert buffers.counters[0].tolist() == [6]


def test_digests_cover_the_number_of_calls_and_the_last_result() -> None:
    def digests(settings: CallSettings, frames: int, result: object) -> list[int]:
        made, _, buffers = batch(lambda: result, settings)
        for frame in range(frames):
            made.run(frame)
        made.digest()
        digests: list[int] = buffers.digests[0].tolist()
        return digests

    twice = CallSettings(2, digest_result=True)
    assert digests(twice, 3, [1.5]) == digests(twice, 3, [1.5])
    assert digests(twice, 3, [1.5])[1] != digests(twice, 3, [2.5])[1]
    # The same result, but another number of calls: other work.
    assert digests(twice, 3, [1.5])[0] != digests(CallSettings(1, digest_result=True), 3, [1.5])[0]
    assert digests(CallSettings(2, digest_result=False), 3, [1.5]) == []


def test_open_settings_are_found_when_the_shard_is_built(clock: Clock) -> None:
    _, workload, buffers = batch(clock.call_taking(400_000), CallSettings())
    assert workload.open_settings() == ("calls_per_frame", "digest_result")
    assert workload.found_settings(buffers) == {"calls_per_frame": 5, "digest_result": True}
    _, workload, buffers = batch(object, CallSettings(calls_per_frame=7))
    assert workload.found_settings(buffers) == {"digest_result": False}


def test_a_result_that_holds_itself_is_not_digested() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert not call_batches.is_digestible(endless)
    assert call_batches.is_digestible({"a": np.zeros(3)})
