from __future__ import annotations

import pytest

from walkerbench.profile.safeguards import Safeguards
from walkerbench.running.emergency_shutdown import SlowFrameWatch

SLOW_NS, FAST_NS = 2_000_000_001, 2_000_000_000
"""Frame times just above the limit, and exactly at it."""


def test_the_defaults_are_the_documented_ones() -> None:
    assert Safeguards() == Safeguards(slow_frame_s=2.0, slow_frames=10, memory_limit_share=0.8)


def test_ten_slow_frames_in_a_row_stop_the_environment() -> None:
    watch = SlowFrameWatch(Safeguards())
    assert [watch.observe(SLOW_NS) for _ in range(9)] == [None] * 9
    assert watch.observe(SLOW_NS) == "10 frames in a row took longer than 2 s"


def test_a_frame_within_the_limit_resets_the_count() -> None:
    watch = SlowFrameWatch(Safeguards(slow_frames=3))
    times = [SLOW_NS, SLOW_NS, FAST_NS, SLOW_NS, SLOW_NS, SLOW_NS]
    assert [watch.observe(ns) is None for ns in times] == [True] * 5 + [False]


@pytest.mark.parametrize(("slow_frame_s", "ns", "stops"), [(0.25, 250_000_000, False), (0.25, 250_000_001, True)])
def test_the_limit_itself_is_allowed(slow_frame_s: float, ns: int, stops: bool) -> None:
    watch = SlowFrameWatch(Safeguards(slow_frame_s=slow_frame_s, slow_frames=1))
    assert (watch.observe(ns) is not None) is stops
