"""Speed of walkerbench, as ratios of times that are measured in turn within one run."""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from floor import Floor
from pairs import at_least, at_most, seconds, shown

from walkerbench.recorded_value import MISSING
from walkerbench.recording.cpu import CpuSampler
from walkerbench.recording.frames import FrameRecorder, frame_dtype, worker_dtype
from walkerbench.recording.scheduling import ThreadSpan
from walkerbench.running.frame_loop import FrameLoop
from walkerbench.running.observers import ObserverFanOut, RunObserver, StageView
from walkerbench.running.pacing import Pacer
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.system.resources import allowed_cores

pytestmark = pytest.mark.ratio

WARMUP = 300  # frames: from 128 on agents learn
PERIOD = 40  # frames after which the schedule of updates and learning begins again


def started(agents: Any, mode: str = "sequential", workers: Any = None) -> Any:
    environment = TrainingEnvironment(agents, mode=mode, num_workers=workers)
    environment.start()
    for _ in range(WARMUP):
        environment.step()
    return environment


@contextmanager
def stopping(*environments: Any) -> Iterator[Any]:
    try:
        yield environments[0] if len(environments) == 1 else environments
    finally:
        for environment in environments:
            environment.stop()


def frame_s(environment: Any, frames: Any = PERIOD) -> Any:
    """Return the mean time of a frame over so many frames."""
    return sum(environment.step().wall_ns for _ in range(frames)) / frames / 1e9


def floor_s(floor: Any, frames: Any = PERIOD) -> Any:
    return seconds(lambda: [floor.frame() for _ in range(frames)]) / frames


def floor_of(environment: Any) -> Floor:
    return Floor(environment.workload, environment._mode._runners[0]._shard)


def test_a_whole_frame_against_its_floor(benchmark: Any, keep: Any) -> None:
    with stopping(started(60)) as environment:
        floor = floor_of(environment)
        ratios = []
        benchmark.pedantic(lambda: ratios.append(frame_s(environment) / floor_s(floor)), rounds=60, warmup_rounds=2)
    keep(at_most("whole frame / floor, sequential, 60 agents", ratios[2:], 2.0))


@pytest.mark.skipif(allowed_cores() < 2, reason="needs 2 cores")
def test_processes_and_threads_against_sequential(benchmark: Any, keep: Any) -> None:
    by_process: list[float] = []
    by_threads: list[float] = []
    overhead_ms: list[float] = []

    def round_() -> None:
        base = frame_s(sequential, 2 * PERIOD)
        timings = [process.step() for _ in range(2 * PERIOD)]
        by_process.append(base / (sum(each.wall_ns for each in timings) / len(timings) / 1e9))
        overhead_ms.append(statistics.median(each.dispatch_ns + each.barrier_wait_ns for each in timings) / 1e6)
        by_threads.append(base / frame_s(threaded, 2 * PERIOD))

    with stopping(started(160), started(160, "process", 2), started(160, "threaded", 2)) as environments:
        sequential, process, threaded = environments
        benchmark.pedantic(round_, rounds=30, warmup_rounds=1)
    keep(
        shown("threaded speed / sequential, 160 agents, 2 workers", by_threads[1:]),
        at_most("process: dispatch + barrier, ms a frame", overhead_ms[1:], 0.2),
        at_least("process speed / sequential, 160 agents, 2 workers", by_process[1:], 1.7),
    )


def test_time_grows_with_agents_as_the_floor_does(benchmark: Any, keep: Any) -> None:
    counts = (30, 60, 120, 240)
    exponents: list[list[float]] = []
    steps = np.log(counts)

    def round_() -> None:
        whole = [frame_s(environment) for environment in environments]
        floor = [floor_s(each) for each in floors]
        exponents.append([np.polyfit(steps, np.log(times), 1)[0] for times in (whole, floor)])

    with stopping(*(started(count) for count in counts)) as environments:
        floors = [floor_of(environment) for environment in environments]
        benchmark.pedantic(round_, rounds=25, warmup_rounds=1)
    whole, floor = zip(*exponents[1:], strict=True)
    keep(
        shown("exponent of frame time over 30…240 agents", list(whole)),
        shown("exponent of the floor", list(floor)),
        at_most("difference of the exponents", [a - b for a, b in zip(whole, floor, strict=True)], 0.05),
    )


class _NoMeter:
    """Stands for a `ThreadMeter`, and measures CPU time only."""

    def begin(self) -> None:
        self._begun_ns = time.thread_time_ns()

    def end(self) -> ThreadSpan:
        return ThreadSpan(time.thread_time_ns() - self._begun_ns, *[MISSING] * (len(ThreadSpan._fields) - 1))


def test_what_recording_costs(benchmark: Any, keep: Any) -> None:
    """Measure periods with and without recording in turn; they are short, so that the machine drifts little."""
    with stopping(started(60)) as environment:
        workload = environment.workload
        recorder = FrameRecorder(
            frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters), worker_dtype(workload.phases)
        )
        (runner,) = environment._mode._runners
        meters = {True: (environment._meter, runner._meter), False: (_NoMeter(), _NoMeter())}
        recording, both = [], []
        # Recording and attributing in every order, so that no order has an advantage.
        orders = itertools.cycle(itertools.permutations([(False, False), (True, False), (True, True)]))

        def period(*, record: bool, attribute: bool) -> int:
            environment._meter, runner._meter = meters[attribute]
            begun_ns = time.perf_counter_ns()
            for _ in range(PERIOD):
                timing = environment.step()
                if record:
                    counts = environment.frame_counts[:5].tolist()
                    recorder.record(0, False, timing, environment.buffers.workers, counts)
            if record:  # a run does so once a second
                recorder.drain()
            return time.perf_counter_ns() - begun_ns

        def round_() -> None:
            spans = {kind: period(record=kind[0], attribute=kind[1]) for kind in next(orders)}
            recording.append(spans[True, False] / spans[False, False] - 1)
            both.append(spans[True, True] / spans[False, False] - 1)

        benchmark.pedantic(round_, rounds=240, warmup_rounds=1)
    keep(
        at_most("recording a frame, share of it", recording[1:], 0.01),
        at_most("recording and attributing a frame, share of it", both[1:], 0.02),
        at_most("sampling CPUs, share of time", _sampling(), 0.01),
    )


def _sampling() -> list[Any]:
    """Return the share of one core's time that sampling takes at its default rate."""
    sampler = CpuSampler(lambda: (os.getpid(),))
    reader = sampler._reader
    reader.read()
    return [seconds(reader.read) * 4.0 for _ in range(50)]


class Viewer(RunObserver):
    """Asks for a new snapshot as soon as it has received one."""

    def __init__(self) -> None:
        self.shown = 0

    def snapshot(self, stage: Any, frame: int, arrays: Any) -> None:
        self.shown += 1


def loop_frame_s(environment: Any, observers: Any, *, ask: bool = False, frames: Any = 2 * PERIOD) -> Any:
    """Return the mean time of a frame in the frame loop, snapshots included."""
    stage = StageView(
        number=0, stages=1, frames=None, limit_ns=None, warmup=0, begun_ns=0, environment=environment,
        effective_cores=lambda: None,
    )  # fmt: skip
    loop = FrameLoop(stage, observers, Pacer(None), InterruptWatch(), checkpoint_every=None)

    def run() -> None:
        for _ in range(frames):
            if ask:
                observers.snapshots.request()
            loop.run(environment.frame + 1)

    return seconds(run) / frames


@pytest.mark.parametrize("mode", ["sequential", "threaded", "process"])
def test_what_looking_on_costs(benchmark: Any, keep: Any, mode: str) -> None:
    workers = None if mode == "sequential" else 2
    asking: list[float] = []
    idle: list[float] = []
    alone: list[float] = []
    viewer = Viewer()
    unwatched, watched = ObserverFanOut([]), ObserverFanOut([viewer])

    def round_() -> None:
        before = loop_frame_s(environment, unwatched)
        idle.append(loop_frame_s(environment, watched))
        asking.append(loop_frame_s(environment, watched, ask=True))
        alone.append((before + loop_frame_s(environment, unwatched)) / 2)

    with stopping(started(60, mode, workers)) as environment:
        benchmark.pedantic(round_, rounds=60, warmup_rounds=1)
    assert viewer.shown > 60
    keep(
        at_most(f"an observer that asks / none, {mode}", [a / b for a, b in zip(asking, alone, strict=True)], 1.02),
        shown(f"an observer that does not ask / none, {mode}", [a / b for a, b in zip(idle, alone, strict=True)]),
    )
