"""Runs in processes of their own, one after the other.

Repeats must not share a process: its memory layout and the state of its caches would make them alike, and no number of
them would show how far runs really scatter.
"""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any, Self

from walkerbench.criteria.judging import exit_code_of_run
from walkerbench.errors import (
    ExitCode,
    Interrupted,
    RunBroken,
    UsageError,
    WalkerbenchError,
    describe_exit,
    most_severe,
)
from walkerbench.profile.overrides import ProfileOverrides
from walkerbench.run_directory import RunFile, read_run
from walkerbench.running.summary import concluded
from walkerbench.system.child_processes import PACKAGE, child_environment, interpreter_command
from walkerbench.system.interrupts import SIGNALS

_VERDICTS = (ExitCode.PASS, ExitCode.FAIL, ExitCode.INCONCLUSIVE)
_NO_VERDICTS = (ExitCode.UNUSABLE, ExitCode.BROKEN, ExitCode.FAULT, ExitCode.INTERRUPTED)


@dataclass(frozen=True)
class ChildRun:
    """A run that was recorded by a process of its own.

    Attributes:
        directory: Where it is recorded.
        run: The run, as far as it was recorded; None where nothing was.
        exit_code: As `walkerbench run` gives it; `BROKEN` where the process crashed.
        crash: How the process ended where it did not end in order, or None.
    """

    directory: Path
    run: RunFile | None
    exit_code: ExitCode
    crash: str | None

    def judged(self, said: str) -> RunFile:
        """The run, where it came to a verdict.

        Args:
            said: What an error is to say; how the process ended is put before it where it did not end in order.

        Raises:
            UsageError: It could not be run as asked.
            RunBroken: It broke.
            Interrupted: The user ended it.
            WalkerbenchError: A fault in walkerbench.
        """
        if self.run is not None and self.exit_code in _VERDICTS:
            return self.run
        kinds = {kind.exit_code: kind for kind in (UsageError, RunBroken, Interrupted)}
        message = said if self.crash is None else f"the run's process {self.crash}\n{said}".rstrip()
        raise kinds.get(self.exit_code, WalkerbenchError)(message)


@dataclass(frozen=True)
class Repeats:
    """What became of repeats.

    Attributes:
        runs: Those that were begun, in order.
        interrupted: Whether the user ended them.
    """

    runs: tuple[ChildRun, ...]
    interrupted: bool

    @property
    def exit_code(self) -> ExitCode:
        """The most severe of all runs' exit codes."""
        stopped = [ExitCode.INTERRUPTED] if self.interrupted else []
        return most_severe([*stopped, *(run.exit_code for run in self.runs)])


class PassedOnSignals:
    """Passes signals that ask this process to end on to the child that runs, while it is entered.

    The child is in a process group of its own, out of the reach of a terminal's Ctrl-C: it gets every signal once, and
    closes its run in order. What was ignored before stays ignored. Outside the main thread, where Python delivers no
    signals, it passes on nothing.

    Attributes:
        received: The number of the last one, or None.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._pending: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            wanted = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._pass_on) for number in wanted}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def wait(self, child: subprocess.Popen[bytes]) -> int:
        """Wait for a child to end; whatever else ends the wait ends the child, too.

        Returns:
            Its return code.
        """
        try:
            self._child = child
            if self._pending is not None:  # it came after the child's start, and before it was known here
                child.send_signal(self._pending)
            return child.wait()
        except BaseException:
            child.kill()
            raise
        finally:
            self._child = None

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        if self._child is None:
            self._pending = number
        else:
            self._child.send_signal(number)


def run_words(profile_name: str, overrides: ProfileOverrides) -> tuple[str, ...]:
    """Return the options of `walkerbench run` that ask for a profile with changes.

    Args:
        profile_name: As for `profile.loading.load_profile`.
        overrides: The changes.
    """
    options = {"profile": profile_name, **overrides.given()}
    return (
        *(f"--{option.removesuffix('_s')}={_plain(value)}" for option, value in options.items()),
        *(f"--criterion={text}" for text in overrides.criteria),
    )


def record_run(
    words: Sequence[str],
    directory: Path,
    signals: PassedOnSignals,
    *,
    stderr: IO[bytes] | None = None,
    package: Path = PACKAGE,
) -> ChildRun:
    """Record a run in a process of its own; it prints nothing but what goes to stderr.

    Args:
        words: Options of `walkerbench run`, without `--output`.
        directory: The run directory to create.
        signals: Entered.
        stderr: Where the process's stderr goes; None for this process's own.
        package: The directory that holds the `walkerbench` to run.
    """
    command = [*interpreter_command(), "-m", "walkerbench", "run", *words, f"--output={directory}"]
    with subprocess.Popen(  # noqa: S603  this program itself, no shell
        command,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr, env=child_environment(package),
        process_group=0,
    ) as child:  # fmt: skip
        code = signals.wait(child)
    return _ended(directory, code, signals.received is not None)


def record_repeats(
    words: Sequence[str],
    count: int,
    directory: Callable[[int], Path],
    tell: Callable[[int], None],
    *,
    package: Path = PACKAGE,
) -> Repeats:
    """Record runs one after the other; the first one without a verdict, and an interrupt, end them.

    Args:
        words: Options of `walkerbench run`, without `--output`.
        count: How many.
        directory: Gives the run directory to create, for the run's number from 0.
        tell: Told of the number of each run that begins.
        package: As of `record_run`.
    """
    runs: list[ChildRun] = []
    with PassedOnSignals() as signals:
        while len(runs) < count and signals.received is None and all(run.exit_code in _VERDICTS for run in runs):
            tell(len(runs))
            runs.append(record_run(words, directory(len(runs)), signals, package=package))
    return Repeats(tuple(runs), signals.received is not None)


def _ended(directory: Path, code: int, interrupted: bool) -> ChildRun:
    run = concluded(read_run(directory)).run if (directory / "run.json").exists() else None
    if interrupted:
        return ChildRun(directory, run, ExitCode.INTERRUPTED, None)
    # Python itself ends with 1 where walkerbench cannot be imported: a verdict is one that the recorded run bears out.
    borne_out = code in _VERDICTS and run is not None and exit_code_of_run(run.state, run.verdicts) == code
    if borne_out or code in _NO_VERDICTS:
        return ChildRun(directory, run, ExitCode(code), None)
    return ChildRun(directory, run, ExitCode.BROKEN, describe_exit(code))


def _plain(value: object) -> str:
    """A value as the command line takes it: no exponent in a number of seconds."""
    return f"{value:.9f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
