"""`walkerbench run --repeat N`: runs in fresh processes, and a table of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from walkerbench.cli.output import complain, note, write_out
from walkerbench.errors import ExitCode

if TYPE_CHECKING:
    from walkerbench.profile.model import Profile


def run_repeatedly(
    profile: Profile,
    count: int,
    *,
    output: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> ExitCode:
    """Record repeats of a run and print their results.

    Args:
        profile: The profile to run.
        count: Number of repeats.
        output: The folder to create for the runs; None to put each run into the default folder.
        as_json: Whether to print their `run.json` instead of a table.
        quiet: Whether to show no progress on stderr.
        verbose: Whether the runs write more to stderr.

    Returns:
        The most severe exit code of all runs.

    Raises:
        OutputError: The output exists already; nothing has been run.
    """
    from walkerbench.cli.rich_console import to_text
    from walkerbench.reports import run_json as json_report
    from walkerbench.reports.terminal import repeats as repeats_report
    from walkerbench.running.repeat_requests import repeat_requests
    from walkerbench.running.repeats import record_repeats

    def tell(number: int) -> None:
        if not quiet:
            note(f"run {number + 1} of {count}")

    requests = repeat_requests(profile, count, output, tuple(sys.argv), progress=not quiet, verbose=verbose)
    repeats = record_repeats(requests, count, tell)
    for number, child in enumerate(repeats.runs, 1):
        if child.crash is not None:
            complain(f"run {number} of {count}: its process {child.crash}")
    if repeats.interrupted:
        complain(f"interrupted in run {len(repeats.runs)} of {count}; what was recorded is kept")
    if as_json:
        write_out(json_report.render_all([child.run for child in repeats.runs if child.run is not None]))
    else:
        write_out(to_text(repeats_report.report(repeats, count)))
    return repeats.exit_code
