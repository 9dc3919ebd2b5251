"""Every error that walkerbench raises on purpose.

::

    WalkerbenchError                 70  a fault in walkerbench itself
    ├── UsageError                    2  the request cannot be carried out as asked
    │   ├── ProfileError              2  a profile is missing or wrong
    │   ├── OverrideError             2  a part of a profile was replaced by what is wrong
    │   ├── CriterionError            2  a criterion cannot be parsed or judged
    │   ├── CapacityError             2  the machine has no room for what was asked
    │   ├── OutputError               2  the output cannot be created
    │   ├── RunFileError              2  a recorded run is missing, corrupt or newer
    │   ├── NotComparable             2  two sides did not do the same work, or were not measured alike
    │   ├── InjectedFaults            2  faults are injected where a verdict is to be relied on
    │   ├── BudgetTooSmall            2  a measurement takes longer than it may
    │   ├── TooFewRounds              2  so few rounds cannot reach the error rate
    │   ├── BaselineSizeError         2  so few or so many baseline runs cannot reach the error rate
    │   ├── SideError                 2  a side of a measurement cannot be measured
    │   └── GitError                  2  git is not there, or could not do what was asked
    ├── RunBroken                     3  the run started and could not be finished
    │   ├── WorkerError               3  a worker could not finish its frame
    │   │   ├── WorkerCrashed         3  a worker process died
    │   │   ├── WorkerFailed          3  a worker raised
    │   │   └── WorkerTimeout         3  a worker missed the barrier's deadline
    │   ├── WorkloadFailed            3  the workload raised in the parent, outside of its workers
    │   ├── ModeFailed                3  the mode raised, outside of its workers
    │   ├── OutputLost                3  what is recorded can no longer be written
    │   └── SessionError              3  a session of a measurement could not go on
    │       ├── SessionCrashed        3  its process died
    │       ├── SessionFailed         3  it reports an error of its own
    │       ├── SessionTimeout        3  it missed its deadline
    │       └── ProtocolError         3  it said what is no message of the session protocol
    ├── EmergencyShutdown             1  a safeguard stopped the environment
    ├── Interrupted                 130  the user stopped the run
    └── CallOrderError               70  a method was called in a state that does not allow it

The number is the process's exit code, see `ExitCode`. Each message is a line that says what to do, or a line for each
of several problems. A line break within a value, such as a file's name, begins no other line.
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
    """Every criterion is met, and no side is slower. Of a command that judges nothing: it is done, whatever the verdict
    of the runs that it shows. Of `compare` without runs: its verdicts are clear, and a slower mode is one, too."""
    FAIL = 1
    """A criterion is not met, a safeguard stopped the run, or a side is slower: a regression. Of `check`: a rule does
    not hold. Of `selftest`: not everything is proven."""
    UNUSABLE = 2
    """The request or a file cannot be used, sides cannot be compared, or sampling changed the work (`flamegraph`)."""
    BROKEN = 3
    """The run could not be finished: a worker crashed, hung or raised, or the output can no longer be written."""
    INCONCLUSIVE = 4
    """A comparison is inconclusive, a criterion could not be judged, or a strict check found the machine unfit."""
    FAULT = 70
    """A fault in walkerbench itself."""
    INTERRUPTED = 130
    """The user ended it."""


_SEVERITY = (
    *(ExitCode.FAULT, ExitCode.INTERRUPTED, ExitCode.BROKEN, ExitCode.UNUSABLE),
    *(ExitCode.FAIL, ExitCode.INCONCLUSIVE, ExitCode.PASS),
)


def most_severe(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the one of several exit codes that the process ends with; `PASS` where there is none."""
    return min(codes, key=_SEVERITY.index, default=ExitCode.PASS)


RAISED_BY_OTHERS = (Exception, SystemExit)
"""What is caught where the code of workloads, modes and observers runs.

Its `sys.exit()` is a failure like any other: it must not end walkerbench with an exit code of its own choice.
"""


class WalkerbenchError(Exception):
    """Root of every deliberate error; as itself, a fault in walkerbench.

    Its message is made of its lines, as far as they may be shown: see `shown_text`.

    Attributes:
        lines: What is wrong, a text for each problem, with all that values hold.
    """

    exit_code = ExitCode.FAULT

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        super().__init__("\n".join(map(shown, first_of(lines))))


class UsageError(WalkerbenchError):
    """The request cannot be carried out as asked.

    Attributes:
        parameters: What of the request is to be changed, by the names that the code has for it, such as `workers`;
            the command line adds its options.
    """

    exit_code = ExitCode.UNUSABLE

    def __init__(self, *lines: str, parameters: tuple[str, ...] = ()) -> None:
        self.parameters = parameters
        super().__init__(*lines)


class ProfileError(UsageError):
    """A profile is missing or wrong; carries every problem found in it.

    Attributes:
        problems: One line a problem: key, what is wrong, what is allowed.
    """

    def __init__(self, source: str, problems: tuple[str, ...]) -> None:
        self.source = source
        self.problems = problems
        super().__init__(*(f"{source}: {problem}" for problem in problems))


class OverrideError(UsageError):
    """A part of a profile was replaced by a wrong value; carries every problem.

    Attributes:
        problems: `(keys, what is wrong and what is allowed)` of each; several keys are joined by commas.
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
        different_work: Whether their work is all that differs: a caller may allow that.
    """

    def __init__(self, *lines: str, different_work: bool = False, parameters: tuple[str, ...] = ()) -> None:
        self.different_work = different_work
        super().__init__(*lines, parameters=parameters)


class InjectedFaults(UsageError):
    """Faults are injected where a verdict is to be relied on; a caller may allow that."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines, parameters=("allow_faults",))


class BudgetTooSmall(UsageError):
    """A measurement takes longer than it may.

    Attributes:
        needed_s: A budget that suffices, s.
    """

    def __init__(self, message: str, *, needed_s: int) -> None:
        self.needed_s = needed_s
        super().__init__(message)


class TooFewRounds(UsageError):
    """A measurement has too few rounds to reach the error rate.

    Attributes:
        needed: The fewest rounds that can.
    """

    def __init__(self, message: str, *, needed: int) -> None:
        self.needed = needed
        super().__init__(message)


class BaselineSizeError(UsageError):
    """A baseline has too few or too many runs to reach the error rate.

    Attributes:
        fewest: The fewest runs that can.
        most: The most runs that can.
    """

    def __init__(self, message: str, *, fewest: int, most: int) -> None:
        self.fewest = fewest
        self.most = most
        super().__init__(message)


class SideError(UsageError):
    """A side of a measurement is not there, cannot be understood, or cannot be measured by this walkerbench."""


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
        """Pickle by state: the message is built from the parts, not handed to the constructor."""
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
    """A worker raised.

    Attributes:
        traceback_text: The worker's traceback, as text.
        user_traceback: Those of its lines that are of the workload's code, as text; empty where there are none.
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
    """The workload raised in the parent, outside of its workers.

    Attributes:
        user_traceback: The lines of its own code, as text; empty where there are none.
    """

    def __init__(self, message: str, user_traceback: str = "") -> None:
        self.user_traceback = user_traceback
        super().__init__(message)


class ModeFailed(RunBroken):
    """The mode raised, outside of its workers."""


class OutputLost(RunBroken):
    """What is recorded can no longer be written; what was written before is kept."""


class SessionError(RunBroken):
    """A session of a measurement could not go on.

    Attributes:
        side: The side's label.
        round_number: From 1; 0 while calibrating.
        block: From 1; None outside of blocks.
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
        user_traceback: The lines of the workload's own code, as text; empty where there are none.
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
    """A safeguard stopped the environment; it can be asked for no further frame."""

    exit_code = ExitCode.FAIL


class Interrupted(WalkerbenchError):
    """The user stopped the run; what was recorded is kept."""

    exit_code = ExitCode.INTERRUPTED


class CallOrderError(WalkerbenchError):
    """A method was called in a state that does not allow it."""


def user_traceback_of(error: BaseException) -> str:
    """Return the lines of the workload's own code that an error carries, as text; empty where there are none."""
    return str(getattr(error, "user_traceback", ""))


def describe_error(error: BaseException) -> str:
    """Return an error's type and text in one line, whatever text it has: `ValueError: no such agent`."""
    text = ""
    with suppress(*RAISED_BY_OTHERS):  # its __str__ is the code of others, too
        text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def describe_exit(status: int | None) -> str:
    """Return in words how a process ended.

    Args:
        status: Its exit status, or minus the number of the signal that killed it.
    """
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
