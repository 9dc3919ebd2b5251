"""The run's side of the pipe: it never waits for the server."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fabricated_runs import recorded_run

from walkerbench.run_directory import RecordedRun
from walkerbench.running.observers import RecordedRows
from walkerbench.running.run_control import RunControl
from walkerbench.serving.messages import RowsRecorded
from walkerbench.serving.relay import Relay


@pytest.fixture
def recorded(tmp_path: Path) -> RecordedRun:
    return recorded_run(tmp_path / "run", 4)


def stage_of(recorded: RecordedRun, toggles: tuple[tuple[int, str], ...] = ()) -> Any:
    """A stage of that run as observers see it."""
    stage = recorded.run.stages[0]
    environment = SimpleNamespace(
        toggles=toggles, workload=SimpleNamespace(num_agents=stage.agents), frame=4, num_workers=stage.workers,
        mode_used=stage.mode, traits=stage.traits, counters=stage.counters, worker_pids=list,
        get_threading_performance=lambda: {"threading_enabled": True},
    )  # fmt: skip
    return SimpleNamespace(number=0, warmup=1, environment=environment)


def relayed(recorded: RecordedRun, *stages: Any) -> list[RowsRecorded]:
    """What waits to be sent of rows that the server does not read."""
    ours, theirs = multiprocessing.Pipe()
    with ours, theirs:
        relay = Relay(ours, RunControl())
        rows = RecordedRows(recorded.frames, recorded.workers, recorded.cpu)
        for stage in stages:
            relay.recorded_rows(stage, rows)
        waiting = relay._waiting
        return [waiting.get_nowait() for _ in range(waiting.qsize())]


def test_rows_are_left_out_where_the_server_does_not_read(recorded: RecordedRun) -> None:
    assert len(relayed(recorded, *[stage_of(recorded)] * 150)) == 100


def test_rows_from_before_a_toggle_are_left_out(recorded: RecordedRun) -> None:
    (whole,) = relayed(recorded, stage_of(recorded))
    (since,) = relayed(recorded, stage_of(recorded, ((1, "sequential"), (3, "threaded"))))
    assert whole.rows.frames["frame"].tolist() == [0, 1, 2, 3]
    assert since.rows.frames["frame"].tolist() == [3]
    assert since.rows.workers["frame"].tolist() == [3, 3]
    assert since.threading is None  # it is in process mode, which is fixed at the start
