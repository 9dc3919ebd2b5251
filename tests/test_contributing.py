"""CONTRIBUTING.md: its commands, paths and markers exist, and it says of every package where to change what."""

from __future__ import annotations

import re

import pytest
from named_commands import MARKERS, ROOT, check_commands

PAGE = ROOT / "CONTRIBUTING.md"
pytestmark = pytest.mark.skipif(not PAGE.is_file(), reason="the documents are not part of the wheel")


def text() -> str:
    return PAGE.read_text(encoding="utf-8")


def section(heading: str) -> str:
    (found,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", text(), re.MULTILINE | re.DOTALL)
    return str(found)


def paths(part: str) -> list[str]:
    return re.findall(r"`((?:walkerbench|profiles|tests|docs)/[\w/.]*)`", part)


def test_the_set_up_takes_three_lines() -> None:
    (first, *_) = re.findall(r"```sh\n(.*?)```", text(), re.DOTALL)
    assert first.count("\n") == 3


def test_every_command_exists() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", text(), re.DOTALL)
    inline = re.findall(r"`((?:python|walkerbench|make|\.ci/run) [^`]+)`", text())
    assert blocks
    assert inline
    for line in (*blocks, *inline):
        check_commands(line)


def test_every_path_exists() -> None:
    named = paths(text())
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_package_has_its_line() -> None:
    named = paths(section("Where to change what"))
    packages = [path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "walkerbench").glob("*/__init__.py")]
    assert packages
    assert [each for each in packages if not any(path.startswith(f"{each}/") for path in named)] == []


def test_the_markers_are_those_of_the_suite() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", section("Test a change"), re.MULTILINE)
    assert {*rows, "promise"} == MARKERS


def test_the_longest_module_is_as_long_as_is_said() -> None:
    from tests.test_architecture import MOST_LINES

    assert f"a module has at most {MOST_LINES} lines" in text()
