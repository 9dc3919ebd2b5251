"""What the run's process and the server's tell each other, over a pipe between two processes of one program."""

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
    """What was recorded since the last time.

    Attributes:
        stage: The stage as it is now.
        rows: Those of frames that were run in the stage's mode.
        threading: As returned by `TrainingEnvironment.get_threading_performance`; None in a mode that is fixed at its
            start.
    """

    stage: StageRecord
    rows: RecordedRows
    threading: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class StageBegun:
    """Another stage is being run.

    Attributes:
        number: From 0.
        workload: Its name.
        agents: How many.
        picture: A pickled `Picture`; None where its agents cannot be drawn.
        problem: Why not, where the workload's code raised.
    """

    number: int
    workload: str
    agents: int
    picture: bytes | None
    problem: str | None = None


@dataclass(frozen=True)
class SnapshotTaken:
    """What can be drawn after a frame.

    Attributes:
        stage: Its number.
        frame: Its number.
        arrays: The workload's fields, by name.
    """

    stage: int
    frame: int
    arrays: Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class WatchPictures:
    """Says to the run's process whether snapshots are wanted."""

    wanted: bool


@dataclass(frozen=True)
class RunEnded:
    """The run has ended, and is judged."""

    run: RunFile


@dataclass(frozen=True)
class EndServing:
    """The server's process is to end. A closed pipe would not say so: it stays open while a thread reads from it."""


@dataclass(frozen=True)
class Ask:
    """Something that is asked of the run.

    Attributes:
        number: Of the question, for the answer.
        what: What is asked.
    """

    number: int
    what: Asked


@dataclass(frozen=True)
class RunAnswer:
    """The answer to a question.

    Attributes:
        number: Of the question.
        value: What was decided.
        error: Why it was refused, or None.
        wrong_request: Whether it was refused for what was asked, and not for the run's state.
    """

    number: int
    value: Any = None
    error: str | None = None
    wrong_request: bool = False

    def result(self) -> Any:
        """Return what was decided.

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
        """Ask the run."""
        return control.toggle_threading()


@dataclass(frozen=True)
class ThreadingPerformance:
    """Compare threads with no threads; the answer is what `get_threading_performance` returns."""

    def carry_out(self, control: RunControl) -> dict[str, Any]:
        """Ask the run."""
        return control.environment().get_threading_performance()


@dataclass(frozen=True)
class Restart:
    """Go on with so many agents, in another stage."""

    agents: int

    def carry_out(self, control: RunControl) -> None:
        """Ask the run."""
        control.restart(self.agents)


@dataclass(frozen=True)
class ChangePace:
    """Hold frames to another pace."""

    pace: Pace

    def carry_out(self, control: RunControl) -> None:
        """Ask the run."""
        control.change_pace(self.pace)


@dataclass(frozen=True)
class Stop:
    """End the run."""

    def carry_out(self, control: RunControl) -> None:
        """Ask the run."""
        control.stop()


Asked = ToggleThreading | ThreadingPerformance | Restart | ChangePace | Stop


def answer(asked: Ask, control: RunControl) -> RunAnswer:
    """Carry out what is asked, and return the answer."""
    try:
        return RunAnswer(asked.number, asked.what.carry_out(control))
    except WalkerbenchError as error:
        return RunAnswer(asked.number, error=str(error), wrong_request=isinstance(error, UsageError))
    except RAISED_BY_OTHERS as error:  # of the workload's code: who asked waits for an answer
        return RunAnswer(asked.number, error=describe_error(error))


AskRun = Callable[[Asked], Any]
"""Asks something of the run, and returns the answer's result; see `RunAnswer.result`."""
