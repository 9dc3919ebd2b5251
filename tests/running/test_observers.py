from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_profile import TINY_FRAMES, profile_text

from walkerbench.modes.registry import MODES
from walkerbench.profile.loading import load_profile
from walkerbench.recording.frames import FrameTiming
from walkerbench.run_directory import CheckpointRecord, RecordedRun, RunFile, read_recorded
from walkerbench.running import runner
from walkerbench.running.observers import (
    ObserverFanOut,
    RunObserver,
    RunStart,
    SnapshotRequests,
    StageView,
)

STAGE = cast(StageView, None)
TIMING = cast(FrameTiming, None)
RUN = cast(RunFile, None)
S = 1_000_000_000


class Clock:
    """A clock in nanoseconds that moves only when a test moves it."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


class Noting(RunObserver):
    """Records the name of each call."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def started(self, start: RunStart) -> None:
        self.told.append("started")

    def frame(self, stage: StageView, timing: FrameTiming) -> None:
        self.told.append("frame")

    def checkpoint(self, stage: StageView, checkpoint: CheckpointRecord) -> None:
        self.told.append("checkpoint")

    def finished(self, run: RunFile) -> None:
        self.told.append("finished")


class Acting(RunObserver):
    """Calls a function at each frame."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.act = act
        self.frames = 0

    def frame(self, stage: StageView, timing: FrameTiming) -> None:
        self.frames += 1
        self.act()


class Required(Acting):
    required = True


def refuse() -> None:
    raise ValueError("no more")


def test_every_observer_is_told_in_order() -> None:
    observers = [Noting(), Noting()]
    fan_out = ObserverFanOut(observers)
    fan_out.started(Path("run"), RUN)
    fan_out.frame(STAGE, TIMING)
    fan_out.checkpoint(STAGE, cast(CheckpointRecord, None))
    fan_out.finished(RUN)
    assert [each.told for each in observers] == [["started", "frame", "checkpoint", "finished"]] * 2


def test_an_observer_that_raises_is_dropped_and_others_stay() -> None:
    raising, other = Acting(refuse), Acting(lambda: None)
    fan_out = ObserverFanOut([raising, other])
    for _ in range(3):
        fan_out.frame(STAGE, TIMING)
    assert (raising.frames, other.frames) == (1, 3)
    assert [record.dropped for record in fan_out.records()] == ["raised ValueError: no more", None]


def test_an_observer_that_calls_sys_exit_is_dropped_as_well() -> None:
    fan_out = ObserverFanOut([Acting(lambda: sys.exit(0))])
    fan_out.frame(STAGE, TIMING)
    assert [record.dropped for record in fan_out.records()] == ["raised SystemExit: 0"]


def test_the_error_of_a_required_observer_is_raised() -> None:
    with pytest.raises(ValueError, match="no more"):
        ObserverFanOut([Required(refuse)]).frame(STAGE, TIMING)


@pytest.mark.parametrize(
    ("call_s", "pause_s", "calls"),
    [(1.2, 0.0, 1), (0.2, 0.0, 6), (0.2, 1.0, 12), (0.09, 0.9, 50)],
    ids=["one slow call", "many in a row", "a fifth of the time", "a tenth of the time"],
)
def test_an_observer_that_is_slow_is_dropped(call_s: float, pause_s: float, calls: int) -> None:
    clock = Clock()

    def spend() -> None:
        clock.now_ns += round(call_s * S)

    slow = Acting(spend)
    fan_out = ObserverFanOut([slow], clock)
    fan_out.started(Path("run"), RUN)
    for _ in range(50):
        fan_out.frame(STAGE, TIMING)
        clock.now_ns += round(pause_s * S)
    assert slow.frames == calls


def test_a_required_observer_may_be_slow() -> None:
    clock = Clock()

    def spend() -> None:
        clock.now_ns += 10 * S

    slow = Required(spend)
    fan_out = ObserverFanOut([slow], clock)
    for _ in range(5):
        fan_out.frame(STAGE, TIMING)
    assert slow.frames == 5
    (record,) = fan_out.records()
    assert (record.name, record.cost_s, record.dropped) == ("Required", 50.0, None)


def test_an_event_without_an_override_costs_an_observer_nothing() -> None:
    readings: list[int] = []

    def clock() -> int:
        readings.append(0)
        return 0

    fan_out = ObserverFanOut([RunObserver()], clock)
    readings.clear()
    fan_out.frame(STAGE, TIMING)
    assert readings == []


def test_snapshots_are_limited_to_thirty_a_second() -> None:
    requests = SnapshotRequests()
    assert not requests.take(10 * S)
    requests.request()
    assert requests.take(10 * S)
    assert not requests.waiting
    requests.request()
    assert not requests.take(10 * S + 1)
    assert requests.waiting
    taken = 0
    for millisecond in range(1, 10_001):
        requests.request()
        taken += requests.take(10 * S + millisecond * 1_000_000)
    assert 299 <= taken <= 301


def test_every_other_frame_of_sixty_a_second_has_a_snapshot() -> None:
    requests = SnapshotRequests()
    taken = 0
    for frame in range(600):
        requests.request()
        taken += requests.take(10 * S + frame * S // 60 - (frame % 4 == 2) * 100_000)
    assert 290 <= taken <= 301


def test_snapshots_that_fit_into_the_pause_keep_their_rate() -> None:
    requests = SnapshotRequests()
    requests.request()
    assert requests.take(S)
    requests.taken(S + 3_000_000)  # 3 ms are a hundredth of 0.3 s
    requests.request()
    assert not requests.take(S + S // 4, spare_ns=5_999_999)
    assert requests.take(S + S // 4, spare_ns=6_000_000)


def test_slow_snapshots_are_taken_less_often() -> None:
    requests = SnapshotRequests()
    requests.request()
    assert requests.take(1000)
    requests.taken(1000 + S)  # 1 s is a hundredth of 100 s
    requests.request()
    assert not requests.take(1000 + 100 * S - 1)
    assert requests.take(1000 + 100 * S)


def test_a_request_made_while_a_snapshot_is_taken_is_kept() -> None:
    requests = SnapshotRequests()
    requests.request()
    assert requests.take(1)
    requests.request()
    requests.taken(2)
    assert requests.waiting


# On real runs, in every mode.


class Drawing(RunObserver):
    """Asks for a snapshot at the start, and again after each one."""

    def __init__(self) -> None:
        self.drawn: list[tuple[int, Mapping[str, NDArray[Any]]]] = []

    def started(self, start: RunStart) -> None:
        self._request = start.request_snapshot
        self._request()

    def snapshot(self, stage: StageView, frame: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.drawn.append((frame, arrays))
        self._request()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., RecordedRun]:
    def carry_out(name: str, mode: str, *observers: RunObserver) -> RecordedRun:
        (tmp_path / "tiny.toml").write_text(profile_text(mode=mode, workers=1 if mode == "sequential" else 2))
        profile = load_profile(str(tmp_path / "tiny.toml"))
        return read_recorded(runner.run(profile, output=tmp_path / name, command_line=[], observers=observers))

    return carry_out


@pytest.fixture
def _drawn_after_every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("walkerbench.running.observers.SNAPSHOTS_PER_S", 1e9)
    monkeypatch.setattr("walkerbench.running.observers.SNAPSHOT_SHARE", 1e9)


@pytest.mark.usefixtures("_drawn_after_every_frame")
@pytest.mark.parametrize("mode", MODES.names())
def test_snapshots_do_not_change_the_trajectory(run: Callable[..., RecordedRun], mode: str) -> None:
    drawing = Drawing()
    watched, unwatched = run("watched", mode, drawing), run("unwatched", mode)
    assert watched.run.digest == unwatched.run.digest
    assert [frame for frame, _ in drawing.drawn] == list(range(TINY_FRAMES))
    first, last = drawing.drawn[0][1]["bodies"], drawing.drawn[-1][1]["bodies"]
    assert first.shape == (12, 5, 3)
    assert np.isfinite(first).all()
    assert not np.array_equal(first, last)


@pytest.mark.usefixtures("_drawn_after_every_frame")
def test_every_mode_gives_the_same_snapshots(run: Callable[..., RecordedRun]) -> None:
    drawings = [Drawing() for _ in MODES.names()]
    for mode, drawing in zip(MODES.names(), drawings, strict=True):
        run(mode, mode, drawing)
    first, *others = [np.stack([arrays["bodies"] for _, arrays in each.drawn]) for each in drawings]
    assert all(np.array_equal(first, other, equal_nan=True) for other in others)


def test_a_dropped_observer_is_recorded_and_the_run_goes_on(run: Callable[..., RecordedRun]) -> None:
    recorded = run("run", "sequential", Acting(refuse)).run
    assert recorded.state == "finished"
    assert [(each.name, each.dropped) for each in recorded.observers] == [
        ("RunRecorder", None),
        ("Acting", "raised ValueError: no more"),
    ]
