"""What it costs to record and to attribute frames, as shares of a frame."""

from __future__ import annotations

import itertools
import os
import time
from typing import Any

import pytest
from pairs import at_most, seconds
from switched_meters import switch_meters
from warm_environments import PERIOD, started, stopping

from walkerbench.recording.cpu import CpuSampler
from walkerbench.recording.frames import FrameRecorder, frame_dtype, worker_dtype
from walkerbench.system.resources import allowed_cores

pytestmark = pytest.mark.ratio


KINDS = ((False, False), (True, False), (True, True))
"""Whether a frame is recorded, and whether it is attributed."""
FRAMES_TOGETHER = PERIOD // 2
"""Frames of one kind in a row."""


@pytest.mark.parametrize("mode", ["sequential", "threaded", "process"])
def test_what_recording_costs(benchmark: Any, keep: Any, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """Measure neighbouring frames with and without recording, because the machine's speed drifts within a second.

    In each round, every frame of the schedule's period is run once in each kind. Meters read some figures every 5 ms
    only, so frames of a kind stay together; after a change of kind the parent's meter reads twice.
    """
    if mode != "sequential" and allowed_cores() < 2:
        pytest.skip("needs 2 cores")
    switch = switch_meters(monkeypatch)
    environment = started(60, mode, None if mode == "sequential" else 2)
    workload = environment.workload
    recorder = FrameRecorder(
        frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters), worker_dtype(workload.phases)
    )
    recording: list[float] = []
    both: list[float] = []

    def frame_ns(*, record: bool, attribute: bool) -> int:
        switch.value = attribute
        begun_ns = time.perf_counter_ns()
        timing = environment.step()
        if record:
            counts = environment.frame_counts[:5].tolist()
            recorder.record(0, False, timing, environment.buffers.workers, counts)
        return time.perf_counter_ns() - begun_ns

    def round_() -> None:
        spans = dict.fromkeys(KINDS, 0)
        for period, place in itertools.product(range(len(KINDS)), range(PERIOD)):
            kind = KINDS[(period + place // FRAMES_TOGETHER) % len(KINDS)]
            spans[kind] += frame_ns(record=kind[0], attribute=kind[1])
        drained_ns = seconds(recorder.drain) * 1e9 / 2  # for each of the two kinds that record
        plain, recorded, attributed = spans.values()
        recording.append((recorded + drained_ns) / plain - 1)
        both.append((attributed + drained_ns) / plain - 1)

    with stopping(environment):
        benchmark.pedantic(round_, rounds=360, warmup_rounds=1)
    keep(
        at_most(f"recording a frame, share of it, {mode}", recording[1:], 0.01),
        at_most(f"recording and attributing a frame, {mode}", both[1:], 0.02),
    )


def test_what_sampling_costs(keep: Any) -> None:
    """Measure the share of one core's time that sampling takes at its default rate."""
    sampler = CpuSampler(lambda: (os.getpid(),))
    reader = sampler._reader
    reader.read()
    keep(at_most("sampling CPUs, share of time", [seconds(reader.read) * 4.0 for _ in range(50)], 0.01))
