"""Every error that walkerbench raises on purpose.

::

    WalkerbenchError                 70  a fault in walkerbench itself
    ├── UsageError                    2  the request cannot be carried out as asked
    │   ├── ProfileError              2  a profile is missing or wrong
    │   ├── OverrideError             2  a part of a profile was replaced by a wrong value
    │   ├── CriterionError            2  a criterion cannot be parsed or judged
    │   ├── CapacityError             2  the machine has no room for what was asked
    │   ├── OutputError               2  the output cannot be created
    │   ├── RunFileError              2  a recorded run is missing, corrupt or newer
    │   ├── NotComparable             2  two sides did not do the same work, or were not measured alike
    │   ├── InjectedFaults            2  a run with injected faults was to be judged or compared
    │   ├── BudgetTooSmall            2  a measurement takes longer than its budget
    │   ├── TooFewRounds              2  too few rounds to reach the error rate
    │   ├── BaselineSizeError         2  too few or too many baseline runs to reach the error rate
    │   ├── SideError                 2  a side of a measurement cannot be measured
    │   └── GitError                  2  git is not installed, or could not do what was asked
    ├── RunBroken                     3  the run started and could not be finished
    │   ├── WorkerError               3  a worker could not finish its frame
    │   │   ├── WorkerCrashed         3  a worker process died
    │   │   ├── WorkerFailed          3  a worker raised an exception
    │   │   └── WorkerTimeout         3  a worker missed the barrier's deadline
    │   ├── WorkloadFailed            3  the workload raised an exception in the parent, outside of the workers
    │   ├── ModeFailed                3  the mode raised an exception, outside of the workers
    │   ├── OutputLost                3  the recorded data can no longer be written
    │   └── SessionError              3  a session of a measurement could not go on
    │       ├── SessionCrashed        3  its process died
    │       ├── SessionFailed         3  it reports an error of its own
    │       ├── SessionTimeout        3  it missed its deadline
    │       └── ProtocolError         3  it sent something that is no message of the session protocol
    ├── EmergencyShutdown             1  a safeguard stopped the environment
    ├── Interrupted                 130  the user stopped the run
    └── CallOrderError               70  a method was called in a state that does not allow it

The number is the process's exit code, see `ExitCode`. Each message is one line that says what to do; with several
problems, one line for each. A line break within a value, such as a file's name, is escaped.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from contextlib import suppress
from enum import IntEnum

from walkerbench.shown_text import first_of, shown


class ExitCode(IntEnum):
    """Exit code of a process of walkerbench."""

    PASS = 0
    """Every criterion is met, and no side is slower; sides may be faster. From a command that judges nothing: the
    command is done, whatever the verdicts of the runs that it shows. From `compare` without runs: every verdict is
    clear, also "slower"."""
    FAIL = 1
    """A criterion is not met, a safeguard stopped the run, or a side is slower: a regression. From `check`: a rule
    does not hold. From `selftest`: not everything is proven."""
    UNUSABLE = 2
    """The request or a file cannot be used, sides cannot be compared, or sampling changed the work (`flamegraph`)."""
    BROKEN = 3
    """The run could not be finished: a worker crashed, hung or raised, or the output can no longer be written."""
    INCONCLUSIVE = 4
    """A comparison is inconclusive, a criterion could not be judged, or a strict check found the machine unfit."""
    FAULT = 70
    """A fault in walkerbench itself."""
    INTERRUPTED = 130
    """The user ended the command."""


_SEVERITY = (
    *(ExitCode.FAULT, ExitCode.INTERRUPTED, ExitCode.BROKEN, ExitCode.UNUSABLE),
    *(ExitCode.FAIL, ExitCode.INCONCLUSIVE, ExitCode.PASS),
)


def most_severe(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the most severe of several exit codes, with which the process ends; `PASS` without any."""
    return min(codes, key=_SEVERITY.index, default=ExitCode.PASS)


RAISED_BY_OTHERS = (Exception, SystemExit)
"""The exceptions that are caught around code of workloads, modes and observers: a `sys.exit()` in such code is a
failure like any other, and must not choose the exit code of walkerbench."""


class WalkerbenchError(Exception):
    """Base class of every error that walkerbench raises on purpose; the class itself is a fault in walkerbench.

    Attributes:
        lines: What is wrong, one text for each problem; the message holds them, escaped and shortened by `shown_text`.
    """

    exit_code = ExitCode.FAULT

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        super().__init__("\n".join(map(shown, first_of(lines))))


class UsageError(WalkerbenchError):
    """The request cannot be carried out as asked.

    Attributes:
        parameters: The parts of the request that must change, by their names in the code, such as `workers`; the
            command line adds its options for them.
    """

    exit_code = ExitCode.UNUSABLE

    def __init__(self, *lines: str, parameters: tuple[str, ...] = ()) -> None:
        self.parameters = parameters
        super().__init__(*lines)


class ProfileError(UsageError):
    """A profile is missing or wrong; carries every problem found in it.

    Attributes:
        problems: One line per problem: key, what is wrong, what is allowed.
    """

    def __init__(self, source: str, problems: tuple[str, ...]) -> None:
        self.source = source
        self.problems = problems
        super().__init__(*(f"{source}: {problem}" for problem in problems))


class OverrideError(UsageError):
    """A part of a profile was replaced by a wrong value; carries every problem.

    Attributes:
        problems: `(keys, what is wrong and what is allowed)` for each problem; several keys are joined by commas.
    """

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        self.problems = problems
        super().__init__(*(f"{keys}: {text}" for keys, text in problems))


class CriterionError(UsageError):
    """A criterion cannot be parsed, or names what this run does not measure."""


class CapacityError(UsageError):
    """The machine has no room for what was asked."""


class OutputError(UsageError):
    """The output cannot be created; nothing has been written."""


class RunFileError(UsageError):
    """A recorded run is missing, corrupt, or of a newer schema."""


class NotComparable(UsageError):
    """Two sides did not do the same work, or were not measured alike.

    Attributes:
        different_work: Whether the sides differ only in their work: a caller may allow that.
        details: More about the difference, one text per line, for a reader who asks for more.
    """

    details: tuple[str, ...] = ()

    def __init__(self, *lines: str, different_work: bool = False, parameters: tuple[str, ...] = ()) -> None:
        self.different_work = different_work
        super().__init__(*lines, parameters=parameters)


class InjectedFaults(UsageError):
    """A run with injected faults was to be judged or compared; a caller may allow that."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines, parameters=("allow_faults",))


class BudgetTooSmall(UsageError):
    """A measurement takes longer than its budget.

    Attributes:
        needed_s: A budget that suffices, s.
    """

    def __init__(self, message: str, *, needed_s: int) -> None:
        self.needed_s = needed_s
        super().__init__(message)


class TooFewRounds(UsageError):
    """A measurement has too few rounds to reach the error rate.

    Attributes:
        needed: The fewest rounds that reach it.
    """

    def __init__(self, message: str, *, needed: int) -> None:
        self.needed = needed
        super().__init__(message)


class BaselineSizeError(UsageError):
    """A baseline has too few or too many runs to reach the error rate.

    Attributes:
        fewest: The fewest runs that reach it.
        most: The most runs that reach it.
    """

    def __init__(self, message: str, *, fewest: int, most: int) -> None:
        self.fewest = fewest
        self.most = most
        super().__init__(message)


class SideError(UsageError):
    """A side of a measurement is missing, cannot be understood, or cannot be measured by this walkerbench."""


class GitError(UsageError):
    """git is not installed, or could not do what was asked; the message has git's own words."""


class RunBroken(WalkerbenchError):
    """The run started and could not be finished."""

    exit_code = ExitCode.BROKEN


class WorkerError(RunBroken):
    """A worker could not finish its frame.

    Attributes:
        worker: Number of the worker.
        agents: Its agents, `(lo, hi)`, `hi` excluded.
        frame: The frame that was being run; -1 while starting.
    """

    def __init__(self, worker: int, agents: tuple[int, int], frame: int, what: str) -> None:
        self.worker = worker
        self.agents = agents
        self.frame = frame
        when = f"in frame {frame}" if frame >= 0 else "while starting"
        super().__init__(f"worker {worker} (agents {agents[0]} to {agents[1] - 1}) {what} {when}")

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the attributes: the constructor takes the parts of the message, not the message."""
        return _rebuild, (type(self), self.args, self.__dict__)


class WorkerCrashed(WorkerError):
    """A worker process died.

    Attributes:
        signal_number: The signal that killed it, or None where it exited by itself.
        exit_status: Its exit status where it exited by itself, else None.
    """

    def __init__(self, worker: int, agents: tuple[int, int], frame: int, status: int | None) -> None:
        self.signal_number = -status if status is not None and status < 0 else None
        self.exit_status = status if status is not None and status >= 0 else None
        super().__init__(worker, agents, frame, describe_exit(status))


class WorkerFailed(WorkerError):
    """A worker raised an exception.

    Attributes:
        traceback_text: The worker's traceback, as text.
        user_traceback: The lines of that traceback in the workload's code, as text; empty where there are none.
    """

    def __init__(
        self,
        worker: int,
        agents: tuple[int, int],
        frame: int,
        error: str,
        traceback_text: str,
        user_traceback: str = "",
    ) -> None:
        self.traceback_text = traceback_text
        self.user_traceback = user_traceback
        super().__init__(worker, agents, frame, f"raised {error}")


class WorkerTimeout(WorkerError):
    """A worker missed the barrier's deadline."""

    def __init__(self, worker: int, agents: tuple[int, int], frame: int, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        super().__init__(worker, agents, frame, f"did not answer within {timeout_s:g} s")


class WorkloadFailed(RunBroken):
    """The workload raised an exception in the parent, outside of the workers.

    Attributes:
        user_traceback: The lines of the traceback in the workload's code, as text; empty where there are none.
    """

    def __init__(self, message: str, user_traceback: str = "") -> None:
        self.user_traceback = user_traceback
        super().__init__(message)


class ModeFailed(RunBroken):
    """The mode raised an exception, outside of the workers."""


class OutputLost(RunBroken):
    """The recorded data can no longer be written; what was written before is kept."""


class SessionError(RunBroken):
    """A session of a measurement could not go on.

    Attributes:
        side: The side's label.
        round_number: Number of the round, from 1; 0 while calibrating.
        block: Number of the block, from 1; None outside of blocks.
    """

    def __init__(self, side: str, round_number: int, block: int | None, what: str) -> None:
        self.side = side
        self.round_number = round_number
        self.block = block
        when = f"in round {round_number}" if round_number else "while calibrating, before the first round"
        where = when if block is None else f"in block {block}, {when}"
        super().__init__(f"the session of side {side!r} {what}, {where}")


class SessionCrashed(SessionError):
    """A session's process died.

    Attributes:
        exit_status: Its exit status, or minus the signal that killed it.
    """

    def __init__(self, side: str, round_number: int, block: int | None, exit_status: int, last_words: str) -> None:
        self.exit_status = exit_status
        said = f" ({last_words})" if last_words else ""
        super().__init__(side, round_number, block, f"{describe_exit(exit_status)}{said}")


class SessionFailed(SessionError):
    """A session reports an error of its own, such as a worker's.

    Attributes:
        user_traceback: The lines of the traceback in the workload's code, as text; empty where there are none.
    """

    user_traceback = ""


class SessionTimeout(SessionError):
    """A session missed its deadline."""

    def __init__(self, side: str, round_number: int, block: int | None, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        super().__init__(side, round_number, block, f"did not answer within {timeout_s:g} s")


class ProtocolError(SessionError):
    """A session sent something that is no message of the session protocol."""


class EmergencyShutdown(WalkerbenchError):
    """A safeguard stopped the environment; it runs no further frame."""

    exit_code = ExitCode.FAIL


class Interrupted(WalkerbenchError):
    """The user stopped the run; what was recorded is kept."""

    exit_code = ExitCode.INTERRUPTED


class CallOrderError(WalkerbenchError):
    """A method was called in a state that does not allow it."""


def user_traceback_of(error: BaseException) -> str:
    """Return the traceback lines in the workload's code that an error carries, as text; empty where there are none."""
    return str(getattr(error, "user_traceback", ""))


def describe_error(error: BaseException) -> str:
    """Return an error's type and text in one line, such as `ValueError: no such agent`."""
    text = ""
    with suppress(*RAISED_BY_OTHERS):  # its __str__ may be a workload's code, and may raise
        text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def describe_exit(status: int | None) -> str:
    """Return in words how a process ended: by its exit status, or minus the number of the signal that killed it."""
    if status is None or status >= 0:
        return f"exited with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    hint = " (out of memory?)" if name == "SIGKILL" else ""
    return f"was killed by {name}{hint}"


def _rebuild(kind: type[WorkerError], args: tuple[object, ...], state: dict[str, object]) -> WorkerError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error
