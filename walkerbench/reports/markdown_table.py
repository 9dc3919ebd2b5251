"""Tables in GitHub's flavour of Markdown."""

from __future__ import annotations

from collections.abc import Iterator


def head(*headings: str) -> Iterator[str]:
    """The first two lines of a table whose first column is text and whose other columns are numbers."""
    yield row(*headings)
    yield row("---", *["---:"] * (len(headings) - 1))


def row(*cells: str) -> str:
    """A line of a table; nothing in a cell can break out of it."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"
