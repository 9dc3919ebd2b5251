"""JUnit XML: test cases, and the document around them.

There is no standard; this is the common core that CI systems read (testsuites, testsuite, properties, testcase,
failure, error, as Ant's JUnit task writes them). What could not be decided is an error: a reader that knows only pass
and fail must not take it for a pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from xml.etree import ElementTree as ET

from walkerbench.shown_text import shown

CaseResult = Literal["failure", "error"]
"""What CI shows of a case that did not pass: it failed, or it could not be decided."""


def case(
    group: str, name: str, result: CaseResult | None, outcome: str, detail: str, time_s: float = 0.0
) -> ET.Element:
    """Return a test case.

    Args:
        group: What it belongs to; becomes the class's name, below `walkerbench`.
        name: What is tested.
        result: None where it passed.
        outcome: What came out, in a word.
        detail: What came out, in a line.
        time_s: What CI shows as the case's time.
    """
    time = f"{time_s:.9f}".rstrip("0").rstrip(".")
    element = ET.Element("testcase", {"classname": f"walkerbench.{group}", "name": _text(name), "time": time})
    if result is not None:
        ET.SubElement(element, result, {"message": _text(detail), "type": outcome}).text = _text(detail)
    return element


def document(name: str, cases: Sequence[ET.Element], facts: Mapping[str, str] | None = None, **attributes: str) -> str:
    """Return the document of one suite, as text in ASCII.

    Args:
        name: The suite's.
        cases: As made by `case`.
        facts: The suite's properties.
        attributes: More of the suite's attributes.
    """
    counts = {
        "tests": len(cases),
        "failures": sum(each.find("failure") is not None for each in cases),
        "errors": sum(each.find("error") is not None for each in cases),
        "skipped": 0,
    }
    told = {attribute: str(count) for attribute, count in counts.items()}
    suites = ET.Element("testsuites", {key: told[key] for key in ("tests", "failures", "errors")})
    suite = ET.SubElement(suites, "testsuite", {"name": _text(name), **told, **attributes})
    if facts:
        properties = ET.SubElement(suite, "properties")
        for fact, value in facts.items():
            ET.SubElement(properties, "property", {"name": fact, "value": _text(value)})
    suite.extend(cases)
    ET.indent(suites)
    # Characters beyond ASCII become references: the file reads the same in every encoding.
    text = ET.tostring(suites, encoding="us-ascii").decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _text(text: str) -> str:
    # What XML has no character for is escaped with whatever else is not seen.
    return shown(text)
