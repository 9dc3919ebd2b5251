"""Reads exports with the tools that they are for, or checks them against the rules of these tools."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from fabricated_runs import recorded_run
from hypothesis import given
from hypothesis import strategies as st
from pytest_benchmark.stats import Stats

from walkerbench.errors import RunFileError
from walkerbench.recorded_value import MISSING, UNREAD
from walkerbench.reports.export import pytest_benchmark
from walkerbench.reports.export.rendering import RENDERERS

STATES = ["finished", "running", "interrupted", "emergency", "broken"]


def exported(name: str, tmp_path: Path, *arguments: Any, **changes: Any) -> str:
    return "".join(RENDERERS[name](recorded_run(tmp_path / "run", *arguments, **changes)))


def refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def read_json(text: str) -> Any:
    return json.loads(text, parse_constant=refuse)


# Rules of junit-10.xsd of Jenkins' xUnit plugin: element → required attributes, optional attributes, and elements
# that may be inside it.
RULES: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": ({"name"}, {"time", "classname", "group"}, {"skipped", "error", "failure", "system-out", "system-err"}),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
}


def assert_junit(element: ET.Element) -> None:
    needed, allowed, inside = RULES[element.tag]
    assert needed <= set(element.keys()) <= needed | allowed
    assert re.fullmatch(r"\d*(\.\d*)?", element.get("time", ""))
    for child in element:
        assert child.tag in inside
        assert_junit(child)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("frames", [0, 1, 3])
def test_junit_obeys_its_rules_and_counts_its_cases(tmp_path: Path, state: str, frames: int) -> None:
    text = exported("junit", tmp_path, frames, state=state, ended_because="an <odd> \x00 reason & 'more'", stages=2)
    assert text.isascii()
    document = ET.fromstring(text)
    assert document.tag == "testsuites"
    assert_junit(document)
    (suite,) = document
    cases = suite.findall("testcase")
    found = [len(suite.findall(f"testcase/{tag}")) for tag in ("failure", "error")]
    assert [len(cases), *found] == [int(suite.get(name, "")) for name in ("tests", "failures", "errors")]
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
    if state != "finished":
        assert cases[0].get("name") == "the run is finished"
        assert len(cases[0]) == 1


def test_junit_of_a_run_that_judged_nothing_does_not_pass(tmp_path: Path) -> None:
    recorded = recorded_run(tmp_path / "run")
    object.__setattr__(recorded, "run", recorded.run.changed(verdicts=[]))
    document = ET.fromstring("".join(RENDERERS["junit"](recorded)))
    assert [case.get("name") for case in document.iter("testcase") if case.find("error") is not None] == [
        "something is judged"
    ]


def compare(*files: Path) -> str:
    program = shutil.which("pytest-benchmark", path=str(Path(sys.executable).parent))
    assert program is not None
    done = subprocess.run(
        [program, "compare", *map(str, files), "--group-by=group"], cwd=files[0].parent, capture_output=True, text=True,
        timeout=60, check=True,
    )  # fmt: skip
    assert "Failed to load" not in done.stdout + done.stderr
    return done.stdout


def test_pytest_benchmark_compares_two_of_its_files(tmp_path: Path) -> None:
    files = [tmp_path / name / "run.json" for name in ("base", "candidate")]
    for file in files:
        file.parent.mkdir()
        file.write_text(exported("pytest-benchmark", file.parent, 5))
    table = compare(*files)
    groups = ("frame", "agent_processing", "physics", "ecosystem", "dispatch", "barrier_wait")
    assert all(f"benchmark '{group}': 2 tests" in table for group in groups)
    assert len(re.findall(r"^frame\[8 agents\]", table, re.MULTILINE)) == 2


def test_pytest_benchmark_has_each_duration_of_each_stage(tmp_path: Path) -> None:
    content = read_json(exported("pytest-benchmark", tmp_path, 4, stages=2))
    names = [each["fullname"] for each in content["benchmarks"]]
    assert len(set(names)) == len(names) == 2 * 6
    assert {each["stats"]["rounds"] for each in content["benchmarks"]} == {3}
    frame = content["benchmarks"][0]["stats"]
    assert (frame["min"], frame["median"], frame["max"]) == (710e-6, 720e-6, 730e-6)


def test_pytest_benchmark_has_the_time_of_one_call(tmp_path: Path) -> None:
    whole = read_json(exported("pytest-benchmark", tmp_path / "frames", 5))["benchmarks"]
    settings = {"environment": {"calls_per_frame": 50}}
    calls = read_json(exported("pytest-benchmark", tmp_path / "calls", 5, profile=settings))["benchmarks"]
    assert [each["group"] for each in calls if each["stats"]["iterations"] == 50] == ["agent_processing"]
    for one, other in zip(whole, calls, strict=True):
        iterations = other["stats"]["iterations"]
        assert other["stats"]["mean"] == pytest.approx(one["stats"]["mean"] / iterations)


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=40))
def test_statistics_equal_those_of_pytest_benchmark(durations_ns: Sequence[int]) -> None:
    theirs: Any = Stats()  # type: ignore[no-untyped-call]
    seconds = np.array(durations_ns) / 1e9
    for duration in seconds.tolist():
        theirs.update(duration)
    ours = pytest_benchmark.statistics(seconds)
    assert set(ours) == {*Stats.fields, "iterations"}
    counts = (
        "outliers",
        "iqr_outliers",
        "stddev_outliers",
        "ld15iqr",
        "hd15iqr",
    )  # rounding may change the count by one
    for name in set(Stats.fields) - set(counts):
        assert ours[name] == pytest.approx(getattr(theirs, name), rel=1e-9, abs=1e-12)


def test_outliers_are_counted_as_pytest_benchmark_does() -> None:
    theirs: Any = Stats()  # type: ignore[no-untyped-call]
    seconds = np.array([1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 50.0])
    for duration in seconds.tolist():
        theirs.update(duration)
    ours = pytest_benchmark.statistics(seconds)
    for name in ("outliers", "ld15iqr", "hd15iqr"):
        assert ours[name] == getattr(theirs, name)
    assert ours["outliers"] == "1;1"


@pytest.mark.parametrize("stages", [1, 2])
def test_benchmark_action_is_an_array_of_named_values(tmp_path: Path, stages: int) -> None:
    values = read_json(exported("benchmark-action", tmp_path, 150, stages=stages))
    assert len({each["name"] for each in values}) == len(values) == stages * 6 * 4
    for each in values:
        assert set(each) == {"name", "unit", "value", "extra"}
        assert (type(each["name"]), each["unit"], type(each["value"]), type(each["extra"])) == (str, "ms", float, str)


def assert_speedscope(content: Any) -> None:
    """Check the rules of speedscope's schema and `file-format-spec.ts`: required keys, balanced and ordered events."""
    assert content["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    assert set(content) == {"$schema", "exporter", "name", "shared", "profiles"}
    names = [frame["name"] for frame in content["shared"]["frames"]]
    assert len(set(names)) == len(names)
    for profile in content["profiles"]:
        assert set(profile) == {"type", "name", "unit", "startValue", "endValue", "events"}
        assert (profile["type"], profile["unit"]) == ("evented", "nanoseconds")
        times = [profile["startValue"], *(each["at"] for each in profile["events"]), profile["endValue"]]
        assert times == sorted(times)
        stack: list[int] = []
        for each in profile["events"]:
            assert set(each) == {"type", "frame", "at"}
            assert 0 <= each["frame"] < len(names)
            if each["type"] == "O":
                stack.append(each["frame"])
            else:
                assert (each["type"], each["frame"]) == ("C", stack.pop())
        assert stack == []


@pytest.mark.parametrize("state", STATES)
def test_speedscope_has_a_profile_for_the_parent_and_each_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr("walkerbench.reports.export.speedscope._SPANS_A_PART", 2)
    content = read_json(exported("speedscope", tmp_path, 3, stages=2, state=state))
    assert_speedscope(content)
    assert [profile["name"] for profile in content["profiles"]] == ["parent", "worker 0", "worker 1"]
    assert [len(profile["events"]) for profile in content["profiles"]] == [6 * 5 * 2, 6 * 3 * 2, 6 * 3 * 2]
    assert (f"run {state}" in content["name"]) == (state != "finished")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("frames", [0, 1])
@pytest.mark.parametrize("name", ["json", "csv", "markdown", "chrome-trace", "junit"])
def test_runs_with_no_or_one_frame_are_exported(tmp_path: Path, name: str, frames: int, state: str) -> None:
    text = exported(name, tmp_path, frames, state=state)
    if name == "csv":
        assert text.count("\n") == 1 + frames
    if name in ("json", "chrome-trace"):
        read_json(text)
    if name == "markdown" and state != "finished":
        assert ("## walkerbench: FAIL" in text) == (state == "emergency")
        assert re.search("UNFINISHED|INTERRUPTED|BROKEN|STOPPED ITSELF", text)


@pytest.mark.parametrize(
    ("name", "frames", "why"),
    [
        ("speedscope", 0, "no frame was recorded, so speedscope has nothing to show"),
        ("pytest-benchmark", 1, "no frame was judged, so there is nothing to export"),
        ("benchmark-action", 1, "no frame was judged, and github-action-benchmark needs a value"),
    ],
)
def test_a_run_without_data_for_a_format_is_refused(tmp_path: Path, name: str, frames: int, why: str) -> None:
    with pytest.raises(RunFileError, match=why):
        exported(name, tmp_path, frames)


def test_csv_is_read_by_numpy(tmp_path: Path) -> None:
    recorded = recorded_run(tmp_path / "run")
    (tmp_path / "frames.csv").write_text("".join(RENDERERS["csv"](recorded)))
    read = np.genfromtxt(tmp_path / "frames.csv", delimiter=",", names=True, dtype=np.int64)
    assert read.tolist() == recorded.frames.tolist()
    assert read.dtype.names == recorded.frames.dtype.names


@pytest.mark.parametrize("value", [MISSING, UNREAD])
def test_csv_leaves_figures_that_are_not_available_empty(tmp_path: Path, value: int) -> None:
    recorded = recorded_run(tmp_path / "run", 1)
    frames = recorded.frames.copy()
    frames["parent_core_wait_ns"] = value
    header, row = "".join(RENDERERS["csv"](dataclasses.replace(recorded, frames=frames))).splitlines()
    assert dict(zip(header.split(","), row.split(","), strict=True))["parent_core_wait_ns"] == ""
    assert row.count("-") == 0


def test_markdown_shows_why_a_value_was_not_judged(tmp_path: Path) -> None:
    excused = {"criterion": "frame_ms.max < 1", "stage": None, "value": 1.5, "outcome": "unsupported",
               "detail": "1.5 is not < 1, but given no core by the host"}  # fmt: skip
    recorded = recorded_run(tmp_path / "run", 1)
    text = "".join(RENDERERS["markdown"](dataclasses.replace(recorded, run=recorded.run.changed(verdicts=[excused]))))
    assert "| `frame_ms.max < 1` | 1.5 (1.5 is not \\< 1, but given no core by the host) | **unsupported** |" in text


def test_no_text_of_a_run_can_break_a_markdown_table(tmp_path: Path) -> None:
    lines = exported("markdown", tmp_path, profile={"name": "a|b\n# c <script>"}).splitlines()
    assert {line.count("|") for line in lines if line.startswith("|")} == {4, 7}
    assert "- profile: a\\|b\\\\n\\# c \\<script\\>, seed 1, pace max" in lines


@pytest.mark.parametrize("name", ["csv", "chrome-trace", "speedscope"])
def test_a_long_run_is_yielded_in_small_parts(tmp_path: Path, name: str) -> None:
    sizes = [len(part) for part in RENDERERS[name](recorded_run(tmp_path / "run", 5_000))]
    assert len(sizes) >= 3
    assert max(sizes) < 2_000_000
