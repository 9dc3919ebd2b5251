"""Text and tables in GitHub's flavour of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")
_BARE_BAR = re.compile(r"(?<!\\)\|")  # one that is escaped already stays as it is


def head(*headings: str) -> Iterator[str]:
    """Yield the first two lines of a table whose first column is text and whose other columns are numbers."""
    yield row(*headings)
    yield row("---", *["---:"] * (len(headings) - 1))


def row(*cells: str) -> str:
    """Return a line of a table; nothing in a cell can break out of it."""
    whole = (_BARE_BAR.sub(r"\\|", cell.replace("\n", " ")) for cell in cells)
    return f"| {' | '.join(whole)} |"


def escape_markdown(text: str) -> str:
    """Return text that Markdown leaves as it is, in one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
