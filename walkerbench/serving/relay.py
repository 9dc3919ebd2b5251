"""The run's end of the pipe to the server: sends what is recorded, and carries out the server's requests."""

from __future__ import annotations

import pickle
import queue
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

from numpy.typing import NDArray

from walkerbench.errors import RAISED_BY_OTHERS, describe_error
from walkerbench.run_directory import RunFile, StageRecord
from walkerbench.running.observers import RecordedRows, RunObserver, RunStart, StageView
from walkerbench.running.run_control import RunControl
from walkerbench.serving.messages import (
    Ask,
    EndServing,
    RowsRecorded,
    RunBegun,
    RunEnded,
    SnapshotTaken,
    StageBegun,
    WatchPictures,
    answer,
)

_MOST_WAITING = 100  # messages: where the server does not read, further rows are dropped, and are recorded anyway
_SERVER_GONE = (EOFError, OSError)


class Relay(RunObserver):
    """Passes messages between a run and the server, in threads of its own, so that the run never waits for it.

    Args:
        connection: To the server's process.
        control: The run's control.

    Attributes:
        lost: Whether the server's process has gone while the run went on.
    """

    def __init__(self, connection: Connection, control: RunControl) -> None:
        self._connection = connection
        self._control = control
        self.lost = self._closing = False
        self._waiting: queue.Queue[Any] = queue.Queue()
        self._pictures_wanted = False
        self._request_snapshot: Callable[[], None] = lambda: None
        self._stage: int | None = None
        self._threads = [
            Thread(target=each, name=f"relay-{each.__name__.strip('_')}", daemon=True)
            for each in (self._send, self._listen)
        ]

    def start(self) -> None:
        """Start the threads that send and listen."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Send the messages that still wait, for a second at most, and close the connection."""
        self._closing = True
        self._waiting.put(EndServing())
        self._threads[0].join(timeout=1)
        self._connection.close()

    def started(self, start: RunStart) -> None:
        """Send what is run."""
        self._request_snapshot = start.request_snapshot
        self._waiting.put(RunBegun(start.directory, start.run))
        if self._pictures_wanted:
            self._request_snapshot()

    def recorded_rows(self, stage: StageView, rows: RecordedRows) -> None:
        """Send what was recorded."""
        self._tell_stage(stage)
        if len(rows.frames) and self._waiting.qsize() < _MOST_WAITING:
            environment = stage.environment
            threading = environment.get_threading_performance() if environment.traits.in_caller_process else None
            self._waiting.put(RowsRecorded(_record(stage), _since_last_toggle(stage, rows), threading))

    def snapshot(self, stage: StageView, frame: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Send a snapshot, and ask for the next one while snapshots are wanted."""
        self._tell_stage(stage)
        if self._waiting.qsize() < _MOST_WAITING:
            self._waiting.put(SnapshotTaken(stage.number, frame, arrays))
        if self._pictures_wanted:
            self._request_snapshot()

    def finished(self, run: RunFile) -> None:
        """Send how the run ended."""
        self._waiting.put(RunEnded(run))

    def _tell_stage(self, stage: StageView) -> None:
        if stage.number != self._stage:
            self._stage = stage.number
            self._waiting.put(_stage_begun(stage))

    def _send(self) -> None:
        with suppress(*_SERVER_GONE):
            while not isinstance(message := self._waiting.get(), EndServing):
                self._connection.send(message)
            self._connection.send(message)

    def _listen(self) -> None:
        with suppress(*_SERVER_GONE):
            while True:
                asked: Ask | WatchPictures = self._connection.recv()
                if isinstance(asked, WatchPictures):
                    self._pictures_wanted = asked.wanted
                    if asked.wanted:
                        self._request_snapshot()
                else:
                    self._waiting.put(answer(asked, self._control))
        self.lost = not self._closing


def _stage_begun(stage: StageView) -> StageBegun:
    """Return the message for a stage with its picture, or with the error that the workload's code raised for it."""
    workload = stage.environment.workload
    picture, problem = None, None
    try:
        drawn = workload.picture() if workload.snapshot_fields() else None
        picture = None if drawn is None else pickle.dumps(drawn)
    except RAISED_BY_OTHERS as error:
        problem = f"its picture failed: {describe_error(error)}"
    return StageBegun(stage.number, workload.name, workload.num_agents, picture, problem)


def _since_last_toggle(stage: StageView, rows: RecordedRows) -> RecordedRows:
    toggles = stage.environment.toggles
    if not toggles:
        return rows
    frames, workers = (array[array["frame"] >= toggles[-1][0]] for array in (rows.frames, rows.workers))
    return RecordedRows(frames, workers, rows.cpu)


def _record(stage: StageView) -> StageRecord:
    environment = stage.environment
    return StageRecord(
        stage=stage.number,
        agents=environment.workload.num_agents,
        frames=environment.frame,
        warmup=min(environment.frame, stage.warmup),
        workers=environment.num_workers,
        mode=environment.mode_used,
        traits=environment.traits,
        worker_pids=tuple(environment.worker_pids()),
        digest=None,
        counters=environment.counters,
        population={**environment.statistics()},
        metrics={},
    )
