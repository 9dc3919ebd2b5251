"""Text as it may be shown: nothing in it moves a cursor, turns a line around or is a command, and it has an end.

Names of profiles, runs, revisions and files, criteria and the messages of errors come from the user, or from the
maker of a run. Code that prints them or writes them for a reader passes them through `shown`. What is written for
machines alone keeps its whole text, in the escapes of its own format.
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
"""`##[error]`, `##vso[`, `##teamcity[`: GitHub, Azure and TeamCity obey such a word wherever in a line it stands."""
_COMMAND_AT_START = re.compile(r"^((?:\s|\x1b\[[0-9;]*m)*):(?=:)")
"""`::error::`: GitHub obeys it at the beginning of a line, after blanks too."""


def visible(text: str) -> str:
    r"""Return a text in one line whose every character is seen: what has no shape becomes its escape, such as `\x1b`.

    That is every control character, line breaks and tabs among them, every mark that turns text around or hides it,
    and whatever is no character. A word that a CI system would obey is broken by an escape, too.
    """
    if not _ASCII.fullmatch(text):
        text = "".join(map(_visible, text))
    return _COMMAND_ANYWHERE.sub(r"#\\x23", text)


def encodable(text: str) -> str:
    """Return a text as UTF-8 can hold it: file names may be any bytes, and one that is no text becomes its escape."""
    return text.encode(errors="backslashreplace").decode()


def shortened(text: str, most: int = MOST_IN_A_QUOTE) -> str:
    """Return a text of at most so many characters; what is left out of its middle is an ellipsis."""
    if len(text) <= most:
        return text
    tail = (most - 1) // 2
    return f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def shown(text: str, most: int = MOST_IN_A_LINE) -> str:
    """Return a text as it may be shown: `visible`, and of so many characters before escapes."""
    return visible(shortened(text, most))


def shown_line(text: str) -> str:
    """Return a text as a line of a stream that a CI system may read for commands: it begins with none."""
    return without_command(shown(text))


def without_command(line: str) -> str:
    """Return a line, which may be coloured, so that a CI system takes its beginning for no command."""
    return _COMMAND_AT_START.sub(r"\1\\x3a", line)


def first_of(lines: Sequence[str], most: int = MOST_LINES) -> Iterator[str]:
    """Yield at most so many lines, and how many more there are."""
    yield from lines[:most]
    if len(lines) > most:
        yield f"and {len(lines) - most:,} more"


def _visible(character: str) -> str:
    # A space of any width is seen as what it is: text of some scripts is set with them.
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape").decode("ascii")
