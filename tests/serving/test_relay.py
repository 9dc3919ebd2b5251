"""The run's end of the pipe never waits for the server."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from fabricated_runs import recorded_run
from toy_picture import ToyPicture

from walkerbench.run_directory import RecordedRun
from walkerbench.running.observers import RecordedRows, RunStart
from walkerbench.running.run_control import RunControl
from walkerbench.serving.messages import RowsRecorded, SnapshotTaken, StageBegun, WatchPictures
from walkerbench.serving.relay import Relay

Told = TypeVar("Told")


TOY = ToyPicture()


@dataclass(frozen=True)
class DrawnWorkload:
    """A workload as a relay sees it."""

    num_agents: int = 2
    name: str = "toy"
    drawn: Any = TOY
    fields: tuple[str, ...] = ("x",)

    def snapshot_fields(self) -> tuple[str, ...]:
        return self.fields

    def picture(self) -> Any:
        if isinstance(self.drawn, Exception):
            raise self.drawn
        return self.drawn


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    return recorded_run(tmp_path / "run", 4)


def stage_of(recorded: RecordedRun, toggles: tuple[tuple[int, str], ...] = ()) -> Any:
    """A stage of that run as observers see it."""
    stage = recorded.run.stages[0]
    environment = SimpleNamespace(
        toggles=toggles, workload=DrawnWorkload(stage.agents), frame=4, num_workers=stage.workers,
        mode_used=stage.mode, traits=stage.traits, counters=stage.counters, worker_pids=list,
        get_threading_performance=lambda: {"threading_enabled": True}, statistics=lambda: {"alive": 3.0},
    )  # fmt: skip
    return SimpleNamespace(number=0, warmup=1, environment=environment)


def waiting_in(relay: Relay, kind: type[Told]) -> list[Told]:
    """Return the messages of one type that wait to be sent."""
    waiting = [relay._waiting.get_nowait() for _ in range(relay._waiting.qsize())]
    return [each for each in waiting if isinstance(each, kind)]


def relayed(recorded: RecordedRun, *stages: Any) -> list[RowsRecorded]:
    """Return the messages that wait to be sent, of rows that the server does not read."""
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        relay = Relay(ours, RunControl())
        rows = RecordedRows(recorded.frames, recorded.workers, recorded.cpu)
        for stage in stages:
            relay.recorded_rows(stage, rows)
        return waiting_in(relay, RowsRecorded)


def test_rows_are_left_out_where_the_server_does_not_read(recorded: RecordedRun) -> None:
    assert len(relayed(recorded, *[stage_of(recorded)] * 150)) == 99  # StageBegun waits first


def test_rows_from_before_a_toggle_are_left_out(recorded: RecordedRun) -> None:
    (whole,) = relayed(recorded, stage_of(recorded))
    (since,) = relayed(recorded, stage_of(recorded, ((1, "sequential"), (3, "threaded"))))
    assert whole.rows.frames["frame"].tolist() == [0, 1, 2, 3]
    assert since.rows.frames["frame"].tolist() == [3]
    assert since.rows.workers["frame"].tolist() == [3, 3]
    assert since.threading is None  # process mode cannot be switched


# Pictures.


def stage_drawn_by(workload: DrawnWorkload, number: int = 0) -> Any:
    return SimpleNamespace(number=number, environment=SimpleNamespace(workload=workload))


class Relayed:
    """A relay of a run that has started; counts how often it asks for a snapshot."""

    def __init__(self, relay: Relay, server: Any, recorded: RecordedRun) -> None:
        self.relay, self.server, self.requests = relay, server, 0
        relay.started(RunStart(recorded.directory, recorded.run, self._request))

    def _request(self) -> None:
        self.requests += 1

    def watch(self, *wanted: bool) -> None:
        """Send whether the server wants snapshots, and let the relay read the message."""
        for each in wanted:
            self.server.send(WatchPictures(each))
        self.server.close()
        self.relay._listen()


@pytest.fixture
def relay(recorded: RecordedRun) -> Iterator[Relayed]:
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        yield Relayed(Relay(ours, RunControl()), theirs, recorded)


def test_the_next_snapshot_is_asked_for_while_any_are_wanted(relay: Relayed) -> None:
    stage = stage_drawn_by(DrawnWorkload())
    relay.relay.snapshot(stage, 1, {})
    assert relay.requests == 0
    relay.watch(True)
    assert relay.requests == 1
    relay.relay.snapshot(stage, 2, {})
    assert relay.requests == 2
    assert [each.frame for each in waiting_in(relay.relay, SnapshotTaken)] == [1, 2]


def test_no_snapshot_is_asked_for_when_none_are_wanted(relay: Relayed) -> None:
    relay.watch(True, False)
    relay.relay.snapshot(stage_drawn_by(DrawnWorkload()), 1, {})
    assert relay.requests == 1


def test_snapshots_are_left_out_where_the_server_does_not_read(relay: Relayed) -> None:
    stage = stage_drawn_by(DrawnWorkload())
    for frame in range(300):
        relay.relay.snapshot(stage, frame, {})
    assert len(waiting_in(relay.relay, SnapshotTaken)) < 100


def test_the_picture_is_sent_once_per_stage(relay: Relayed) -> None:
    for number in (0, 0, 1, 1):
        relay.relay.snapshot(stage_drawn_by(DrawnWorkload(), number), 1, {})
    assert [each.number for each in waiting_in(relay.relay, StageBegun)] == [0, 1]


@pytest.mark.parametrize(
    ("workload", "problem"),
    [
        (DrawnWorkload(drawn=None), None),
        (DrawnWorkload(fields=()), None),
        (DrawnWorkload(drawn=ZeroDivisionError("no scale")), "its picture failed: ZeroDivisionError: no scale"),
        (DrawnWorkload(drawn=lambda: 0), "its picture failed: "),
    ],
)
def test_a_workload_without_a_picture_does_not_break_the_run(
    relay: Relayed, workload: DrawnWorkload, problem: str | None
) -> None:
    relay.relay.snapshot(stage_drawn_by(workload), 1, {})
    (begun,) = waiting_in(relay.relay, StageBegun)
    assert begun.picture is None
    assert (begun.problem is None) if problem is None else (begun.problem or "").startswith(problem)
