"""What a gate found, as JUnit XML: a test case a criterion and run, and one a comparison; see `junit_xml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree as ET

from walkerbench.reports import junit_xml

if TYPE_CHECKING:
    from walkerbench.gating.result import GateResult

_FOUND: dict[str, Literal["failure", "error"]] = {
    "fail": "failure",
    "unsupported": "error",
    "regression": "failure",
    "inconclusive": "error",
}


def render(result: GateResult) -> str:
    """The document, as text."""
    return junit_xml.document("walkerbench gate", list(_cases(result)))


def _cases(result: GateResult) -> Iterator[ET.Element]:
    for number, each in enumerate(result.runs, 1):
        group = "criteria" if len(result.runs) == 1 else f"criteria.run{number}"
        for verdict in each.run.verdicts:
            stage = "" if verdict.stage is None else f" (stage {verdict.stage + 1})"
            yield _case(group, f"{verdict.criterion}{stage}", verdict.outcome, verdict.detail)
        if each.run.state != "finished":
            yield _case(group, "the run is finished", "fail", each.run.ended_because or each.run.state)
    for comparison in result.compared.comparisons:
        name = f"{comparison.candidate} is not slower than {comparison.base}"
        yield _case("comparison", name, comparison.verdict, comparison.detail)


def _case(group: str, name: str, outcome: str, detail: str) -> ET.Element:
    return junit_xml.case(group, name, _FOUND.get(outcome), outcome, detail)
