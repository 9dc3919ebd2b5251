from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from toy_workload import ToyWorkload, WorkerFault

from walkerbench.errors import CallOrderError, WorkerFailed
from walkerbench.modes.contract import ExecutionMode

CALLS: dict[str, Callable[[ExecutionMode], object]] = {
    "start": lambda mode: mode.start(ToyWorkload(), 2),
    "dispatch": lambda mode: mode.dispatch(0),
    "wait": lambda mode: mode.wait(0),
    "checkpoint": lambda mode: mode.checkpoint(0),
    "buffers": lambda mode: mode.buffers,
}


def refused(mode: ExecutionMode) -> set[str]:
    """Return the calls that the mode refuses, of those named, made in turn."""
    names = set()
    for name, call in CALLS.items():
        try:
            call(mode)
        except CallOrderError:
            names.add(name)
    return names


def assert_refused(mode: ExecutionMode, *names: str) -> None:
    for name in names:
        with pytest.raises(CallOrderError):
            CALLS[name](mode)


@pytest.mark.parametrize("name", ["sequential", "threaded", "process"])
def test_every_call_out_of_order_is_refused_and_changes_nothing(make_mode: Any, name: str) -> None:
    mode = make_mode(name)
    assert_refused(mode, "dispatch", "wait", "checkpoint", "buffers")
    mode.start(ToyWorkload(), 2)
    assert_refused(mode, "start", "wait")
    mode.dispatch(0)
    assert_refused(mode, "start", "dispatch", "checkpoint")
    mode.wait(0)
    assert_refused(mode, "start", "wait")
    first = mode.checkpoint(0)
    assert mode.checkpoint(0) == first
    mode.dispatch(1)
    mode.wait(1)
    assert mode.checkpoint(1) != first
    mode.close()
    assert refused(mode) == set(CALLS)
    mode.close()


@pytest.mark.parametrize("name", ["sequential", "threaded", "process"])
def test_after_an_error_only_close_is_allowed(make_mode: Any, name: str) -> None:
    mode = make_mode(name)
    mode.start(ToyWorkload(worker_faults=(WorkerFault("raise", 0, 0),)), 2)
    mode.dispatch(0)
    with pytest.raises(WorkerFailed):
        mode.wait(0)
    assert_refused(mode, "start", "dispatch", "wait", "checkpoint")
    mode.close()
    mode.close()


@pytest.mark.parametrize("name", ["sequential", "threaded", "process"])
def test_a_mode_can_be_closed_before_its_start_and_within_a_frame(make_mode: Any, name: str) -> None:
    make_mode(name).close()
    mode = make_mode(name)
    mode.start(ToyWorkload(), 2)
    mode.dispatch(0)
    mode.close()


def test_the_message_says_which_state_is_and_which_was_needed(make_mode: Any) -> None:
    with pytest.raises(CallOrderError, match=r"^sequential mode: dispatch needs the state READY, but it is NEW$"):
        make_mode("sequential").dispatch(0)


def test_waiting_for_a_frame_that_was_not_dispatched_is_refused(make_mode: Any) -> None:
    mode = make_mode("threaded", threads=2)
    mode.start(ToyWorkload(num_agents=4), 2)
    mode.dispatch(3)

    with pytest.raises(CallOrderError, match=r"waited for frame 4, but workers completed \[3, 3\]"):
        mode.wait(4)
