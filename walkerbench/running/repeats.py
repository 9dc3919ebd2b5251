"""Records runs in processes of their own, one after the other.

Repeats must not share a process: its memory layout and the state of its caches would make them alike, and the repeats
would not show how much runs really vary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from walkerbench.criteria.judging import exit_code_of_run
from walkerbench.errors import ExitCode, describe_exit, most_severe
from walkerbench.run_directory import RunFile
from walkerbench.running.run_process import EndedProcess, RunRequest, error_of, run_in_process
from walkerbench.running.summary import read_concluded
from walkerbench.system.child_processes import PassedOnSignals

_VERDICTS = (ExitCode.PASS, ExitCode.FAIL, ExitCode.INCONCLUSIVE)
_NO_VERDICTS = (ExitCode.UNUSABLE, ExitCode.BROKEN, ExitCode.FAULT, ExitCode.INTERRUPTED)


@dataclass(frozen=True)
class ChildRun:
    """A run that was recorded by a process of its own.

    Attributes:
        directory: Where it is recorded.
        run: The run, as far as it was recorded; None where nothing was.
        exit_code: The exit code that `walkerbench run` would end with; `BROKEN` where the process crashed.
        crash: How the process ended, where it crashed; else None.
        said: The process's own error message; without one, the end of its stderr, where that was kept.
    """

    directory: Path
    run: RunFile | None
    exit_code: ExitCode
    crash: str | None
    said: str = ""

    def judged(self, said: str) -> RunFile:
        """Return the run, where it has a verdict.

        Args:
            said: The text of the error; where the process crashed, the error first says how.

        Raises:
            UsageError: The profile could not be run as asked.
            RunBroken: The run broke.
            Interrupted: The user interrupted the run.
            WalkerbenchError: A fault in walkerbench.
        """
        if self.run is not None and self.exit_code in _VERDICTS:
            return self.run
        message = said if self.crash is None else f"the run's process {self.crash}\n{said}".rstrip()
        raise error_of(self.exit_code, message)


@dataclass(frozen=True)
class Repeats:
    """The results of repeats.

    Attributes:
        runs: The runs that were begun, in order.
        interrupted: Whether the user interrupted them.
    """

    runs: tuple[ChildRun, ...]
    interrupted: bool

    @property
    def exit_code(self) -> ExitCode:
        """The most severe of all runs' exit codes."""
        stopped = [ExitCode.INTERRUPTED] if self.interrupted else []
        return most_severe([*stopped, *(run.exit_code for run in self.runs)])


def record_run(request: RunRequest, signals: PassedOnSignals, *, keep_stderr: bool = False) -> ChildRun:
    """Record a run in a process of its own, which writes to stderr and never to stdout.

    Args:
        request: What is run, and where it is recorded.
        signals: Passes signals on to the process; its context has been entered.
        keep_stderr: Whether the process's stderr is kept; otherwise it goes to this process's own.

    Raises:
        UsageError: The process measured other code than this process has imported.
    """
    ended = run_in_process(request, signals.wait, keep_stderr=keep_stderr)
    child = _ended(request.directory, ended, signals.received is not None)
    return replace(child, said=ended.stderr_tail if ended.message is None else ended.message)


def record_repeats(requests: Callable[[int], RunRequest], count: int, tell: Callable[[int], None]) -> Repeats:
    """Record runs one after the other, up to the first run without a verdict or an interrupt.

    Args:
        requests: Returns the request for a run, given the run's number from 0.
        count: How many runs.
        tell: Called with the number of each run before it begins.

    Raises:
        UsageError: As for `record_run`.
    """
    runs: list[ChildRun] = []
    with PassedOnSignals() as signals:
        while len(runs) < count and signals.received is None and all(run.exit_code in _VERDICTS for run in runs):
            tell(len(runs))
            runs.append(record_run(requests(len(runs)), signals))
    return Repeats(tuple(runs), signals.received is not None)


def _ended(directory: Path, process: EndedProcess, interrupted: bool) -> ChildRun:
    status = process.exit_status
    run = read_concluded(directory).run if (directory / "run.json").exists() else None
    if interrupted:
        return ChildRun(directory, run, ExitCode.INTERRUPTED, None)
    # Python itself ends with 1 where walkerbench cannot be imported. A verdict must be in the recorded run, too, and
    # the process must have said which code it measured.
    recorded_too = run is not None and exit_code_of_run(run.state, run.verdicts) == status
    if (status in _VERDICTS and recorded_too and process.ending is not None) or status in _NO_VERDICTS:
        return ChildRun(directory, run, ExitCode(status), None)
    return ChildRun(directory, run, ExitCode.BROKEN, describe_exit(status))
