"""The tables of docs/python.md name every public name, with the first sentence of its docstring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import walkerbench
from walkerbench import WalkerbenchError

PAGE = Path(__file__).parents[1] / "docs" / "python.md"


def first_line(thing: Any) -> str:
    """What a docstring says first; of the version, which has none, what it is."""
    return "Version of walkerbench, as text." if isinstance(thing, str) else str(thing.__doc__).splitlines()[0]


def tables() -> str:
    """The tables as they must stand at the end of the page."""
    things = {name: getattr(walkerbench, name) for name in walkerbench.__all__}
    errors = {name: thing for name, thing in things.items() if _is_error(thing)}
    others = [f"| `{name}` | {first_line(thing)} |" for name, thing in things.items() if name not in errors]
    rows = [f"| `{name}` | {int(thing.exit_code)} | {first_line(thing)} |" for name, thing in errors.items()]
    return "\n".join(
        [
            "| name | what it is |",
            "|---|---|",
            *others,
            "",
            "| error | exit code | meaning |",
            "|---|---:|---|",
            *rows,
            "",
        ]
    )


def _is_error(thing: Any) -> bool:
    return isinstance(thing, type) and issubclass(thing, WalkerbenchError)


@pytest.mark.skipif(not PAGE.is_file(), reason="the documents are not part of the wheel")
def test_the_page_has_every_public_name_and_its_sentence() -> None:
    assert PAGE.read_text(encoding="utf-8").endswith(f"\n\n{tables()}"), f"end the page with:\n{tables()}"
