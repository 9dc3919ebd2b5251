from __future__ import annotations

import numpy as np
import pytest

from walkerbench.recording import frames as recording_frames
from walkerbench.recording.frames import FrameRecorder, FrameTiming, frame_dtype, worker_dtype
from walkerbench.recording.scheduling import ThreadSpan
from walkerbench.workloads.contract import WORKER_COLUMNS

PHASES = ("agents", "physics")
COUNTERS = ("ai_updates", "replaced")


def recorder() -> FrameRecorder:
    return FrameRecorder(frame_dtype(PHASES, "ecosystem", COUNTERS), worker_dtype(PHASES))


def timing(frame: int) -> FrameTiming:
    return FrameTiming(
        frame=frame, start_ns=1000 + frame, wall_ns=500, settle_ns=40, dispatch_ns=5, barrier_wait_ns=6, gc_ns=7,
        process_cpu_ns=8, parent=ThreadSpan(*range(91, 99)),
    )  # fmt: skip


def worker_row(*, start: int, busy: int, cpu: int, gc: int, agents: int, physics: int) -> list[int]:
    values = {"completed_frame": 99, "start_ns": start, "busy_ns": busy, "cpu_ns": cpu, "gc_ns": gc}
    return [*(values.get(name, 0) for name in WORKER_COLUMNS), agents, physics]


def test_the_columns_of_a_frame_have_the_published_order() -> None:
    dtype = frame_dtype(PHASES, "ecosystem", COUNTERS)

    assert dtype.names == (
        "frame", "stage", "warmup", "start_ns", "wall_ns", "agents_ns", "physics_ns", "ecosystem_ns", "dispatch_ns",
        "barrier_wait_ns", "busy_ns", "cpu_ns", "gc_ns", "ai_updates", "replaced",
        "process_cpu_ns", "parent_cpu_ns", "parent_core_wait_ns", "parent_core_wait_before_ns", "parent_system_ns",
        "parent_minor_faults", "parent_major_faults", "parent_involuntary_switches",
        "parent_voluntary_switches",
    )  # fmt: skip
    assert {dtype[name] for name in dtype.names} == {np.dtype(np.int64)}


def test_the_columns_of_a_worker_have_the_published_order() -> None:
    dtype = worker_dtype(PHASES)

    assert dtype.names == (
        "frame", "stage", "worker", "start_ns", "busy_ns", "cpu_ns", "gc_ns", "core_wait_ns", "core_wait_before_ns",
        "system_ns", "minor_faults", "major_faults", "involuntary_switches", "voluntary_switches",
        "agents_ns", "physics_ns",
    )  # fmt: skip
    assert {dtype[name] for name in dtype.names} == {np.dtype(np.int64)}


def test_phases_are_the_slowest_workers_and_other_times_are_sums() -> None:
    kept = recorder()
    workers = np.array(
        [
            worker_row(start=11, busy=300, cpu=290, gc=1, agents=200, physics=90),
            worker_row(start=12, busy=310, cpu=250, gc=2, agents=150, physics=120),
        ]
    )

    kept.record(3, True, timing(8), workers, (15, 1))
    frames, rows = kept.drain()

    assert frames.tolist() == [(8, 3, 1, 1008, 500, 200, 120, 40, 5, 6, 610, 540, 10, 15, 1, 8, *range(91, 99))]
    blank = [0] * (len(WORKER_COLUMNS) - 5)
    assert rows.tolist() == [
        (8, 3, 0, 11, 300, 290, 1, *blank, 200, 90),
        (8, 3, 1, 12, 310, 250, 2, *blank, 150, 120),
    ]


def test_the_number_of_workers_may_change_between_frames() -> None:
    kept = recorder()
    rows = [
        worker_row(start=number, busy=10 * number, cpu=1, gc=0, agents=number, physics=9 - number)
        for number in (1, 2, 3)
    ]

    kept.record(0, False, timing(0), np.array(rows[:1]), (0, 0))
    kept.record(1, False, timing(0), np.array(rows), (0, 0))
    kept.record(1, False, timing(1), np.array(rows[1:]), (0, 0))
    frames, workers = kept.drain()

    assert frames["busy_ns"].tolist() == [10, 60, 50]
    assert frames["agents_ns"].tolist() == [1, 3, 3]
    assert frames["physics_ns"].tolist() == [8, 8, 7]
    assert workers[["stage", "frame", "worker"]].tolist() == [
        (0, 0, 0), (1, 0, 0), (1, 0, 1), (1, 0, 2), (1, 1, 0), (1, 1, 1),
    ]  # fmt: skip


def test_a_drain_returns_copies_and_forgets_the_rows() -> None:
    kept = recorder()
    workers = np.array([worker_row(start=1, busy=2, cpu=3, gc=4, agents=5, physics=6)])

    kept.record(0, False, timing(0), workers, (1, 2))
    first, first_workers = kept.drain()
    before = first.tolist(), first_workers.tolist()
    kept.record(0, False, timing(1), workers * 7, (3, 4))
    second, _ = kept.drain()

    assert (first.tolist(), first_workers.tolist()) == before
    assert second["frame"].tolist() == [1]
    assert second["busy_ns"].tolist() == [14]


def test_an_empty_drain_has_the_dtypes() -> None:
    frames, workers = recorder().drain()

    assert (len(frames), frames.dtype) == (0, frame_dtype(PHASES, "ecosystem", COUNTERS))
    assert (len(workers), workers.dtype) == (0, worker_dtype(PHASES))


@pytest.mark.parametrize("num_workers", [1, 2, 7])
def test_no_row_is_lost_while_the_blocks_grow(monkeypatch: pytest.MonkeyPatch, num_workers: int) -> None:
    monkeypatch.setattr(recording_frames, "_FIRST_ROWS", 2)
    kept = recorder()

    for frame in range(21):
        rows = [
            worker_row(start=0, busy=100 * frame + worker, cpu=0, gc=0, agents=0, physics=0)
            for worker in range(num_workers)
        ]
        kept.record(0, False, timing(frame), np.array(rows), (frame, 0))
    frames, workers = kept.drain()

    assert frames["frame"].tolist() == list(range(21))
    assert frames["ai_updates"].tolist() == list(range(21))
    assert workers["busy_ns"].tolist() == [100 * frame + worker for frame in range(21) for worker in range(num_workers)]
