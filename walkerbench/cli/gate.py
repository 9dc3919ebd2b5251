"""`walkerbench gate`."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from walkerbench.cli.file_output import write_file
from walkerbench.cli.options import (
    HELP_NAMES,
    Invocation,
    RecordedRun,
    decision_options,
    json_option,
    judged_profile_options,
    quiet_option,
    rounds_options,
    verbose_option,
)
from walkerbench.cli.output import note, write_out
from walkerbench.errors import EmergencyShutdown, Interrupted, RunBroken, UsageError, WalkerbenchError

if TYPE_CHECKING:
    from walkerbench.compared import Compared
    from walkerbench.gating import GatedRun, GateResult
    from walkerbench.profile import Profile


@click.command("gate", context_settings=HELP_NAMES)
@click.option("--against", metavar="REV", help="A git revision to measure against now, interleaved.")
@click.option(
    "--baseline",
    "baselines",
    type=RecordedRun(),
    multiple=True,
    metavar="RUNS",
    help="A recorded run, or a folder of runs, to compare with instead. Repeatable.",
)
@judged_profile_options
@rounds_options
@decision_options
@click.option(
    "--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write the result as JUnit XML to FILE, too."
)
@json_option
@quiet_option
@verbose_option
@click.pass_obj
def gate_command(
    invocation: Invocation,
    /,
    *,
    against: str | None,
    baselines: tuple[str, ...],
    profile_name: str,
    criteria: tuple[str, ...],
    junit: Path | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Judge the working tree for CI: its criteria, and whether it got slower.

    Records a run of the profile and judges it by the profile's criteria, then
    compares the working tree with a revision, interleaved (--against, the
    strong way), or runs recorded now with recorded ones (--baseline). In a
    GitHub Actions job it also writes a step summary and annotations.

    Exit code: 0 pass, 1 a criterion not met or a regression, 2 not comparable
    or not usable, 3 a run broke, 4 inconclusive.

    \b
    Examples:
      walkerbench gate --against origin/main
      walkerbench gate --against HEAD~1 --profile smoke --junit gate.xml
      walkerbench gate --baseline baseline-runs --mode process
    """  # noqa: D301  click takes the character \b for "leave these lines as they are"
    from walkerbench.profile import load_profile, override
    from walkerbench.repeats import run_words
    from walkerbench.reports import gate_junit
    from walkerbench.whole_file import WholeFile

    if (against is None) == (not baselines):
        raise UsageError("give one of --against REV and --baseline RUNS")
    work = {name: options.pop(name) for name in ("mode", "workers", "agents", "seed", "warmup")}
    with _told_to_github():
        profile = override(load_profile(profile_name), criteria=criteria, **work)
        if junit is not None:
            WholeFile.check(junit, replacing=True)
        if against is not None:
            result = _against(against, profile, **options)
        else:
            result = _baseline(baselines, profile, run_words(profile_name, criteria, work), **options)
        if junit is not None:
            write_file(junit, [gate_junit.render(result)], replacing=True)
        _print(result, as_json=as_json)
        _tell_github(result)
    return result.exit_code


def _against(revision: str, profile: Profile, *, quiet: bool, **measured: Any) -> GateResult:
    from walkerbench.cli.measuring import measure_and_judge
    from walkerbench.gating import GateResult
    from walkerbench.sessions.sides import Side
    from walkerbench.sessions.worktrees import WORKING_TREE

    if revision == WORKING_TREE:
        raise UsageError("--against .: that is the candidate itself; give a git revision")
    # The comparison first: whatever cannot be measured is then refused before a run is recorded.
    compared = measure_and_judge(
        (Side(revision, revision, profile), Side("working tree", WORKING_TREE, profile)), quiet=quiet, **measured
    )
    return GateResult((_record(profile, quiet=quiet),), compared)


def _baseline(
    baselines: tuple[str, ...],
    profile: Profile,
    words: tuple[str, ...],
    *,
    budget_s: float | None,
    rounds: int | None,
    quiet: bool,
    alpha: float,
    **decision: Any,
) -> GateResult:
    from walkerbench.cli.repeat import run_directories
    from walkerbench.gating import GatedRun, GateResult
    from walkerbench.recorded.comparison import compare_recorded
    from walkerbench.recorded.sides import check_base, find_runs, group_runs
    from walkerbench.repeats import record_repeats
    from walkerbench.run_directory import RUNS_ROOT, read_run
    from walkerbench.verdicts.comparison import check_decidable, repeats_needed
    from walkerbench.verdicts.permutation_test import MOST_REPEATS

    if budget_s is not None or rounds is not None:
        raise UsageError("--budget and --rounds go with --against; with --baseline as many runs as needed are recorded")
    check_decidable(decision["tolerance"], alpha)
    base = [read_run(path) for text in baselines for path in find_runs(text, RUNS_ROOT)]
    check_base(base)
    if not 2 <= len(base) <= MOST_REPEATS:
        raise UsageError(
            f"--baseline: {len(base)} runs; give 2 to {MOST_REPEATS}, as `walkerbench run --repeat` makes them"
        )
    count = max(len(base), repeats_needed(alpha))

    def tell(number: int) -> None:
        if not quiet:
            note(f"run {number + 1} of {count}")

    def record(so_far: int, wanted: int) -> list[GatedRun]:
        repeats = record_repeats(
            [*words, *flags], wanted, run_directories(profile, wanted, None), lambda number: tell(so_far + number)
        )
        if repeats.interrupted:
            raise Interrupted(f"interrupted in run {so_far + len(repeats.runs)} of {count}; what was recorded is kept")
        last = repeats.runs[-1]
        if last.run is None or last.exit_code not in (0, 1, 4):
            raise RunBroken(f"run {so_far + len(repeats.runs)} of {count} broke: {last.crash or last.directory}")
        for child in repeats.runs:
            if child.run is not None and child.run.state == "emergency":
                raise EmergencyShutdown(f"{child.directory}: {child.run.ended_because}")
        return [GatedRun(child.directory, child.run) for child in repeats.runs if child.run is not None]

    def compare(runs: list[GatedRun]) -> Compared:
        sides = group_runs([base, [read_run(each.directory) for each in runs]], ("baseline", "working tree"))
        return compare_recorded(sides, alpha=alpha, **decision)

    flags = ["--quiet"] if quiet else []
    runs = record(0, 1)
    compare(runs)  # what is not comparable is refused after one run, not after all of them
    runs += record(1, count - 1)
    return GateResult(tuple(runs), compare(runs))


def _record(profile: Profile, *, quiet: bool) -> GatedRun:
    from walkerbench import runner
    from walkerbench.cli.progress import open_progress
    from walkerbench.gating import GatedRun
    from walkerbench.run_directory import read_run

    with open_progress(sys.stderr, quiet=quiet) as progress:
        directory = runner.run(profile, output=None, command_line=sys.argv, listener=progress)
    return GatedRun(directory, read_run(directory).run)


def _print(result: GateResult, *, as_json: bool) -> None:
    from walkerbench.cli.result import to_text
    from walkerbench.reports import gate

    if as_json:
        write_out(json.dumps(result.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        write_out(to_text(gate.report(result)))


@contextmanager
def _told_to_github() -> Iterator[None]:
    """What keeps a gate from a result is said where a pull request's readers see it, too."""
    try:
        yield
    except WalkerbenchError as error:
        from walkerbench.reports import github

        _add_to_github([github.annotation("error", str(error))], github.broken_summary(str(error)))
        raise


def _tell_github(result: GateResult) -> None:
    from walkerbench.reports import github

    _add_to_github(github.annotation_lines(result), github.summary(result))


def _add_to_github(annotations: Any, summary: str) -> None:
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotations:
            # stderr is read for commands as stdout is, and does not spoil what --json prints there.
            note(line)
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        try:
            if Path(path).exists() and not Path(path).is_file():  # a pipe that nobody reads would hang the gate
                raise FileExistsError(errno.EEXIST, "no regular file")
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(summary)
        except OSError as error:  # no reason to change the verdict
            note(f"{path}: the summary cannot be written: {error.strerror}")
