from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from attributed import frames_of, setting, workers_of

from walkerbench.recorded_value import UNREAD
from walkerbench.slow_frames.attribution import attribute

SEQUENTIAL = setting("sequential")
THREADED = setting("threaded")
PROCESS = setting("process")


def attributed_to(*rows: Any) -> Any:
    """Return the attribution of frames and workers, or None."""
    return attribute(*rows)


def shares(attribution: Any) -> dict[str, Any]:
    return {share.part: share.share for share in attribution.shares}


def bounds(attribution: Any) -> set[str]:
    return {share.part for share in attribution.shares if share.upper_bound}


# A frame from 1000 to 1100 ms: worker 0 runs from 1010 to 1060, worker 1 from 1020 to 1080; released at 1090.
FRAME = {"start_ns": 1000, "wall_ns": 100, "settle_ns": 10, "parent_cpu_ns": 15, "parent_core_wait_ns": 4}
WORKER_0 = {"worker": 0, "start_ns": 1010, "busy_ns": 50, "cpu_ns": 30, "core_wait_ns": 5, "core_wait_before_ns": 3}
WORKER_1 = {"worker": 1, "start_ns": 1020, "busy_ns": 60, "cpu_ns": 60, "core_wait_before_ns": 2000}


def test_parts_of_two_workers_equal_those_computed_by_hand() -> None:
    found = attributed_to(frames_of(FRAME), workers_of(WORKER_0, WORKER_1), [PROCESS])

    # Shares of 200 ms. Worker 1 can have waited for at most 20 ms before it began; the rest was before the frame.
    assert shares(found) == {
        "compute": (30 + 60) / 200,
        "blocked": (50 - 30 - 5) / 200,
        "moving data": ((7 + 0) + (6 + 6)) / 200,
        "barrier": 20 / 200,
        "settling": (10 + 10) / 200,
        "not scheduled": ((3 + 5 + 4) + (20 + 4)) / 200,
    }
    assert sum(shares(found).values()) == pytest.approx(1)
    assert found.effective_cores == (30 + 60 + 15) / 100


def test_in_sequential_mode_all_shards_are_one_worker() -> None:
    workers = workers_of(
        {"worker": 0, "start_ns": 1010, "busy_ns": 30, "cpu_ns": 20, "core_wait_ns": 5},
        {"worker": 1, "start_ns": 1040, "busy_ns": 40, "cpu_ns": 40},
    )
    found = attributed_to(frames_of({**FRAME, "parent_cpu_ns": 80, "parent_core_wait_ns": 7}), workers, [SEQUENTIAL])

    assert shares(found) == {
        "compute": 0.60,
        "blocked": 0.05,
        "moving data": 0.18,  # 10 before the worker begins, and 10 until the release, without 2 of waiting for a core
        "barrier": 0,
        "settling": 0.10,
        "not scheduled": 0.07,
    }
    assert found.effective_cores == 0.8


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (SEQUENTIAL, {"blocked"}),
        (PROCESS, {"blocked"}),
        (THREADED, {"blocked", "moving data"}),
        (setting("threaded", gil_enabled=False), {"blocked"}),
    ],
)
def test_shares_that_cannot_be_distinguished_are_upper_bounds(setting: Any, expected: set[str]) -> None:
    assert bounds(attributed_to(frames_of(FRAME), workers_of(WORKER_0, WORKER_1), [setting])) == expected


def test_a_figure_that_is_not_available_is_none_and_not_0() -> None:
    missing = dict.fromkeys(("core_wait_ns", "core_wait_before_ns", "minor_faults", "involuntary_switches"), -1)
    frames = frames_of({**FRAME, **{f"parent_{name}": -1 for name in missing}})
    found = attributed_to(frames, workers_of({**WORKER_0, **missing}, {**WORKER_1, **missing}), [PROCESS])

    assert shares(found)["not scheduled"] is None
    assert shares(found)["blocked"] == (50 - 30) / 200
    assert sum(share for share in shares(found).values() if share is not None) == pytest.approx(1)
    assert bounds(found) == {"blocked", "moving data", "settling"}
    assert (found.minor_faults, found.involuntary_switches, found.major_faults) == (None, None, 0)


def test_counts_per_frame_include_the_parent_and_all_workers() -> None:
    frames = frames_of(
        {**FRAME, "parent_minor_faults": 4, "gc_ns": 8}, {**FRAME, "start_ns": 2000, "parent_major_faults": 1}
    )
    workers = workers_of(
        {**WORKER_0, "minor_faults": 1}, {**WORKER_1, "minor_faults": 2, "involuntary_switches": 3},
        {**WORKER_0, "start_ns": 2010, "frame": 1}, {**WORKER_1, "start_ns": 2020, "frame": 1},
    )  # fmt: skip
    found = attributed_to(frames, workers, [PROCESS])
    assert (found.minor_faults, found.major_faults, found.involuntary_switches) == (3.5, 0.5, 1.5)
    assert found.garbage_collection == 8 / (2 * 200)  # a share of the two workers' time, like all shares

    alone = attributed_to(frames, workers[workers["worker"] == 0], [SEQUENTIAL])
    assert alone.minor_faults == 2


def test_warm_up_and_frames_without_workers_are_ignored() -> None:
    frames = frames_of({**FRAME, "warmup": 1, "wall_ns": 9000}, {**FRAME}, {**FRAME, "wall_ns": 7000})
    workers = workers_of(*({**worker, "frame": frame} for frame in (0, 1) for worker in (WORKER_0, WORKER_1)))
    alone = attributed_to(frames_of(FRAME), workers_of(WORKER_0, WORKER_1), [PROCESS])

    assert attributed_to(frames, workers, [PROCESS]) == alone
    assert attributed_to(frames[:1], workers, [PROCESS]) is None
    assert attributed_to(frames, workers[:0], [PROCESS]) is None


def test_stages_may_have_different_numbers_of_workers() -> None:
    frames = frames_of(FRAME, {**FRAME, "stage": 1, "frame": 0})
    one = {**WORKER_0, "stage": 1, "start_ns": 1000, "busy_ns": 90, "cpu_ns": 90, "core_wait_ns": 0}
    found = attributed_to(frames, workers_of(WORKER_0, WORKER_1, {**one, "core_wait_before_ns": 0}), [PROCESS] * 2)
    assert shares(found)["compute"] == (30 + 60 + 90) / 300


def test_each_stage_is_attributed_by_the_mode_that_ran_it() -> None:
    frames = frames_of(FRAME, {**FRAME, "stage": 1, "frame": 0, "parent_cpu_ns": 80})
    alone = {"stage": 1, "frame": 0, "start_ns": 1010, "busy_ns": 70, "cpu_ns": 70}
    found = attributed_to(frames, workers_of(WORKER_0, WORKER_1, alone), [THREADED, SEQUENTIAL])

    assert shares(found)["compute"] == (30 + 60 + 70) / 300
    assert found.effective_cores == (30 + 60 + 15 + 80) / 200
    assert bounds(found) == {"blocked", "moving data"}


def test_a_wait_before_the_only_worker_begins_counts_once() -> None:
    worker = {"start_ns": 1010, "busy_ns": 70, "cpu_ns": 70, "core_wait_before_ns": 5}
    found = attributed_to(frames_of({**FRAME, "parent_core_wait_ns": 5}), workers_of(worker), [SEQUENTIAL])

    assert shares(found) == {
        "compute": 0.70, "blocked": 0, "moving data": 0.15, "barrier": 0, "settling": 0.10, "not scheduled": 0.05,
    }  # fmt: skip


def test_recordings_of_schema_1_have_no_attribution() -> None:
    frames, workers = frames_of(FRAME), workers_of(WORKER_0, WORKER_1)
    old = workers[["frame", "stage", "worker", "start_ns", "busy_ns", "cpu_ns", "gc_ns"]]
    assert attributed_to(frames, np.array(old), [PROCESS]) is None
    assert attributed_to(np.array(frames[["frame", "stage", "warmup", "wall_ns"]]), workers, [PROCESS]) is None


def test_a_wait_for_a_core_before_an_answer_is_not_scheduled() -> None:
    frames = frames_of(FRAME, {**FRAME, "start_ns": 1200}, {**FRAME, "frame": 7, "start_ns": 1400})
    late = {"core_wait_before_ns": 10 + 8}  # only 10 of it fit between the frame's beginning and the worker's
    workers = workers_of(
        {**WORKER_1, "core_wait_before_ns": 0},
        {**WORKER_1, "frame": 1, "start_ns": 1210, "busy_ns": 70, **late},
        {**WORKER_1, "frame": 7, "start_ns": 1410, "busy_ns": 70, **late},
    )
    # Frame 0: 4 ms of the parent, and 6 of the 8 ms until the release; the other 2 while settling. No frame 6 exists.
    assert shares(attributed_to(frames, workers, [PROCESS]))["not scheduled"] == pytest.approx((12 + 14 + 14) / 300)
    assert shares(attributed_to(frames, workers, [THREADED]))["not scheduled"] == pytest.approx((4 + 14 + 14) / 300)


def test_waits_that_were_read_once_for_several_frames_are_shared_out() -> None:
    def joined(before_ns: tuple[int, int], parent_ns: tuple[int, int]) -> dict[str, Any]:
        frames = [
            {**FRAME, "frame": number, "start_ns": 1000 + 200 * number, "parent_core_wait_ns": parent_ns[number]}
            for number in range(2)
        ]
        workers = [
            {**each, "frame": number, "start_ns": each["start_ns"] + 200 * number, "core_wait_before_ns": waited_ns}
            for number in range(2)
            for each, waited_ns in ((WORKER_0, before_ns[number]), (WORKER_1, 0))
        ]
        return shares(attributed_to(frames_of(*frames), workers_of(*workers), [PROCESS]))

    assert joined((UNREAD, 6), (UNREAD, 8)) == joined((3, 3), (4, 4))
