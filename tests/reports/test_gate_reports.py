"""The reports of a gate, compared with golden files.

`python tests/reports/test_gate_reports.py` writes them again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from comparisons import FASTER, SLOWER, UNCLEAR, gated

from walkerbench.cli.rich_console import to_text
from walkerbench.reports.junit import gate as gate_junit
from walkerbench.reports.markdown import github_summary as github
from walkerbench.reports.markdown.escaping import escape_markdown
from walkerbench.reports.terminal import gate

GOLDEN = Path(__file__).parent / "golden"
FAILING = gated("fail", "pass", "unsupported", ratio=SLOWER)
PASSING = gated("pass")
IMPROVED = gated("pass", ratio=FASTER)

FORMATS: dict[str, Callable[[], str]] = {
    "gate_failing.txt": lambda: to_text(gate.report(FAILING)),
    "gate_passing.txt": lambda: to_text(gate.report(PASSING)),
    "gate_faster.txt": lambda: to_text(gate.report(IMPROVED)),
    "gate_faster.md": lambda: github.summary(IMPROVED),
    "gate_faster.xml": lambda: gate_junit.render(IMPROVED),
    "gate_failing.md": lambda: github.summary(FAILING),
    "gate_failing.xml": lambda: gate_junit.render(FAILING),
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_report_equals_the_golden_file(name: str) -> None:
    found = FORMATS[name]()
    assert found == (GOLDEN / name).read_text(encoding="utf-8")
    if name.endswith(".txt"):
        assert max(map(len, found.splitlines())) <= 80


def test_each_kind_of_annotation_has_at_most_one_line() -> None:
    lines = list(github.annotation_lines(FAILING))
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning"]
    assert lines[0].count("frame_ms.max") == 1
    assert "regression" in lines[0]
    assert list(github.annotation_lines(PASSING)) == []
    (notice,) = github.annotation_lines(IMPROVED)
    assert notice.startswith("::notice title=walkerbench gate::faster: . is 1.77 times as fast as main (1.72…1.82)")
    assert [line[:9] for line in github.annotation_lines(gated("pass", ratio=UNCLEAR))] == ["::warning"]


@pytest.mark.promise("verdicts", "Every report of a comparison says which sides had injected faults.")
def test_every_report_of_a_gate_names_injected_faults() -> None:
    passing = gated("pass")
    base, candidate = passing.compared.sides
    sides = (base, dataclasses.replace(candidate, faults="5 % more work"))
    result = dataclasses.replace(passing, compared=dataclasses.replace(passing.compared, sides=sides))
    told = "FAULTS INJECTED in .: 5 % more work"
    assert to_text(gate.report(result)).count(told) == 2
    assert escape_markdown(told) in github.summary(result)
    assert told in gate_junit.render(result)
    assert [line for line in github.annotation_lines(result) if told.replace("%", "%25") in line]
    assert result.as_dict()["comparison"]["sides"][1]["faults"] == "5 % more work"


def test_special_characters_in_annotations_are_escaped() -> None:
    assert github.annotation("error", ["5 %", "a\nb\r"]) == "::error title=walkerbench gate::5 %25%0Aa\\nb\\r"


def test_no_text_can_break_a_row_of_the_summary() -> None:
    result = gated("pass", ended_because="a | b\nc")
    assert github.broken_summary(["why"]) == "## walkerbench gate: NO VERDICT\n\n- why\n"
    assert all(line.count("|") in (0, 4, 7, 8) for line in github.summary(result).splitlines())


@pytest.mark.parametrize(
    ("result", "failures", "errors"),
    [
        (PASSING, 0, 0),
        (IMPROVED, 0, 0),
        (FAILING, 2, 1),
        (gated("pass", ratio=UNCLEAR), 0, 1),
        (gated("pass", state="emergency", ended_because="10 \x00 slow frames"), 1, 0),
    ],
)
def test_the_document_counts_its_cases(result: Any, failures: int, errors: int) -> None:
    suites = ET.fromstring(gate_junit.render(result))
    (suite,) = suites
    cases = suite.findall("testcase")
    assert int(suite.attrib["tests"]) == len(cases) >= 2
    assert (int(suite.attrib["failures"]), int(suite.attrib["errors"])) == (failures, errors)
    assert len(suite.findall("testcase/failure")) == failures
    assert len(suite.findall("testcase/error")) == errors


if __name__ == "__main__":
    for each, render in FORMATS.items():
        (GOLDEN / each).write_text(render(), encoding="utf-8")
