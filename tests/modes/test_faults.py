from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import toy_workload
from toy_workload import ToyShard, ToyWorkload

from walkerbench.errors import UsageError, WorkerCrashed, WorkerTimeout
from walkerbench.modes import faults, shard_runner
from walkerbench.modes.faults import Faults
from walkerbench.modes.registry import MODES
from walkerbench.modes.shard_runner import ShardRunner
from walkerbench.recording.garbage import GarbageClock
from walkerbench.recording.scheduling import ThreadMeter
from walkerbench.workloads.contract import WORKER_COLUMNS, BufferLayout, FrameBuffers

ALL_MODES = pytest.mark.parametrize("name", ["sequential", "threaded", "process"])
MIX_NS, MOVE_NS = 30_000, 70_000
READING_NS = 10
SLACK_NS = 500  # the most time that readings of the fake clock themselves take
DEADLINE_S = 30


class FakeClock:
    """A clock that moves a little at every reading, and when it is told to."""

    def __init__(self) -> None:
        self.now_ns = 0

    def perf_counter_ns(self) -> int:
        self.now_ns += READING_NS
        return self.now_ns

    def sleep(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """The clock of workers, on which the toy's phases take 30 and 70 µs."""
    clock = FakeClock()
    fake = SimpleNamespace(perf_counter_ns=clock.perf_counter_ns, sleep=clock.sleep)
    monkeypatch.setattr(faults, "time", fake)
    monkeypatch.setattr(shard_runner, "time", fake)
    for phase, ns in (("mix", MIX_NS), ("move", MOVE_NS)):
        monkeypatch.setattr(ToyShard, phase, lambda _shard, _frame, ns=ns: clock.sleep(ns / 1e9))
    return clock


def rows_of(faults: Faults, frames: int) -> list[list[dict[str, int]]]:
    """Return the rows of two workers, frame by frame."""
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
def test_extra_work_is_a_share_of_each_workers_own_work(percent: float) -> None:
    expected = (MIX_NS + MOVE_NS) * (1 + percent / 100)
    for rows in rows_of(Faults(extra_work_percent=percent), 3):
        for row in rows:
            assert expected <= row["busy_ns"] <= expected + SLACK_NS
            # The extra work belongs to no phase: phases keep their own time.
            assert MIX_NS <= row["mix"] <= MIX_NS + SLACK_NS
            assert MOVE_NS <= row["move"] <= MOVE_NS + SLACK_NS


@pytest.mark.usefixtures("clock")
def test_a_stall_delays_only_worker_0_in_its_frame() -> None:
    rows = rows_of(Faults(stall_frames={1: 0.25, 3: 0.5}), 4)
    extra = [[row["busy_ns"] - MIX_NS - MOVE_NS for row in workers] for workers in rows]
    expected = [[0, 0], [250_000_000, 0], [0, 0], [500_000_000, 0]]
    for frame in range(4):
        for worker in range(2):
            assert 0 <= extra[frame][worker] - expected[frame][worker] <= SLACK_NS
            assert rows[frame][worker]["mix"] <= MIX_NS + SLACK_NS


@pytest.mark.usefixtures("clock")
def test_extra_work_is_not_increased_by_a_stall() -> None:
    ((row, _),) = rows_of(Faults(extra_work_percent=100.0, stall_frames={0: 1.0}), 1)
    expected = 1_000_000_000 + 2 * (MIX_NS + MOVE_NS)
    assert expected <= row["busy_ns"] <= expected + SLACK_NS


@pytest.mark.usefixtures("clock")
def test_a_stall_in_the_main_phase_counts_as_its_time() -> None:
    rows = rows_of(Faults(main_phase_stall_frames={1: 0.25}), 2)
    extra = [[(row["mix"] - MIX_NS, row["move"] - MOVE_NS) for row in workers] for workers in rows]
    for frame in range(2):
        for worker in range(2):
            stall_ns = 250_000_000 if (frame, worker) == (1, 0) else 0
            assert 0 <= extra[frame][worker][0] - stall_ns <= SLACK_NS
            assert 0 <= extra[frame][worker][1] <= SLACK_NS


def digests_after_each_frame(mode: Any, frames: int) -> list[list[int]]:
    """Return the digest of every agent after each frame, with six agents and two workers."""
    found = []
    settler = mode.start(ToyWorkload(), 2)
    for frame in range(frames):
        mode.dispatch(frame)
        mode.wait(frame, DEADLINE_S)
        settler.settle(frame)
        mode.checkpoint(frame)
        found.append(mode.buffers.digests[:, 0].tolist())
    mode.close()
    return found


@ALL_MODES
def test_a_skipped_frame_changes_the_trajectory_from_then_on(make_mode: Any, name: str) -> None:
    clean, diverging = (
        digests_after_each_frame(make_mode(name, faults), 4) for faults in (Faults(), Faults(diverge_frame=2))
    )
    assert clean[:2] == diverging[:2]
    assert clean[2][3:] == diverging[2][3:], "worker 1 has done its part"
    assert diverging[2][:3] == clean[1][:3], "worker 0's agents stand where they stood"
    assert set(clean[3]).isdisjoint(diverging[3]), "what they publish reaches every agent"


def test_a_workers_process_exits_in_its_frame(make_mode: Any) -> None:
    mode = make_mode("process", Faults(exit_frame=2))
    with pytest.raises(WorkerCrashed) as caught:
        digests_after_each_frame(mode, 4)
    assert str(caught.value) == "worker 0 (agents 0 to 2) exited with status 99 in frame 2"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", ["threaded", "process"])
def test_a_worker_hangs_in_its_frame(make_mode: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    # Releases the thread of this process when the test is over.
    monkeypatch.setattr(faults, "threading", SimpleNamespace(Event=lambda: toy_workload.release))
    mode = make_mode(name, Faults(hang_frame=1))
    mode.start(ToyWorkload(), 2)
    for frame in range(2):
        mode.dispatch(frame)
        with pytest.raises(WorkerTimeout) if frame == 1 else nullcontext() as caught:
            mode.wait(frame, DEADLINE_S if frame == 0 else 0.2)
    assert caught is not None
    assert str(caught.value) == "worker 0 (agents 0 to 2) did not answer within 0.2 s in frame 1"


@pytest.mark.parametrize(("key", "possible"), [("exit_frame", {"process"}), ("hang_frame", {"threaded", "process"})])
@ALL_MODES
def test_a_fault_is_refused_where_it_cannot_be_injected(
    make_mode: Any, name: str, key: str, possible: set[str]
) -> None:
    changes: dict[str, Any] = {key: 3}
    injected = Faults(**changes)
    assert set(injected.impossible_in(MODES.find(name).traits)) == (set() if name in possible else {key})
    if name not in possible:
        with pytest.raises(UsageError, match=rf"^{name} mode: {key} cannot be injected: its worker"):
            make_mode(name, injected)


@ALL_MODES
def test_faults_reach_the_workers_of_every_mode(make_mode: Any, name: str) -> None:
    mode = make_mode(name, Faults(extra_work_percent=1000.0, stall_frames={1: 0.02}))
    mode.start(ToyWorkload(), 3)
    for frame in range(3):
        mode.dispatch(frame)
        mode.wait(frame, DEADLINE_S)
        for worker, row in enumerate(mode.buffers.workers.tolist()):
            named = dict(zip((*WORKER_COLUMNS, "mix", "move"), row, strict=True))
            stall_ns = 20_000_000 if (frame, worker) == (1, 0) else 0
            assert named["busy_ns"] >= stall_ns + 11 * (named["mix"] + named["move"])


def test_faults_change_no_trajectory(make_mode: Any) -> None:
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
        (Faults(), False, None),
        (Faults(extra_work_percent=5), True, "extra work of 5 % in every frame"),
        (Faults(stall_frames={100: 0.25}), True, "a stall of 0.25 s in frame 100"),
        (
            Faults(extra_work_percent=2.5, stall_frames={7: 1, 3: 0.5}),
            True,
            "extra work of 2.5 % in every frame; a stall of 0.5 s in frame 3; a stall of 1 s in frame 7",
        ),
        (Faults(main_phase_stall_frames={3: 0.25}), True, "a stall of 0.25 s in the main phase of frame 3"),
        (Faults(exit_frame=0), True, "worker 0 exits in frame 0"),
        (Faults(hang_frame=5), True, "worker 0 hangs in frame 5"),
        (Faults(diverge_frame=5), True, "worker 0 leaves out frame 5"),
        (Faults(end_frame=1), True, "the end before frame 1"),
    ],
)
def test_faults_in_words(injected: Any, active: bool, words: str | None) -> None:
    assert injected.active is active
    assert injected.in_words == words
