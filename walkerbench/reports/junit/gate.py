"""The result of a gate as JUnit XML: the test cases of each run, and one for each comparison; see `xml_document`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from walkerbench.reports.export import junit
from walkerbench.reports.junit.xml_document import CaseResult, case, document
from walkerbench.reports.wording.comparison import faults_of_sides, measured_code, work_not_the_same

if TYPE_CHECKING:
    from walkerbench.comparison.verdicts import ComparisonVerdict
    from walkerbench.gating.gate_result import GateResult

_RESULTS: Mapping[ComparisonVerdict, CaseResult] = {"regression": "failure", "inconclusive": "error"}


def render(result: GateResult) -> str:
    """Return the JUnit document of a gate's result, as text."""
    facts = {
        "code": measured_code(result.compared),
        "faster": "; ".join(result.improvements),
        "faults": "; ".join(faults_of_sides(result.compared)),
        "work": "; ".join(work_not_the_same(result.compared)),
    }
    known_facts = {name: fact for name, fact in facts.items() if fact}
    return document("walkerbench gate", list(_cases(result)), known_facts)


def without_result(lines: Sequence[str]) -> str:
    """Return the document of a gate that has no result, as text; each line is a reason."""
    return document("walkerbench gate", [case("gate", "the gate has a result", "error", "no result", "; ".join(lines))])


def _cases(result: GateResult) -> Iterator[ET.Element]:
    for number, each in enumerate(result.runs, 1):
        yield from junit.cases(each.run, "" if len(result.runs) == 1 else f".{number}")
    for comparison in result.compared.comparisons:
        name = f"{comparison.candidate} is not slower than {comparison.base}"
        yield case("comparison", name, _RESULTS.get(comparison.verdict), comparison.verdict, comparison.detail)
