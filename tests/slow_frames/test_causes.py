"""Tests that inject each real cause of a slow frame: the explanation must name the injected cause."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from neighbours import busy_neighbours, pinned_to_one_core
from slow_causes import CAUSE_S, SlowCause, SlowFrameWorkload, hold_the_gil

from walkerbench.criteria.grammar import Criterion, parse_criterion
from walkerbench.modes.faults import Faults
from walkerbench.recording.frames import FrameRecorder
from walkerbench.recording.scheduling import CoreWaitSource
from walkerbench.running.run_recorder import recorded_dtypes
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.slow_frames.explanations import SlowFrame, explain_slow_frames, limits_of
from walkerbench.slow_frames.worker_times import Setting
from walkerbench.system.resources import allowed_cores

pytestmark = pytest.mark.skipif(not CoreWaitSource().available, reason="needs /proc's schedstat")

AGENTS = 6
LIMIT = parse_criterion("frame_ms.max < 15")
FIRST = 10  # the first frame with a cause; the frames before it, and between such frames, are the typical ones
TIMES = 3
DISTURBED_MS = CAUSE_S * 1e3 / 3  # where other processes take a core for so long, they are a cause as well
GIL_ENABLED = getattr(sys, "_is_gil_enabled", lambda: True)()


def record(environment: TrainingEnvironment, frames: int, criterion: Criterion = LIMIT) -> tuple[SlowFrame, ...]:
    """Run that many frames, and return the explanations of those over the limit."""
    recorder = FrameRecorder(*recorded_dtypes(environment.workload))
    for _ in range(frames):
        timing = environment.step()
        recorder.record(0, False, timing, environment.buffers.workers, [0])
    workload = environment.workload
    setting = Setting(environment.traits, GIL_ENABLED, workload.settle_phase, workload.main_phase)
    rows, workers = recorder.drain()
    limits = limits_of([criterion], rows.dtype.names or (), setting.main_phase, None)
    return explain_slow_frames(rows, workers, limits, [setting])


def not_scheduled_ms(explanation: SlowFrame) -> float:
    assert explanation.not_scheduled_ms is not None
    return explanation.not_scheduled_ms


def undisturbed(explanations: tuple[SlowFrame, ...], what: Mapping[int, str]) -> dict[str, set[str | None]]:
    """Return kind of frame → the causes named for such frames; None for a frame that was not over the limit."""
    by_frame = {each.frame: each for each in explanations}
    found: dict[str, set[str | None]] = {kind: set() for kind in what.values()}
    for frame, kind in what.items():
        each = by_frame.get(frame)
        if each is None or not_scheduled_ms(each) < DISTURBED_MS:
            found[kind].add(None if each is None else each.cause)
    if not all(found.values()):
        pytest.skip("other processes leave this one no core for long enough")
    return found


@contextmanager
def another_thread() -> Iterator[None]:
    """Run a thread that holds the GIL on request."""
    thread = threading.Thread(target=hold_the_gil, args=(TIMES,), daemon=True)
    thread.start()
    yield
    thread.join(10)


@contextmanager
def continued(pid: int) -> Iterator[None]:
    """Run a thread that continues a process some time after the process has stopped itself."""

    def watch() -> None:
        for _ in range(TIMES):
            os.waitid(os.P_PID, pid, os.WSTOPPED)
            time.sleep(CAUSE_S)
            os.kill(pid, signal.SIGCONT)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield
    thread.join(10)


def plan(kinds: tuple[SlowCause, ...]) -> tuple[dict[int, SlowCause], dict[int, str]]:
    """Return frame → cause that the workload makes, and frame → cause with the injected stalls included."""
    order: list[Any] = [kind for _ in range(TIMES) for kind in (*kinds, "stall")]
    what = {FIRST + 2 * place: kind for place, kind in enumerate(order)}
    return {frame: kind for frame, kind in what.items() if kind != "stall"}, what


@pytest.mark.skipif(allowed_cores() < 2, reason="needs 2 cores")
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("sequential", {"let another thread hold the GIL": "waiting for the GIL" if GIL_ENABLED else "compute"}),
        ("threaded", {"let another thread hold the GIL": "waiting for the GIL" if GIL_ENABLED else "compute"}),
        ("process", {"stop the process": "blocked"}),
    ],
)
def test_the_explanation_names_the_injected_cause(mode: str, expected: dict[str, str]) -> None:
    expected = expected | {"compute": "compute", "collect garbage": "garbage collection", "fault pages": "page faults"}
    kinds: Any = tuple(expected)
    slow_causes, what = plan(kinds)
    stalls = {frame: CAUSE_S for frame, kind in what.items() if kind == "stall"}
    environment = TrainingEnvironment(
        mode=mode,
        num_workers=1 if mode == "sequential" else 2,
        workload=SlowFrameWorkload(num_agents=AGENTS, slow_causes=slow_causes),
        faults=Faults(stall_frames=stalls),
    )
    with environment, continued(environment.worker_pids()[0]) if mode == "process" else another_thread():
        explanations = record(environment, max(what) + 1)

    expected["stall"] = "blocked"
    assert undisturbed(explanations, what) == {kind: {cause} for kind, cause in expected.items()}
    assert not any(each.host for each in explanations if not_scheduled_ms(each) < DISTURBED_MS)


@pytest.mark.skipif(allowed_cores() < 2, reason="needs 2 cores")
def test_a_thread_that_sleeps_does_not_wait_for_the_gil() -> None:
    what = {FIRST + 2 * time: "stall" for time in range(TIMES)}
    workload = SlowFrameWorkload(num_agents=AGENTS, beside_s=CAUSE_S)
    faults = Faults(stall_frames=dict.fromkeys(what, 1.5 * CAUSE_S))
    with TrainingEnvironment(mode="threaded", num_workers=2, workload=workload, faults=faults) as environment:
        explanations = record(environment, max(what) + 1, parse_criterion("frame_ms.max < 75"))

    assert undisturbed(explanations, what) == {"stall": {"blocked"}}


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs to choose a core")
@pytest.mark.parametrize("mode", ["sequential", "process"])
def test_busy_processes_on_the_same_core_are_found_as_the_host(mode: str) -> None:
    _, what = plan(())
    slow_causes: dict[int, SlowCause] = dict.fromkeys(what, "compute")
    workload = SlowFrameWorkload(num_agents=AGENTS, slow_causes=slow_causes)
    # Threads and processes that start here inherit the core.
    with (
        pinned_to_one_core(),
        TrainingEnvironment(mode=mode, num_workers=1, workload=workload) as environment,
        busy_neighbours(3),
    ):
        explanations = record(environment, max(what) + 1)

    causes = Counter(each.cause for each in explanations if each.frame in slow_causes)
    assert causes == {"not scheduled": TIMES}
    worst = max(explanations, key=lambda each: each.wall_ms)
    assert worst.cpu_ms is not None
    assert not_scheduled_ms(worst) > worst.cpu_ms
