"""JUnit XML: test cases, and the document around them.

There is no standard; this is the common core that CI systems read (testsuites, testsuite, properties, testcase,
failure, error, as Ant's JUnit task writes them). A case that could not be decided is an error: a reader that knows only
pass and fail must not count it as a pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from xml.etree import ElementTree as ET

from walkerbench.shown_text import shown

CaseResult = Literal["failure", "error"]
"""The result of a case that did not pass: it failed, or it could not be decided."""


def case(
    group: str, name: str, result: CaseResult | None, outcome: str, detail: str, time_s: float = 0.0
) -> ET.Element:
    """Return a test case.

    Args:
        group: The group of the case; its class name is `walkerbench.` and the group.
        name: What is tested.
        result: None where the case passed.
        outcome: The result in a word.
        detail: The result in a line.
        time_s: The time that CI shows for the case, s.
    """
    time = f"{time_s:.9f}".rstrip("0").rstrip(".")
    element = ET.Element("testcase", {"classname": f"walkerbench.{group}", "name": _text(name), "time": time})
    if result is not None:
        ET.SubElement(element, result, {"message": _text(detail), "type": outcome}).text = _text(detail)
    return element


def document(name: str, cases: Sequence[ET.Element], facts: Mapping[str, str] | None = None, **attributes: str) -> str:
    """Return the document of one suite, as text in ASCII.

    Args:
        name: The name of the suite.
        cases: The test cases, as made by `case`.
        facts: The properties of the suite.
        attributes: Further attributes of the suite.
    """
    counts = {
        "tests": len(cases),
        "failures": sum(each.find("failure") is not None for each in cases),
        "errors": sum(each.find("error") is not None for each in cases),
        "skipped": 0,
    }
    count_texts = {attribute: str(count) for attribute, count in counts.items()}
    suites = ET.Element("testsuites", {key: count_texts[key] for key in ("tests", "failures", "errors")})
    suite = ET.SubElement(suites, "testsuite", {"name": _text(name), **count_texts, **attributes})
    if facts:
        properties = ET.SubElement(suite, "properties")
        for fact, value in facts.items():
            ET.SubElement(properties, "property", {"name": fact, "value": _text(value)})
    suite.extend(cases)
    ET.indent(suites)
    # Characters outside of ASCII become references: the file is the same text in every encoding.
    text = ET.tostring(suites, encoding="us-ascii").decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _text(text: str) -> str:
    # `shown` escapes invisible characters, also those that XML cannot hold.
    return shown(text)
