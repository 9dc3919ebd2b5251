from __future__ import annotations

import pytest
from hostile_text import assert_printable, texts
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.errors import ProfileError, UsageError
from walkerbench.shown_text import MOST_IN_A_LINE, MOST_LINES, first_of, shortened, shown, shown_line, visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain ü 日本", "plain ü 日本"),
        ("\x1b]0;x\x07", r"\x1b]0;x\x07"),
        ("a\nb\r\t", r"a\nb\r\t"),
        ("\x00\x7f\x85\x9b", r"\x00\x7f\x85\x9b"),
        ("\u202e\u2066\u200e\u061c\u2028", r"\u202e\u2066\u200e\u061c\u2028"),
        ("\udcff\ufeff", r"\udcff\ufeff"),
        ("##[error]x", r"#\x23[error]x"),
        ("##vso[x]", r"#\x23vso[x]"),
        ("## heading", "## heading"),
        ("[red] ::error::x", "[red] ::error::x"),
    ],
)
def test_what_has_no_shape_is_seen(text: str, seen: str) -> None:
    assert visible(text) == seen


@pytest.mark.parametrize(
    ("line", "seen"),
    [("::error::x", r"\x3a:error::x"), ("\u00a0 ::x", "\u00a0 \\x3a:x"), ("a ::b", "a ::b"), (": x", ": x")],
)
def test_a_line_begins_with_no_command(line: str, seen: str) -> None:
    assert shown_line(line) == seen


def test_the_middle_of_a_long_text_is_left_out() -> None:
    assert shortened("abcdefgh", 8) == "abcdefgh"
    assert shortened("abcdefghi", 8) == "abcd…ghi"
    assert [len(shortened("x" * 100, most)) for most in (1, 2, 50)] == [1, 2, 50]


def test_a_list_says_how_many_more_there_are() -> None:
    lines = [str(number) for number in range(4312 + MOST_LINES)]
    assert list(first_of(lines)) == [*lines[:MOST_LINES], "and 4,312 more"]
    assert list(first_of(lines[:MOST_LINES])) == lines[:MOST_LINES]


@given(texts)
def test_any_text_is_printable_when_shown(text: str) -> None:
    line = shown_line(text)
    assert_printable(line)
    assert "\n" not in line
    assert "…" in line or len(text) <= MOST_IN_A_LINE
    assert visible(visible(text)) == visible(text)


@given(st.lists(texts, min_size=1, max_size=30))
def test_an_error_has_a_line_for_each_problem(problems: list[str]) -> None:
    for error in (UsageError(*problems), ProfileError("p", tuple(problems))):
        assert str(error).count("\n") == len(list(first_of(problems))) - 1
        assert len(error.lines) == len(problems)
        for line in str(error).split("\n"):
            assert_printable(shown_line(line))


def test_a_text_is_shown_with_its_beginning_and_end() -> None:
    assert shown("a" * 600 + "b" * 600) == "a" * 500 + "…" + "b" * 499
