"""Text and tables in GitHub's flavour of Markdown: no text is mark-up, a link, a mention or a command.

A `str` is plain text, and is escaped wherever it is used; `Markdown` is text that is Markdown already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from walkerbench.shown_text import MOST_IN_A_LINE, MOST_IN_A_NAME, shown

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
_FIRST = re.compile(r"^([-+=:]|\d+(?=[.)](?:\s|$)))")
"""What begins a list, underlines a heading or begins a CI command, if it is at the beginning of a line."""
_REPLACED = re.compile(
    r"@|://|#\d|\$|www\.|(?:mailto|xmpp):|GH-\d|:(?:\d{3,}|[\w+-]*[a-z+-][\w+-]*):",
    re.IGNORECASE,
)
"""What GitHub turns into a mention, a link, a formula or a picture, even if it is escaped; code stays as it is."""


class Markdown(str):
    """A text that is Markdown already."""

    __slots__ = ()


def head(*headings: str) -> Iterator[str]:
    """Yield the first two lines of a table whose first column is text and whose other columns are numbers."""
    yield row(*headings)
    yield f"| {' | '.join(['---', *['---:'] * (len(headings) - 1)])} |"


def row(*cells: str) -> str:
    """Return a line of a table; nothing in a cell can break out of it."""
    return f"| {' | '.join(cell if isinstance(cell, Markdown) else _escaped(cell, MOST_IN_A_NAME) for cell in cells)} |"


def escape_markdown(text: str) -> Markdown:
    """Return text, escaped so that Markdown shows it as it is, in one line."""
    return Markdown(_FIRST.sub(_escaped_first, _escaped(text, MOST_IN_A_LINE)))


def code(text: str) -> Markdown:
    """Return text as code."""
    # In a table, a bar within code would end the cell, even after a backslash.
    inner = shown(text, MOST_IN_A_NAME).replace("|", r"\x7c")
    fence = "`" * (1 + max(map(len, re.findall("`+", inner)), default=0))
    # A blank separates a backtick of the text from those around it; Markdown removes the blank again.
    padding = " " if len(fence) > 1 or inner != inner.strip() or not inner else ""
    return Markdown(f"{fence}{padding}{inner}{padding}{fence}")


def _escaped(text: str, most: int) -> Markdown:
    words = shown(text, most).split()
    return Markdown(" ".join(code(each) if _REPLACED.search(each) else _SPECIAL.sub(r"\\\1", each) for each in words))


def _escaped_first(found: re.Match[str]) -> str:
    # A digit cannot be escaped, but the character after it can.
    return f"\\{found[0]}" if not found[0].isdigit() else f"{found[0]}\\"
