"""Makes text safe to show: no control characters, no marks that reverse a line, no commands, and a limited length.

Names of profiles, runs, revisions and files, criteria and the messages of errors come from the user, or from
another person who made a run. Code that prints them or writes them for a reader passes them through `shown`. A file
that only machines read keeps the whole text, escaped as its format requires.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

MOST_IN_A_LINE = 1000
"""Most characters of a text that has lines of its own."""
MOST_IN_A_NAME = 200
"""Most characters of a text that stands beside others, such as in a table's cell."""
MOST_IN_A_QUOTE = 60
"""Most characters of what a user wrote, where an error repeats it to say what is wrong with it."""
MOST_LINES = 20
"""Most lines of a list that may be of any length, such as the problems of a profile."""

_ASCII = re.compile(r"[ -~]*")
_COMMAND_ANYWHERE = re.compile(r"##(?=\w*\[)")
"""`##[error]`, `##vso[`, `##teamcity[`: GitHub, Azure and TeamCity obey such a word anywhere in a line."""
_COMMAND_AT_START = re.compile(r"^((?:\s|\x1b\[[0-9;]*m)*):(?=:)")
"""`::error::`: GitHub obeys it at the beginning of a line, also after spaces."""


def visible(text: str) -> str:
    r"""Return a text in one line, with an escape such as `\x1b` in place of each character that cannot be seen.

    Escaped are control characters (including line breaks and tabs), marks that reverse or hide text, and code points
    that are no characters. An escape also breaks a word that a CI system would obey.
    """
    if not _ASCII.fullmatch(text):
        text = "".join(map(_visible, text))
    return _COMMAND_ANYWHERE.sub(r"#\\x23", text)


def encodable(text: str) -> str:
    """Return a text that UTF-8 can encode: bytes in a file's name that are no text become escapes."""
    return text.encode(errors="backslashreplace").decode()


def shortened(text: str, most: int = MOST_IN_A_QUOTE) -> str:
    """Return a text of at most `most` characters; an ellipsis replaces what is left out of its middle."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def shown(text: str, most: int = MOST_IN_A_LINE) -> str:
    """Return a text that is safe to show: shortened to `most` characters, then escaped by `visible`."""
    return visible(shortened(text, most))


def shown_line(text: str) -> str:
    """Return a text as one safe line that begins with no command, for a stream that a CI system may read."""
    return without_command(shown(text))


def without_command(line: str) -> str:
    """Return a line, which may be coloured, whose beginning no CI system reads as a command."""
    return _COMMAND_AT_START.sub(r"\1\\x3a", line)


def first_of(lines: Sequence[str], most: int = MOST_LINES) -> Iterator[str]:
    """Yield the first `most` lines, then a line that says how many more there are."""
    yield from lines[:most]
    if len(lines) > most:
        yield f"and {len(lines) - most:,} more"


def _visible(character: str) -> str:
    # Spaces of any width are kept: some scripts use them.
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")
