"""The result of a comparison of many tests: a row for each, and one family of verdicts over all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from walkerbench.comparison.comparison_result import Compared
from walkerbench.errors import ExitCode, most_severe

NEW = "new"
"""The word in place of a verdict where only the candidate has the test."""


@dataclass(frozen=True)
class ComparedTest:
    """One test of a suite.

    Attributes:
        test: Its name, as in a SPEC.
        compared: The candidate against the base; None where there is no verdict.
        problem: Why there is no verdict; None where there is one.
        exit_code: The exit code that this test alone would give.
        calls_per_frame: How many calls of the test's function a frame makes, on both sides; 1 where that is not known.
    """

    test: str
    compared: Compared | None
    problem: str | None
    exit_code: ExitCode
    calls_per_frame: int = 1

    @property
    def word(self) -> str:
        """Return the verdict, that the test is new, or that there is no verdict."""
        if self.compared is not None:
            return self.compared.comparisons[0].verdict
        return NEW if self.exit_code is ExitCode.PASS else "no verdict"


@dataclass(frozen=True)
class SuiteResult:
    """All tests of a suite, in their order.

    Attributes:
        tests: At least one.
    """

    tests: tuple[ComparedTest, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Return the most severe of the tests' exit codes."""
        return most_severe(each.exit_code for each in self.tests)

    @property
    def counted(self) -> dict[str, int]:
        """Return how many tests have each verdict."""
        words = [each.word for each in self.tests]
        return {word: words.count(word) for word in dict.fromkeys(words)}

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data for JSON."""
        tests = [
            {
                "test": each.test,
                "verdict": each.word,
                "problem": each.problem,
                "exit_code": each.exit_code,
                "calls_per_frame": each.calls_per_frame,
                "comparison": None if each.compared is None else each.compared.as_dict(),
            }
            for each in self.tests
        ]
        return {"exit_code": self.exit_code, "tests": tests}
