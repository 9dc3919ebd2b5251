"""The gate against recorded runs: records as many runs of the candidate as alpha needs, and compares them."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from walkerbench.comparison.comparison_result import Compared
from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.comparison.permutation_test import MOST_REPEATS, repeats_needed, split_count
from walkerbench.errors import BaselineSizeError, UsageError
from walkerbench.gating.candidate import CANDIDATE, GateCandidate
from walkerbench.gating.gate_result import GatedRun, GateResult
from walkerbench.recorded_sides.comparability import check_same_mode
from walkerbench.recorded_sides.compare_recorded import check_recorded_faults, compare_recorded
from walkerbench.recorded_sides.sides import check_base, find_runs, group_runs
from walkerbench.run_directory import RecordedRun
from walkerbench.running.found_settings import with_settings
from walkerbench.running.summary import read_concluded

_SIDE_NAMES = ("baseline", CANDIDATE)


def find_baseline(texts: Sequence[str], root: Path) -> tuple[RecordedRun, ...]:
    """Return the runs that a user names as the baseline.

    Args:
        texts: Runs and folders of runs, as returned by `find_runs`.
        root: The folder that `@latest` looks in.

    Raises:
        RunFileError: A run is missing or cannot be read.
        NotComparable: The runs cannot be a baseline.
    """
    arguments = [[read_concluded(path) for path in find_runs(text, root)] for text in texts]
    check_base(arguments)
    return tuple(run for runs in arguments for run in runs)


def runs_to_record(base: int, alpha: float) -> int:
    """Return how many runs of the candidate to record: as many as the baseline has, or more where alpha needs more.

    Args:
        base: How many runs the baseline has.
        alpha: Family-wise error rate.

    Raises:
        BaselineSizeError: The baseline has too few or too many runs to reach alpha with any number of candidate's runs.
        UsageError: No numbers of runs can reach alpha.
    """
    for count in range(base, MOST_REPEATS + 1):
        if base > 1 and 1 / split_count(base, count) <= alpha:
            return count
    fewest = next((n for n in range(2, MOST_REPEATS + 1) if 1 / split_count(n, MOST_REPEATS) <= alpha), None)
    if fewest is None:
        raise UsageError(
            f"recorded runs cannot reach an error rate of {alpha * 100:g} %: give a higher one, or a revision to "
            "measure against",
            parameters=("alpha", "against"),
        )
    raise BaselineSizeError(
        f"the baseline has {base} run{'' if base == 1 else 's'}: record {fewest} to {MOST_REPEATS}, one after another",
        fewest=fewest,
        most=MOST_REPEATS,
    )


def gate_against_baseline(base: Sequence[RecordedRun], candidate: GateCandidate, rules: DecisionRules) -> GateResult:
    """Record the candidate's runs, and compare them with the baseline.

    Args:
        base: The baseline, as returned by `find_baseline`.
        candidate: The candidate, which is judged.
        rules: The rules that decide.

    Raises:
        InjectedFaults: The profile or the baseline has faults, and they are not allowed; nothing is recorded.
        UsageError: The baseline has too few or too many runs; nothing is recorded.
        NotComparable: The candidate may not be compared with the baseline.
    """
    rules.check_faults([("the working tree's profile", candidate.profile.faults.in_words)])
    check_recorded_faults(base, rules)
    # The settings that the profile leaves open were found for the baseline: the candidate uses the same values.
    found: Mapping[str, Any] = base[0].run.profile.get("environment", {})
    candidate = dataclasses.replace(candidate, profile=with_settings(candidate.profile, found))
    total = runs_to_record(len(base), rules.alpha)
    if candidate.tell is not None:
        candidate.tell(_what_it_takes(base, total, rules.alpha))

    def compare(runs: Sequence[GatedRun]) -> Compared:
        recorded = [read_concluded(each.directory) for each in runs]
        check_same_mode(base[0], recorded[0])
        return compare_recorded(group_runs([base, recorded], _SIDE_NAMES), rules)

    runs = candidate.record(range(1), total)
    compare(runs)  # runs that may not be compared are refused after the first run, not after all of them
    runs += candidate.record(range(1, total), total)
    return GateResult(tuple(runs), compare(runs))


def _what_it_takes(base: Sequence[RecordedRun], total: int, alpha: float) -> str:
    """Return how many runs are recorded, about how long that takes, and how many a comparison can use, in one line."""
    spans_s = [
        (datetime.fromisoformat(run.run.finished_utc) - datetime.fromisoformat(run.run.started_utc)).total_seconds()
        for run in base
        if run.run.finished_utc is not None
    ]
    takes = f", about {total * statistics.median(spans_s):.0f} s" if spans_s else ""
    return (
        f"recording {total} runs against {len(base)} of the baseline{takes}; {repeats_needed(alpha)} to {MOST_REPEATS} "
        "a side can be compared"
    )
