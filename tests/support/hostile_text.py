"""Texts that would move a cursor, forge a line or be read as mark-up, and a check that printed text has none."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import strategies as st

LONG = "long " + "n" * 5000

FRAGMENTS = (
    *("\x1b]0;title\x07", "\x9b31m", "\x1b[2J", "\x00", "\x7f", "\x08", "\t", "\x85"),
    *("\n", "\r", "\n::error::boom\nPASS\n", "::error::boom", "  ::warning::boom", "##[error]boom", "##vso[task.x]"),
    *("\u202e", "\u2066", "\u200f", "\u061c", "\u2028", "\u2029", "\ufeff", "\ufffe"),
    *("[bold]", "[/bold]", "[/x]", "[/]", "[link=https://e.x]", ":smile:", "\\[", "\\"),
    *("|", "\\|", "`", "``", "<b>", "</script>", "<!--", "&amp;", "@user", "https://e.x/y", "www.e.x", "#12", "$x$"),
    *("**", "- ", "1. ", "%{x}", "--ink", "%0A", LONG, "Läufe 日本 ", "plain words "),
)

texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), min_size=1, max_size=5).map("".join)
"""Any such text."""

json_texts = texts.map(lambda text: text.encode("utf-8", "replace").decode())
"""Hostile texts that a file in UTF-8 can hold: no lone surrogates."""

file_names = texts.map(lambda text: "".join(c for c in text if c not in "/\0" and not "\ud800" <= c <= "\udfff")[:60])
"""Hostile texts that can be the name of a file."""

_COMMAND = re.compile(r"^\s*::|##\w*\[")


def assert_printable(text: str) -> None:
    """Check that a text may be printed to something that is not a terminal: it has no colours, either."""
    for line in text.split("\n"):
        odd = [c for c in line if not c.isprintable() and unicodedata.category(c) != "Zs"]
        assert not odd, f"{odd} in {line!r}"
        assert not _COMMAND.search(line), repr(line)


def squeezed(text: str) -> str:
    """Return the text without blanks, because text that is wrapped at a terminal's width has other blanks."""
    return "".join(text.split())
