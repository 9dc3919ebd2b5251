"""`walkerbench runs`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from walkerbench.cli.option_types import WholeNumberWithin
from walkerbench.cli.options import HELP_NAMES, verbose_option
from walkerbench.cli.output import note, write_out
from walkerbench.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from walkerbench.run_directory import ListedRun

_HELP = """\
Which runs are recorded here, and how did each of them end?

Lists the runs in FOLDER and in the folders in it, newest first: verdict,
workload, mode, agents, size and age. Without FOLDER, in .walkerbench/runs.
The verdict is the one that the run's file states; `walkerbench show`
computes it again. A directory that cannot be read is listed as damaged,
with the reason.

--prune removes old runs: of the runs that can be read, it keeps the newest
(see --keep) and removes the others. It shows these and asks first. It never
removes a damaged directory, a directory that holds anything but a run's own
files, a link, or a run that is being recorded.

\b
Examples:
  walkerbench runs
  walkerbench runs results --json
  walkerbench runs --prune
  walkerbench runs --prune --keep 5 --yes
"""


@click.command("runs", help=_HELP, context_settings=HELP_NAMES)
@click.argument("folder", metavar="[FOLDER]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.option("--prune", is_flag=True, help="Remove old runs, after asking.")
@click.option(
    "--keep",
    type=WholeNumberWithin(min=0, max=1_000_000),
    metavar="N",
    default=20,
    show_default=True,
    help="How many of the newest runs --prune keeps.",
)
@click.option("--yes", is_flag=True, help="Let --prune remove runs without asking, for scripts.")
@verbose_option
@click.pass_context
def runs_command(
    context: click.Context, /, *, folder: Path | None, as_json: bool, prune: bool, keep: int, yes: bool
) -> ExitCode:
    """Carry out `walkerbench runs`."""
    from walkerbench.run_directory import RUNS_ROOT, list_runs

    kept_given = context.get_parameter_source("keep") is ParameterSource.COMMANDLINE
    if not prune and (kept_given or yes):
        raise UsageError("--keep and --yes say how --prune removes runs: give --prune, too")
    if prune and as_json:
        raise UsageError("--json lists runs and --prune removes them: give one of the two")
    if prune and not yes and not _can_ask():
        raise UsageError("--prune asks before it removes runs, and standard input is no terminal: give --yes")
    # os.path, not pathlib: for a name that is too long, or in a folder that may not be entered, it says False.
    if folder is not None and not os.path.isdir(folder):  # noqa: PTH112
        raise UsageError(f"{folder}: no such folder, or it may not be read")
    where = folder or RUNS_ROOT
    runs = list_runs(where)
    if prune:
        return _prune(runs, where, keep, ask=not yes)
    _print(runs, where, as_json=as_json)
    return ExitCode.PASS


def _print(runs: tuple[ListedRun, ...], folder: Path, *, as_json: bool) -> None:
    from walkerbench.cli.rich_console import to_text
    from walkerbench.reports import runs_json
    from walkerbench.reports.terminal.runs import no_runs, runs_list

    now = datetime.now(UTC)
    if as_json:
        write_out(runs_json.render(runs, now))
    else:
        write_out(to_text(runs_list(runs, now) if runs else [no_runs(folder)]))


def _prune(runs: tuple[ListedRun, ...], folder: Path, keep: int, *, ask: bool) -> ExitCode:
    from walkerbench.cli.rich_console import to_text
    from walkerbench.reports.terminal.runs import kept_runs, runs_list
    from walkerbench.reports.wording.runs import total_in_words
    from walkerbench.run_directory import plan_pruning, remove_run

    plan = plan_pruning(runs, keep)
    write_out(to_text(kept_runs(plan.kept)))
    if not plan.old:
        write_out("Nothing to remove.\n")
        return ExitCode.PASS
    write_out(to_text(runs_list(plan.old, datetime.now(UTC))))
    if ask and not _confirmed(f"Remove {total_in_words(plan.old)}? Type y to remove them:"):
        write_out("Nothing is removed.\n")
        return ExitCode.PASS
    removed, problems = [], []
    for run in plan.old:
        try:
            reason = remove_run(run, folder)
        except OSError as error:
            reason = f"it cannot be removed: {error.strerror}"
        if reason is None:
            removed.append(run)
        else:
            problems.append(f"{run.directory}: kept: {reason}")
    write_out(f"Removed {total_in_words(tuple(removed))}.\n")
    if problems:
        raise UsageError(*problems)
    return ExitCode.PASS


def _can_ask() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _confirmed(question: str) -> bool:
    note(question)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
