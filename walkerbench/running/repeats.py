"""Runs in processes of their own, one after the other.

Repeats must not share a process: its memory layout and the state of its caches would make them alike, and no number of
them would show how far runs really scatter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

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
from walkerbench.system.child_processes import PACKAGE, ChildProcess, PassedOnSignals, interpreter_command

_VERDICTS = (ExitCode.PASS, ExitCode.FAIL, ExitCode.INCONCLUSIVE)
_NO_VERDICTS = (ExitCode.UNUSABLE, ExitCode.BROKEN, ExitCode.FAULT, ExitCode.INTERRUPTED)
_TAIL_BYTES = 16384


@dataclass(frozen=True)
class ChildRun:
    """A run that was recorded by a process of its own.

    Attributes:
        directory: Where it is recorded.
        run: The run, as far as it was recorded; None where nothing was.
        exit_code: As `walkerbench run` gives it; `BROKEN` where the process crashed.
        crash: How the process ended where it did not end in order, or None.
        said: The last of what the process wrote to stderr, where that was kept.
    """

    directory: Path
    run: RunFile | None
    exit_code: ExitCode
    crash: str | None
    said: str = ""

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
    keep_stderr: bool = False,
    package: Path = PACKAGE,
) -> ChildRun:
    """Record a run in a process of its own; it prints nothing but what goes to stderr.

    Args:
        words: Options of `walkerbench run`, without `--output`.
        directory: The run directory to create.
        signals: Entered.
        keep_stderr: Whether the process's stderr is kept for `ChildRun.said`; otherwise it goes to this process's own.
        package: The directory that holds the `walkerbench` to run.
    """
    command = [*interpreter_command(), "-m", "walkerbench", "run", *words, f"--output={directory}"]
    with ChildProcess(command, package=package, keep_stderr=keep_stderr) as child:
        code = signals.wait(child)
        said = child.stderr_tail(_TAIL_BYTES)
    return replace(_ended(directory, code, signals.received is not None), said=said)


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
        package: As for `record_run`.
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
