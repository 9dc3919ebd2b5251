from __future__ import annotations

from types import SimpleNamespace

import pytest
from toy_workload import ToyShard, ToyWorkload

from walkerbench.modes import faults, shard_runner
from walkerbench.modes.faults import Faults
from walkerbench.modes.shard_runner import ShardRunner
from walkerbench.recording.garbage import GarbageClock
from walkerbench.recording.scheduling import ThreadMeter
from walkerbench.workloads.contract import WORKER_COLUMNS, BufferLayout, FrameBuffers

ALL_MODES = pytest.mark.parametrize("name", ["sequential", "threaded", "process"])
MIX_NS, MOVE_NS = 30_000, 70_000
READING_NS = 10
SLACK_NS = 500  # what the fake clock's readings themselves may take
DEADLINE_S = 30


class FakeClock:
    """Goes on a little at every reading, and by what it is told."""

    def __init__(self) -> None:
        self.now_ns = 0

    def perf_counter_ns(self) -> int:
        self.now_ns += READING_NS
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


@pytest.fixture
def clock(monkeypatch) -> FakeClock:
    """The clock of workers; the toy's phases take 30 and 70 µs of it."""
    clock = FakeClock()
    fake = SimpleNamespace(perf_counter_ns=clock.perf_counter_ns, sleep=clock.sleep)
    monkeypatch.setattr(faults, "time", fake)
    monkeypatch.setattr(shard_runner, "time", fake)
    for phase, ns in (("mix", MIX_NS), ("move", MOVE_NS)):
        monkeypatch.setattr(ToyShard, phase, lambda _shard, _frame, ns=ns: clock.sleep(ns / 1e9))
    return clock


def rows_of(faults: Faults, frames: int) -> list[list[dict[str, int]]]:
    """What each of two workers writes into its row, frame by frame."""
    workload = ToyWorkload()
    buffers = FrameBuffers(BufferLayout.of(workload, 2))
    meter, garbage = ThreadMeter(), GarbageClock()
    runners = [
        ShardRunner(workload, agents, buffers, worker, faults, meter, garbage)
        for worker, agents in enumerate(((0, 3), (3, 6)))
    ]
    rows = []
    for frame in range(frames):
        for runner in runners:
            runner.run(frame)
        names = (*WORKER_COLUMNS, *workload.phases)
        rows.append([dict(zip(names, row, strict=True)) for row in buffers.workers.tolist()])
    return rows


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("percent", [0.0, 5.0, 10.0, 1000.0])
def test_extra_work_is_a_share_of_every_workers_own_work(percent):
    expected = (MIX_NS + MOVE_NS) * (1 + percent / 100)
    for rows in rows_of(Faults(extra_work_percent=percent), 3):
        for row in rows:
            assert expected <= row["busy_ns"] <= expected + SLACK_NS
            # It belongs to no phase: those keep their own time.
            assert MIX_NS <= row["mix"] <= MIX_NS + SLACK_NS
            assert MOVE_NS <= row["move"] <= MOVE_NS + SLACK_NS


@pytest.mark.usefixtures("clock")
def test_a_stall_is_worker_0s_in_its_frame_alone():
    rows = rows_of(Faults(stall_frames={1: 0.25, 3: 0.5}), 4)
    extra = [[row["busy_ns"] - MIX_NS - MOVE_NS for row in workers] for workers in rows]
    expected = [[0, 0], [250_000_000, 0], [0, 0], [500_000_000, 0]]
    for frame in range(4):
        for worker in range(2):
            assert 0 <= extra[frame][worker] - expected[frame][worker] <= SLACK_NS
            assert rows[frame][worker]["mix"] <= MIX_NS + SLACK_NS


@pytest.mark.usefixtures("clock")
def test_extra_work_is_no_share_of_a_stall():
    ((row, _),) = rows_of(Faults(extra_work_percent=100.0, stall_frames={0: 1.0}), 1)
    expected = 1_000_000_000 + 2 * (MIX_NS + MOVE_NS)
    assert expected <= row["busy_ns"] <= expected + SLACK_NS


@ALL_MODES
def test_faults_reach_the_workers_of_every_mode(make_mode, name):
    mode = make_mode(name, Faults(extra_work_percent=1000.0, stall_frames={1: 0.02}))
    mode.start(ToyWorkload(), 3)
    for frame in range(3):
        mode.dispatch(frame)
        mode.wait(frame, DEADLINE_S)
        for worker, row in enumerate(mode.buffers.workers.tolist()):
            named = dict(zip((*WORKER_COLUMNS, "mix", "move"), row, strict=True))
            stall_ns = 20_000_000 if (frame, worker) == (1, 0) else 0
            assert named["busy_ns"] >= stall_ns + 11 * (named["mix"] + named["move"])


def test_faults_change_no_trajectory(make_mode):
    digests = []
    for injected in (Faults(), Faults(extra_work_percent=50.0, stall_frames={1: 0.001})):
        mode = make_mode("sequential", injected)
        mode.start(ToyWorkload(), 2)
        for frame in range(3):
            mode.dispatch(frame)
            mode.wait(frame)
        digests.append(mode.checkpoint(2))
        mode.close()
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    ("injected", "active", "words"),
    [
        (Faults(), False, "none"),
        (Faults(extra_work_percent=5), True, "extra work of 5 % in every frame"),
        (Faults(stall_frames={100: 0.25}), True, "a stall of 0.25 s in frame 100"),
        (
            Faults(extra_work_percent=2.5, stall_frames={7: 1, 3: 0.5}),
            True,
            "extra work of 2.5 % in every frame; a stall of 0.5 s in frame 3; a stall of 1 s in frame 7",
        ),
    ],
)
def test_faults_in_words(injected, active, words):
    assert injected.active is active
    assert injected.describe() == words
