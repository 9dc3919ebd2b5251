"""What a gate found, as JUnit XML: a test case a criterion and run, and one a comparison.

There is no standard; this is the common core that CI systems read (testsuites, testsuite, testcase, failure, skipped,
as Ant's JUnit task writes them). What could not be decided is an error: a reader that knows but pass and fail must not
take it for a pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from walkerbench.gating import GateResult

_OUTCOMES = {"fail": "failure", "unsupported": "error", "regression": "failure", "inconclusive": "error"}
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(result: GateResult) -> str:
    """The document, as text."""
    cases = list(_cases(result))
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": 0,
    }
    attributes = {name: str(count) for name, count in counts.items()}
    suites = ET.Element("testsuites", attributes)
    suite = ET.SubElement(suites, "testsuite", {"name": "walkerbench gate", **attributes})
    suite.extend(cases)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


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
    case = ET.Element("testcase", {"classname": f"walkerbench.{group}", "name": _text(name), "time": "0"})
    if outcome in _OUTCOMES:
        found = ET.SubElement(case, _OUTCOMES[outcome], {"message": _text(detail), "type": outcome})
        found.text = _text(detail)
    return case


def _text(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
