from __future__ import annotations

from types import SimpleNamespace

import pytest

from walkerbench.running import pacing
from walkerbench.running.pacing import Pacer


class FakeClock:
    """Stands still but for sleeping and what the test says."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000
        self.slept_s: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_ns += round(seconds * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr(pacing, "time", SimpleNamespace(perf_counter_ns=lambda: clock.now_ns, sleep=clock.sleep))
    return clock


def starts(clock: FakeClock, pacer: Pacer, works_ms: list[int]) -> list[float]:
    """When each frame starts, in ms since the first wait, if the frames take so long."""
    begun_ns = clock.now_ns
    started = []
    for work_ms in works_ms:
        pacer.wait()
        started.append((clock.now_ns - begun_ns) / 1e6)
        clock.now_ns += work_ms * 1_000_000
    return started


def test_frames_start_at_a_steady_rate_whatever_they_take(clock: FakeClock) -> None:
    assert starts(clock, Pacer(50), [3, 19, 0, 20, 7]) == [0, 20, 40, 60, 80]
    assert clock.slept_s == [0.017, 0.001, 0.02]


def test_a_frame_that_comes_late_starts_at_once_and_the_schedule_goes_on_from_there(clock: FakeClock) -> None:
    # The second frame takes 45 ms instead of 20: nothing is caught up by starting the next ones earlier.
    assert starts(clock, Pacer(50), [1, 45, 1, 1]) == [0, 20, 65, 85]


def test_sixty_frames_a_second_are_no_drift(clock: FakeClock) -> None:
    started = starts(clock, Pacer(60), [1] * 601)
    assert started[-1] == pytest.approx(10_000, abs=0.001)


def test_as_fast_as_possible_never_sleeps_nor_asks_for_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "time", None)
    pacer = Pacer(None)
    for _ in range(3):
        pacer.wait()
