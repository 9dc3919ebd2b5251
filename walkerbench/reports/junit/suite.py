"""A comparison of many tests, as JUnit XML: a test case for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from walkerbench.comparison.suite_result import NEW
from walkerbench.reports.junit.xml_document import case, document

if TYPE_CHECKING:
    from walkerbench.comparison.suite_result import SuiteResult


def render(result: SuiteResult) -> str:
    """Return the JUnit document of a suite's result, as text."""
    cases = []
    for each in result.tests:
        detail = each.problem or (each.compared.comparisons[0].detail if each.compared else "")
        outcome = {"regression": "failure", "no regression": None, "faster": None, NEW: None}.get(each.word, "error")
        cases.append(case("suite", each.test, outcome, each.word, detail))  # type: ignore[arg-type]
    return document("walkerbench gate", cases, None)
