"""Which time counts as waiting, with a clock that the test moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.system import deadlines
from walkerbench.system.deadlines import AFTER_INTERRUPT_S, Deadline
from walkerbench.system.interrupts import InterruptWatch

STOPPED_S = 3600.0
moments = st.floats(0.0, 100.0, allow_subnormal=False)


class Clock:
    """A clock that moves only when a test moves it."""

    now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(deadlines, "time", clock)
    return clock


def slices(clock: Clock, deadline: Deadline, stopped_s: float = 0.0) -> int:
    """Return how many waits without an answer end the time; a stop may prolong each."""
    count = 0
    while not deadline.passed:
        clock.now_s += deadline.next_slice_s() + stopped_s
        count += 1
    return count


def test_the_time_is_over_after_all_its_slices(clock: Clock) -> None:
    begun_s = clock.now_s
    assert slices(clock, Deadline(30.0)) == 120
    assert clock.now_s - begun_s == 30.0
    assert slices(clock, Deadline(0.3)) == 2
    assert slices(clock, Deadline(0.0)) == slices(clock, Deadline(-1.0)) == 0


@pytest.mark.promise("faults", "A frame during which the whole run was stopped, as by Ctrl-Z, does not count as hung.")
def test_time_in_which_this_process_was_stopped_does_not_count(clock: Clock) -> None:
    assert slices(clock, Deadline(30.0), STOPPED_S) == 120


def test_a_stop_outside_of_a_wait_does_not_count_either(clock: Clock) -> None:
    deadline = Deadline(1.0)
    clock.now_s += STOPPED_S
    assert not deadline.passed
    assert slices(clock, deadline) == 4


def test_an_answer_in_a_slice_counts_by_the_time_it_took(clock: Clock) -> None:
    deadline = Deadline(1.0)
    for _ in range(8):
        assert deadline.next_slice_s() > 0
        clock.now_s += 0.125
        assert deadline.passed is (clock.now_s >= 1001.0)
    assert deadline.next_slice_s() == 0.0


@given(timeout_s=moments, spent=st.lists(moments, max_size=20))
def test_no_more_time_counts_than_was_waited(timeout_s: float, spent: list[float]) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(deadlines, "time", clock)
        deadline, waited_s = Deadline(timeout_s), 0.0
        for each_s in spent:
            slice_s = deadline.next_slice_s()
            assert 0.0 <= slice_s <= 0.25
            clock.now_s += each_s
            waited_s += min(each_s, slice_s)
            assert deadline.passed is (waited_s >= timeout_s) or waited_s == pytest.approx(timeout_s, abs=1e-5)


@pytest.mark.parametrize("timeout_s", [30.0, 0.5])
def test_an_interrupt_shortens_the_time(clock: Clock, timeout_s: float) -> None:
    watch = InterruptWatch()
    deadline = Deadline(timeout_s, watch)
    assert deadline.next_slice_s() == 0.25
    watch.received = "SIGTERM"
    assert slices(clock, deadline) == min(timeout_s, AFTER_INTERRUPT_S) / 0.25
    assert deadline.timeout_s == min(timeout_s, AFTER_INTERRUPT_S)
