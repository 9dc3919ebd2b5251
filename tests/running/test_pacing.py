from __future__ import annotations

from types import SimpleNamespace

import pytest

from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Stage
from walkerbench.running import pacing
from walkerbench.running.pacing import Pacer


class FakeClock:
    """A clock that moves only by sleeping and when the test moves it."""

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
    """Return when each frame starts, in ms since the first wait, for frames that take the given times."""
    begun_ns = clock.now_ns
    started = []
    for work_ms in works_ms:
        pacer.wait()
        started.append((clock.now_ns - begun_ns) / 1e6)
        clock.now_ns += work_ms * 1_000_000
    return started


def test_frames_start_at_a_steady_rate(clock: FakeClock) -> None:
    assert starts(clock, Pacer(50), [3, 19, 0, 20, 7]) == [0, 20, 40, 60, 80]
    assert clock.slept_s == [0.017, 0.001, 0.02]


def test_a_late_frame_starts_at_once_and_moves_the_schedule(clock: FakeClock) -> None:
    # The second frame takes 45 ms instead of 20; the next ones do not start earlier to make up for it.
    assert starts(clock, Pacer(50), [1, 45, 1, 1]) == [0, 20, 65, 85]


def test_sixty_frames_per_second_do_not_drift(clock: FakeClock) -> None:
    started = starts(clock, Pacer(60), [1] * 601)
    assert started[-1] == pytest.approx(10_000, abs=0.001)


def test_each_stage_is_held_to_its_own_pace(clock: FakeClock) -> None:
    profile = load_profile("default")
    paced = Stage(agents=6, frames=300, pace="realtime")
    for stage, expected in ((paced, [0, 1000 / 60, 2000 / 60]), (Stage(agents=6, frames=300), [0, 3, 7])):
        started = starts(clock, Pacer(profile.frames_per_second(stage)), [3, 4, 2])
        assert started == pytest.approx(expected, abs=0.001)


def test_full_pace_never_sleeps_and_never_reads_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "time", None)
    pacer = Pacer(None)
    for _ in range(3):
        pacer.wait()
