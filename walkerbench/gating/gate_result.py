"""The result of a gate: the criteria of the candidate's runs, and the candidate's comparison with its base."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from walkerbench.comparison.comparison_result import Compared
from walkerbench.comparison.speed_up import speed_up_in_words
from walkerbench.comparison.verdicts import ComparisonVerdict
from walkerbench.criteria.judging import Outcome, Verdict, VerdictWord, exit_code_of_run, verdict_word
from walkerbench.errors import ExitCode, most_severe
from walkerbench.run_directory import RunFile

_WORST_OUTCOME_FIRST: tuple[Outcome, ...] = ("fail", "unsupported", "pass")


@dataclass(frozen=True)
class GatedRun:
    """A run of the candidate.

    Attributes:
        directory: Where it is recorded.
        run: The run, judged by its criteria.
    """

    directory: Path
    run: RunFile

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code that `walkerbench run` gives for this run."""
        return exit_code_of_run(self.run.state, self.run.verdicts)


@dataclass(frozen=True)
class GatedCriterion:
    """A criterion of a stage, over all runs of the candidate.

    Attributes:
        verdicts: The verdict of each run that was judged by the criterion; at least one.
        directories: The directories of those runs, in the same order.
    """

    verdicts: tuple[Verdict, ...]
    directories: tuple[Path, ...]

    @property
    def name(self) -> str:
        """Return the criterion's canonical text, and the stage where it judges a single stage."""
        first = self.verdicts[0]
        return first.criterion if first.stage is None else f"{first.criterion}, stage {first.stage + 1}"

    @property
    def outcome(self) -> Outcome:
        """Return the worst of its runs' outcomes."""
        found = {verdict.outcome for verdict in self.verdicts}
        return next(outcome for outcome in _WORST_OUTCOME_FIRST if outcome in found)

    @property
    def how_often(self) -> str:
        """Return in words how many of several runs had this outcome; empty for a single run."""
        count = sum(verdict.outcome == self.outcome for verdict in self.verdicts)
        return "" if len(self.verdicts) == 1 else f" in {count} of {len(self.verdicts)} runs"

    @property
    def in_words(self) -> str:
        """Return the criterion and the reason for its outcome, as the first run with that outcome gives it."""
        number = next(number for number, each in enumerate(self.verdicts) if each.outcome == self.outcome)
        first = f", first in {self.directories[number]}" if self.how_often else ""
        return f"{self.name} ({self.verdicts[number].detail}){self.how_often}{first}"


@dataclass(frozen=True)
class GateResult:
    """The result of a gate.

    Attributes:
        runs: The candidate's runs, at least one.
        compared: The comparison of the candidate with its base.
    """

    runs: tuple[GatedRun, ...]
    compared: Compared

    @property
    def exit_code(self) -> ExitCode:
        """Return the most severe of the runs' exit codes and the comparison's."""
        return most_severe([*(each.exit_code for each in self.runs), self.compared.exit_code])

    @property
    def word(self) -> VerdictWord:
        """Return PASS, FAIL, INCONCLUSIVE, or NO VERDICT where a run was not finished."""
        return verdict_word(self.exit_code)

    @property
    def criteria(self) -> tuple[GatedCriterion, ...]:
        """Return the criteria that the runs were judged by, each criterion of each stage once."""
        found: dict[tuple[int | None, str], list[tuple[Verdict, Path]]] = {}
        for each in self.runs:
            for verdict in each.run.verdicts:
                found.setdefault((verdict.stage, verdict.criterion), []).append((verdict, each.directory))
        return tuple(GatedCriterion(*zip(*judged, strict=True)) for judged in found.values())

    @property
    def failures_of_runs(self) -> list[str]:
        """Return each criterion that is not met and each emergency, one line each."""
        lines = [f"criterion not met: {each.in_words}" for each in self.criteria if each.outcome == "fail"]
        lines += [
            f"emergency shutdown: {each.run.ended_because}" for each in self.runs if each.run.state == "emergency"
        ]
        return lines

    @property
    def failures(self) -> list[str]:
        """Return why the gate fails: each criterion that is not met, each emergency, each regression."""
        return self.failures_of_runs + self._comparisons("regression")

    @property
    def doubts_of_runs(self) -> list[str]:
        """Return each criterion that could not be judged, one line each."""
        return [f"criterion not judged: {each.in_words}" for each in self.criteria if each.outcome == "unsupported"]

    @property
    def doubts(self) -> list[str]:
        """Return what could not be decided, one line each."""
        return self.doubts_of_runs + self._comparisons("inconclusive")

    @property
    def improvements(self) -> list[str]:
        """Return in what the candidate is faster than its base, one line each."""
        return self._comparisons("faster")

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data for JSON."""
        return {
            "exit_code": self.exit_code,
            "verdict": self.word,
            "failures": self.failures,
            "doubts": self.doubts,
            "improvements": self.improvements,
            # The run goes through its JSON text, in which a number that is not finite is null.
            "runs": [
                {"directory": str(each.directory), "run": json.loads(each.run.model_dump_json())} for each in self.runs
            ],
            "comparison": self.compared.as_dict(),
        }

    def _comparisons(self, verdict: ComparisonVerdict) -> list[str]:
        return [
            f"{verdict}: {speed_up_in_words(each)}: {each.detail}"
            for each in self.compared.comparisons
            if each.verdict == verdict
        ]
