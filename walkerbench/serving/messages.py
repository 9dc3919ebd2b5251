"""Messages between the run's process and the server's process, over a pipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from walkerbench.errors import RAISED_BY_OTHERS, CallOrderError, UsageError, WalkerbenchError, describe_error
from walkerbench.profile.model import Pace
from walkerbench.run_directory import RunFile, StageRecord
from walkerbench.running.observers import RecordedRows
from walkerbench.running.run_control import RunControl


@dataclass(frozen=True)
class RunBegun:
    """The run's directory is open."""

    directory: Path
    run: RunFile


@dataclass(frozen=True)
class RowsRecorded:
    """The rows that were recorded since the last such message.

    Attributes:
        stage: The stage as it is now.
        rows: Rows of frames that the stage's present mode has run.
        threading: As returned by `TrainingEnvironment.get_threading_performance`; None in a mode that cannot be
            switched.
    """

    stage: StageRecord
    rows: RecordedRows
    threading: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class StageBegun:
    """A stage has begun.

    Attributes:
        number: The stage's number, from 0.
        workload: The workload's name.
        agents: How many agents.
        picture: A pickled `Picture`; None where the agents cannot be drawn.
        problem: Why the agents cannot be drawn, where the workload's code raised.
    """

    number: int
    workload: str
    agents: int
    picture: bytes | None
    problem: str | None = None


@dataclass(frozen=True)
class SnapshotTaken:
    """A snapshot was taken after a frame.

    Attributes:
        stage: The stage's number.
        frame: The frame's number.
        arrays: The workload's fields, by name.
    """

    stage: int
    frame: int
    arrays: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class WatchPictures:
    """Tells the run's process whether snapshots are wanted."""

    wanted: bool


@dataclass(frozen=True)
class RunEnded:
    """The run has ended, and is judged."""

    run: RunFile


@dataclass(frozen=True)
class EndServing:
    """The server's process must end. A closed pipe would not end it: it stays open while a thread reads from it."""


@dataclass(frozen=True)
class Ask:
    """A question to the run's process.

    Attributes:
        number: The question's number, which the answer repeats.
        what: What is asked.
    """

    number: int
    what: Asked


@dataclass(frozen=True)
class RunAnswer:
    """The answer to a question.

    Attributes:
        number: The question's number.
        value: The result.
        error: Why the request was refused, or None.
        wrong_request: Whether the request itself is wrong; otherwise the run's state does not allow it.
    """

    number: int
    value: Any = None
    error: str | None = None
    wrong_request: bool = False

    def result(self) -> Any:
        """Return the result.

        Raises:
            UsageError: What was asked cannot be done.
            CallOrderError: The run cannot do it now.
        """
        if self.error is None:
            return self.value
        raise UsageError(self.error) if self.wrong_request else CallOrderError(self.error)


@dataclass(frozen=True)
class ToggleThreading:
    """Switch threads on or off; the answer is whether they are on."""

    def carry_out(self, control: RunControl) -> bool:
        """Pass the request to the run, and return the answer."""
        return control.toggle_threading()


@dataclass(frozen=True)
class ThreadingPerformance:
    """Compare threads with no threads; the answer is what `get_threading_performance` returns."""

    def carry_out(self, control: RunControl) -> dict[str, Any]:
        """Pass the request to the run, and return the answer."""
        return control.environment().get_threading_performance()


@dataclass(frozen=True)
class Restart:
    """Go on with another number of agents, in a new stage."""

    agents: int

    def carry_out(self, control: RunControl) -> None:
        """Pass the request to the run, and return the answer."""
        control.restart(self.agents)


@dataclass(frozen=True)
class ChangePace:
    """Run frames at another pace."""

    pace: Pace

    def carry_out(self, control: RunControl) -> None:
        """Pass the request to the run, and return the answer."""
        control.change_pace(self.pace)


@dataclass(frozen=True)
class Stop:
    """End the run."""

    def carry_out(self, control: RunControl) -> None:
        """Pass the request to the run, and return the answer."""
        control.stop()


Asked = ToggleThreading | ThreadingPerformance | Restart | ChangePace | Stop


def answer(asked: Ask, control: RunControl) -> RunAnswer:
    """Carry out what is asked, and return the answer."""
    try:
        return RunAnswer(asked.number, asked.what.carry_out(control))
    except WalkerbenchError as error:
        return RunAnswer(asked.number, error=str(error), wrong_request=isinstance(error, UsageError))
    except RAISED_BY_OTHERS as error:  # of the workload's code: the client waits for an answer
        return RunAnswer(asked.number, error=describe_error(error))


AskRun = Callable[[Asked], Any]
"""Sends a request to the run, and returns the answer's result; see `RunAnswer.result`."""
