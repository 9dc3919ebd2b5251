"""No text of the project has words and idioms that a reader has to decode."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.plain_english import INSTEAD, ROOT, Finding, checked_files, complaints, find_phrases


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the documents are not part of the wheel")
def test_no_text_has_a_phrase_to_avoid() -> None:
    assert list(complaints(checked_files())) == []


def test_documents_code_and_profiles_are_checked() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in checked_files()}
    assert {"docs/ci.md", "profiles/default.toml", "tests/conftest.py", "tests/support/herds.py"} <= names


@pytest.mark.parametrize("phrase", INSTEAD)
def test_every_phrase_is_found_and_has_its_replacement(phrase: str) -> None:
    assert [each.phrase for each in find_phrases(f"It is {phrase}\nnow.")] == [phrase]
    assert INSTEAD[phrase]
    assert list(find_phrases(INSTEAD[phrase])) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Nobody reads it.", 1),
        ("One.\nIt is read, as\nof `x`.", 2),
        ("    # It is taken\n    # for another.", 1),
        ("\ndef test_that_nobody_reads(): ...", 2),
        ("(anew)", 1),
    ],
)
def test_a_phrase_is_found_at_the_line_where_it_begins(text: str, line: int) -> None:
    assert [each.line for each in find_phrases(text)] == [line]


@pytest.mark.parametrize("text", ["has offers", "anewer", "xanew", "a rowing a", "hences", "as often"])
def test_a_part_of_a_longer_word_is_no_finding(text: str) -> None:
    assert list(find_phrases(text)) == []


def test_a_complaint_names_the_place_and_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("# A page\n\nIt is read anew, and anew.\n")
    (line, other) = complaints(checked_files(tmp_path), tmp_path)
    assert line == other == "docs/page.md:3: not 'anew', but: again"


def test_findings_come_in_the_order_of_the_text() -> None:
    assert list(find_phrases("meanwhile,\nanew")) == [Finding(1, "meanwhile"), Finding(2, "anew")]


MOST_CHARACTERS = 60  # of a test's name


def long_names(path: Path) -> list[str]:
    """The names of a file's tests that are too long to be read at a glance."""
    found = re.findall(r"^ *(?:async )?def test_(\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    return [name for name in found if len(name) > MOST_CHARACTERS]


def test_names_of_tests_are_read_at_a_glance() -> None:
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    assert len(files) > 200
    assert {path.name: names for path in files if (names := long_names(path))} == {}


def test_a_long_name_of_a_test_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(f"def test_{'a' * 60}(): ...\n\nasync def test_{'b' * 61}(): ...\n")
    assert long_names(tmp_path / "test_it.py") == ["b" * 61]
