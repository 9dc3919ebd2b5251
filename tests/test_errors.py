from __future__ import annotations

import pytest

from walkerbench.errors import describe_error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("no such agent"), "ValueError: no such agent"),
        (KeyError(), "KeyError"),
        (SystemExit(0), "SystemExit: 0"),
        (RuntimeError("first\n  second\tthird\n"), "RuntimeError: first second third"),
    ],
)
def test_an_error_is_described_in_one_line(error: BaseException, line: str) -> None:
    assert describe_error(error) == line


def test_an_error_whose_text_raises_is_described_by_its_type() -> None:
    class Untold(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert describe_error(Untold()) == "Untold"
