"""`walkerbench gate`."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from walkerbench.cli.error_lines import error_lines
from walkerbench.cli.file_output import write_file
from walkerbench.cli.options import (
    HELP_NAMES,
    Invocation,
    RunName,
    decision_options,
    json_option,
    judged_profile_options,
    quiet_option,
    rounds_options,
    verbose_option,
)
from walkerbench.cli.output import note, write_out
from walkerbench.errors import ExitCode, UsageError, WalkerbenchError

if TYPE_CHECKING:
    from walkerbench.gating.gate_result import GatedRun, GateResult
    from walkerbench.profile.model import Profile


@click.command("gate", context_settings=HELP_NAMES)
@click.option("--against", metavar="REV", help="A git revision to measure against now, interleaved.")
@click.option(
    "--baseline",
    "baselines",
    type=RunName(),
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
) -> ExitCode:
    """Judge the working tree for CI: criteria, and is it slower?

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
      walkerbench run --repeat 6 -o baseline-runs
      walkerbench gate --baseline baseline-runs
    """  # noqa: D301  click takes the character \b for "leave these lines as they are"
    from walkerbench.profile.loading import load_profile
    from walkerbench.profile.overrides import ProfileOverrides, override
    from walkerbench.reports.junit import gate as gate_junit
    from walkerbench.system.atomic_files import WholeFile

    if (not against) == (not baselines):
        raise UsageError("give one of --against REV and --baseline RUNS")
    keys = ("workload", "mode", "workers", "agents", "seed", "warmup")
    changes = ProfileOverrides(criteria=criteria, **{key: options.pop(key) for key in keys})
    with _told_to_github():
        profile = override(load_profile(profile_name), changes)
        if junit is not None:
            WholeFile.check(junit, replacing=True)
        candidate = _Candidate(profile, quiet=options["quiet"])
        result = _against(against, candidate, **options) if against else _baseline(baselines, candidate, **options)
        if junit is not None:
            write_file(junit, [gate_junit.render(result)], replacing=True)
        _print(result, as_json=as_json)
        _tell_github(result)
    return result.exit_code


@dataclass(frozen=True)
class _Candidate:
    """The working tree's code with a profile."""

    profile: Profile
    quiet: bool

    def record(self, numbers: range, total: int) -> list[GatedRun]:
        from walkerbench.cli.repeat import run_requests
        from walkerbench.gating.candidate import record_candidate

        requests = run_requests(self.profile, total, None, quiet=self.quiet, verbose=False)
        return record_candidate(requests, numbers, total, self._tell(total))

    def _tell(self, total: int) -> Callable[[int], None]:
        return lambda number: None if self.quiet else note(f"run {number + 1} of {total}")


def _against(revision: str, candidate: _Candidate, **measured: Any) -> GateResult:
    from walkerbench.cli.measuring import measure_and_judge
    from walkerbench.gating.gate_result import GateResult
    from walkerbench.interleaved.sides import Side
    from walkerbench.interleaved.worktrees import WORKING_TREE

    if revision == WORKING_TREE:
        raise UsageError("--against .: that is the candidate itself; give a git revision")
    profile = candidate.profile
    # The comparison first: whatever cannot be measured is then refused before a run is recorded.
    compared = measure_and_judge(
        (Side(revision, revision, profile), Side("working tree", WORKING_TREE, profile)), **measured
    )
    return GateResult(tuple(candidate.record(range(1), 1)), compared)


def _baseline(
    baselines: tuple[str, ...],
    candidate: _Candidate,
    *,
    budget_s: float | None,
    rounds: int | None,
    quiet: bool,
    **decision: Any,
) -> GateResult:
    from walkerbench.comparison.verdicts import check_decidable
    from walkerbench.gating.baseline import find_baseline, gate_against_baseline
    from walkerbench.run_directory import RUNS_ROOT

    if budget_s is not None or rounds is not None:
        raise UsageError("--budget and --rounds go with --against; with --baseline as many runs as needed are recorded")
    check_decidable(decision["tolerance"], decision["alpha"])
    return gate_against_baseline(find_baseline(baselines, RUNS_ROOT), candidate.record, **decision)


def _print(result: GateResult, *, as_json: bool) -> None:
    from walkerbench.cli.result import to_text
    from walkerbench.reports.terminal import gate

    if as_json:
        write_out(json.dumps(result.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        write_out(to_text(gate.report(result)))


@contextmanager
def _told_to_github() -> Iterator[None]:
    """Write an error that keeps a gate from a result where a pull request's readers see it, too."""
    try:
        yield
    except WalkerbenchError as error:
        from walkerbench.reports.markdown import github_summary as github

        lines = error_lines(error)
        _add_to_github([github.annotation("error", lines)], github.broken_summary(lines))
        raise


def _tell_github(result: GateResult) -> None:
    from walkerbench.reports.markdown import github_summary as github

    _add_to_github(github.annotation_lines(result), github.summary(result))


def _add_to_github(annotations: Iterable[str], summary: str) -> None:
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
