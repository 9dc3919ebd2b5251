"""`walkerbench run --repeat N`: runs in fresh processes, and a table of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from walkerbench.cli.output import complain, note, write_out
from walkerbench.errors import ExitCode

if TYPE_CHECKING:
    from walkerbench.profile.model import Profile
    from walkerbench.running.run_process import RunRequest


def run_repeatedly(
    profile: Profile,
    count: int,
    *,
    output: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> ExitCode:
    """Record repeats of a run and print what became of them.

    Args:
        profile: What is run.
        count: How many.
        output: The folder to create for them; None to put each where runs are put by default.
        as_json: Whether to print their `run.json` instead of a table.
        quiet: Whether there is no progress on stderr.
        verbose: Whether the runs say more on stderr.

    Returns:
        Of all runs' exit codes the one that counts.

    Raises:
        OutputError: The output exists already; nothing has been run.
    """
    from walkerbench.cli.result import to_text
    from walkerbench.reports import run_json as json_report
    from walkerbench.reports.terminal import repeats as repeats_report
    from walkerbench.running.repeats import record_repeats

    def tell(number: int) -> None:
        if not quiet:
            note(f"run {number + 1} of {count}")

    requests = run_requests(profile, count, output, quiet=quiet, verbose=verbose)
    repeats = record_repeats(requests, count, tell)
    for number, child in enumerate(repeats.runs, 1):
        if child.crash is not None:
            complain(f"run {number} of {count}: its process {child.crash}")
    if as_json:
        write_out(json_report.render_all([child.run for child in repeats.runs if child.run is not None]))
    else:
        write_out(to_text(repeats_report.report(repeats, count)))
    return repeats.exit_code


def run_requests(
    profile: Profile, count: int, output: Path | None, *, quiet: bool, verbose: bool
) -> Callable[[int], RunRequest]:
    """Return what gives the request for each run, by its number from 0.

    Args:
        profile: What is run.
        count: How many there are to be.
        output: As for `run_repeatedly`.
        quiet: Whether there is no progress on stderr.
        verbose: Whether the runs say more on stderr.

    Raises:
        OutputError: The output exists already.
    """
    from walkerbench.running.run_process import RunRequest

    directory = _run_directories(profile, count, output)
    return lambda number: RunRequest(
        profile=profile,
        directory=directory(number),
        command_line=tuple(sys.argv),
        progress=not quiet,
        verbose=verbose,
    )


def _run_directories(profile: Profile, count: int, output: Path | None) -> Callable[[int], Path]:
    """Gives each run's directory: numbered in the output, or by time and name where runs are put by default."""
    from datetime import UTC, datetime

    from walkerbench.errors import OutputError
    from walkerbench.run_directory import RUNS_ROOT, default_directory

    if output is None:
        agents = profile.stages[-1].agents
        return lambda _: default_directory(RUNS_ROOT, datetime.now(UTC), profile.name, profile.mode, agents)
    if output.exists() or output.is_symlink():
        raise OutputError(f"{output}: the output exists already: give a directory that does not")
    digits = len(str(count))  # so that names sort by age
    return lambda number: output / f"{number + 1:0{digits}}"
