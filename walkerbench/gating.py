"""What a gate decides by: the criteria of the candidate's runs, and the comparison with its base."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from walkerbench.compared import Compared, first_that_counts
from walkerbench.run_directory import RunFile
from walkerbench.verdicts import criteria


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
    def exit_code(self) -> int:
        """As of `walkerbench run`."""
        return criteria.exit_code(self.run.state, self.run.verdicts)

    def verdicts(self, outcome: str) -> list[str]:
        """The criteria that came out like this, each with what was measured."""
        return [
            f"{verdict.criterion} ({verdict.detail})" for verdict in self.run.verdicts if verdict.outcome == outcome
        ]


@dataclass(frozen=True)
class GateResult:
    """What a gate found.

    Attributes:
        runs: The candidate's, at least one.
        compared: The candidate against its base.
    """

    runs: tuple[GatedRun, ...]
    compared: Compared

    @property
    def exit_code(self) -> int:
        """Of the runs' exit codes and the comparison's, the one that counts."""
        return first_that_counts([*(each.exit_code for each in self.runs), self.compared.exit_code])

    @property
    def word(self) -> str:
        """PASS, FAIL, INCONCLUSIVE, or NO VERDICT where a run was not finished."""
        return {0: "PASS", 1: "FAIL", 4: "INCONCLUSIVE"}.get(self.exit_code, "NO VERDICT")

    @property
    def failures(self) -> list[str]:
        """Why the gate fails: each criterion that is not met, each emergency, each regression."""
        lines = [f"criterion not met: {text}" for text in self._verdicts("fail")]
        lines += [
            f"emergency shutdown: {each.run.ended_because}" for each in self.runs if each.run.state == "emergency"
        ]
        lines += self._comparisons("regression")
        return lines

    @property
    def doubts(self) -> list[str]:
        """What could not be decided."""
        lines = [f"criterion not judged: {text}" for text in self._verdicts("unsupported")]
        return lines + self._comparisons("inconclusive")

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data for JSON."""
        return {
            "exit_code": self.exit_code,
            "verdict": self.word,
            "failures": self.failures,
            "doubts": self.doubts,
            "runs": [{"directory": str(each.directory), "run": each.run.model_dump(mode="json")} for each in self.runs],
            "comparison": self.compared.as_dict(),
        }

    def _verdicts(self, outcome: str) -> list[str]:
        return list(dict.fromkeys(text for each in self.runs for text in each.verdicts(outcome)))

    def _comparisons(self, verdict: str) -> list[str]:
        return [
            f"{verdict}: frame time of {each.candidate} {(each.time_ratio - 1) * 100:+.1f} % against {each.base} "
            f"({(each.low - 1) * 100:+.1f}…{(each.high - 1) * 100:+.1f} %): {each.detail}"
            for each in self.compared.comparisons
            if each.verdict == verdict
        ]
