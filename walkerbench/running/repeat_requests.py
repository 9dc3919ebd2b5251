"""Makes the requests for several equal runs, each with a run directory of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from walkerbench.errors import OutputError
from walkerbench.profile.model import Profile
from walkerbench.run_directory import RUNS_ROOT, default_directory
from walkerbench.running.found_settings import find_settings
from walkerbench.running.run_process import RunRequest


def repeat_requests(
    profile: Profile,
    count: int,
    output: Path | None,
    command_line: tuple[str, ...],
    *,
    progress: bool,
    verbose: bool = False,
) -> Callable[[int], RunRequest]:
    """Return a function that returns the request for a run, given the run's number from 0.

    Args:
        profile: What is run.
        count: How many runs there are to be.
        output: The folder to create for the runs, in which they are numbered; None to record each in the default folder
            for runs, in a directory named by time and profile.
        command_line: The words of the command that the user typed, for the record.
        progress: Whether the runs say on stderr how far they are.
        verbose: Whether their errors come with tracebacks.

    Raises:
        OutputError: The output exists already.
        WalkerbenchError: The profile leaves settings open, and they could not be found.
    """
    directory = _numbered(output, count) if output else lambda _: _named_by_time(profile)
    profile = find_settings(profile)
    return lambda number: RunRequest(
        profile=profile,
        directory=directory(number),
        command_line=command_line,
        progress=progress,
        verbose=verbose,
    )


def _numbered(output: Path, count: int) -> Callable[[int], Path]:
    if output.exists() or output.is_symlink():
        raise OutputError(f"{output}: the output exists already: give a directory that does not")
    digits = len(str(count))  # so that names sort by age
    return lambda number: output / f"{number + 1:0{digits}}"


def _named_by_time(profile: Profile) -> Path:
    return default_directory(RUNS_ROOT, datetime.now(UTC), profile.name, profile.mode, profile.stages[-1].agents)
