from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from numpy.typing import NDArray
from toy_workload import ToyWorkload

from walkerbench.profile.safeguards import Safeguards
from walkerbench.recording.frames import FrameTiming
from walkerbench.run_directory import CheckpointRecord
from walkerbench.running.frame_loop import Ending, FrameLoop, spacing
from walkerbench.running.observers import ObserverFanOut, RunObserver, StageView
from walkerbench.running.pacing import Pacer
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.system.interrupts import InterruptWatch


class Diary(RunObserver):
    """Records what happens, in order."""

    required = True

    def __init__(self, interrupts: InterruptWatch, interrupt_in: int | None = None) -> None:
        self.entries: list[tuple[str, int]] = []
        self._interrupts = interrupts
        self._interrupt_in = interrupt_in

    def frame(self, stage: StageView, timing: FrameTiming) -> None:
        self.entries.append(("frame", timing.frame))
        if timing.frame == self._interrupt_in:
            self._interrupts.received = "SIGINT"

    def checkpoint(self, stage: StageView, checkpoint: CheckpointRecord) -> None:
        self.entries.append(("checkpoint", checkpoint.frame))

    def snapshot(self, stage: StageView, frame: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.entries.append(("snapshot", frame))


def run_loop(
    until: int | None,
    *,
    every: int | None = 2,
    limit_ns: int | None = None,
    interrupt_in: int | None = None,
    ask: bool = False,
    safeguards: Safeguards | None = None,
) -> tuple[list[tuple[str, int]], Ending | None]:
    interrupts = InterruptWatch()
    diary = Diary(interrupts, interrupt_in)
    observers = ObserverFanOut([diary])
    if ask:
        observers.snapshots.request()
    with TrainingEnvironment(mode="sequential", workload=ToyWorkload(), safeguards=safeguards) as environment:
        stage = StageView(
            number=0, stages=1, frames=until, limit_ns=limit_ns, warmup=0, begun_ns=0, environment=environment,
            effective_cores=lambda: None,
        )  # fmt: skip
        ending = FrameLoop(stage, observers, Pacer(None), interrupts, every).run(until)
    return diary.entries, ending


def frames_only(entries: list[tuple[str, int]]) -> list[int]:
    return [frame for what, frame in entries if what == "frame"]


def test_checkpoints_are_taken_at_intervals_and_at_the_end() -> None:
    entries, ending = run_loop(5)
    assert ending is None
    assert entries == [
        ("frame", 0), ("frame", 1), ("checkpoint", 1), ("frame", 2), ("frame", 3), ("checkpoint", 3), ("frame", 4),
        ("checkpoint", 4),
    ]  # fmt: skip


@pytest.mark.promise("long runs", "A run of any length has at most some thousands of checkpoints, and can be read.")
@pytest.mark.parametrize("every", [1, 7, 60, 10**6])
def test_checkpoints_are_less_frequent_in_a_longer_run(every: int) -> None:
    ends = [1024 * every << power for power in range(20)]
    assert {spacing(frame, every) for frame in (1, every, ends[0])} == {every}
    assert [spacing(end, every) for end in ends] == [every << power for power in range(20)]
    assert [spacing(end + 1, every) for end in ends] == [every << power for power in range(1, 21)]
    later = sum((end - begin) // spacing(end, every) for begin, end in itertools.pairwise(ends))
    assert later == 19 * 512


def test_no_checkpoint_is_taken_where_none_is_wanted() -> None:
    entries, _ = run_loop(3, every=None)
    assert entries == [("frame", 0), ("frame", 1), ("frame", 2)]


def test_a_time_limit_in_the_past_ends_after_one_frame() -> None:
    entries, ending = run_loop(None, limit_ns=1)
    assert (frames_only(entries), ending) == ([0], None)


def test_an_interrupt_ends_between_frames_with_a_checkpoint() -> None:
    entries, ending = run_loop(9, every=100, interrupt_in=2)
    assert ending == Ending("interrupted", "SIGINT after 3 frames of this stage")
    assert entries == [("frame", 0), ("frame", 1), ("frame", 2), ("checkpoint", 2)]


def test_an_emergency_ends_the_frames_and_gives_its_reason() -> None:
    entries, ending = run_loop(9, every=100, safeguards=Safeguards(slow_frame_s=1e-9, slow_frames=2))
    because = "emergency shutdown after frame 1: 2 frames in a row took longer than 1e-09 s"
    assert ending == Ending("emergency", because)
    assert frames_only(entries) == [0, 1]


@pytest.mark.parametrize("ask", [False, True])
def test_a_snapshot_is_taken_only_on_request(ask: bool) -> None:
    entries, _ = run_loop(3, every=None, ask=ask)
    assert [entry for entry in entries if entry[0] == "snapshot"] == ([("snapshot", 0)] if ask else [])
