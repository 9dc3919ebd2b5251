"""The run's side of the pipe to the server: tells it what is recorded, and carries out what it asks for."""

from __future__ import annotations

import queue
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

from walkerbench.run_directory import RunFile, StageRecord
from walkerbench.running.observers import RecordedRows, RunObserver, RunStart, StageView
from walkerbench.running.run_control import RunControl
from walkerbench.serving.messages import Ask, RowsRecorded, RunBegun, RunEnded, answer

_MOST_WAITING = 100  # where the server does not read, rows are dropped: they are recorded anyway
_GONE = (EOFError, OSError)
_END = object()


class Relay(RunObserver):
    """Passes on what a run tells, and what the server asks for, from threads of its own: the run never waits for it.

    Args:
        connection: To the server's process.
        control: Of the run.

    Attributes:
        lost: Whether the server's process has gone while the run went on.
    """

    def __init__(self, connection: Connection, control: RunControl) -> None:
        self._connection = connection
        self._control = control
        self.lost = self._closing = False
        self._waiting: queue.Queue[Any] = queue.Queue()
        self._threads = [
            Thread(target=each, name=f"relay-{each.__name__.strip('_')}", daemon=True)
            for each in (self._send, self._listen)
        ]

    def start(self) -> None:
        """Begin to pass on."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Pass on what still waits, for a second at most, and end."""
        self._closing = True
        self._waiting.put(_END)
        self._threads[0].join(timeout=1)
        self._connection.close()

    def started(self, start: RunStart) -> None:
        """Tell what is run."""
        self._waiting.put(RunBegun(start.directory, start.run))

    def recorded_rows(self, stage: StageView, rows: RecordedRows) -> None:
        """Tell what was recorded."""
        if len(rows.frames) and self._waiting.qsize() < _MOST_WAITING:
            environment = stage.environment
            threading = environment.get_threading_performance() if environment.traits.in_caller_process else None
            self._waiting.put(RowsRecorded(_record(stage), _since_last_toggle(stage, rows), threading))

    def finished(self, run: RunFile) -> None:
        """Tell how it ended."""
        self._waiting.put(RunEnded(run))

    def _send(self) -> None:
        with suppress(*_GONE):
            while (message := self._waiting.get()) is not _END:
                self._connection.send(message)

    def _listen(self) -> None:
        with suppress(*_GONE):
            while True:
                asked: Ask = self._connection.recv()
                self._waiting.put(answer(asked, self._control))
        self.lost = not self._closing


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
        population={},
        metrics={},
    )
