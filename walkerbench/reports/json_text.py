"""JSON that can be printed as it is: in ASCII, and with no character or word that a terminal or a CI system obeys."""

from __future__ import annotations

import json
import re
from typing import Any

# What ASCII leaves: the control character DEL, and commands such as ##[error], see `shown_text`.
_ESCAPES = {"\x7f": "\\u007f", "##": "#\\u0023"}
_LEFT = re.compile("|".join(_ESCAPES))
_on_one_line = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_spaced = json.JSONEncoder(allow_nan=False).encode
_indented = json.JSONEncoder(indent=2, allow_nan=False).encode


def json_document(content: Any) -> str:
    """Return JSON text for a reader, indented, with a newline at its end."""
    return _printable(_indented(content)) + "\n"


def json_part(content: Any, *, spaced: bool = False) -> str:
    """Return JSON text in one line: a part of a document that is written in parts.

    Args:
        content: What is written.
        spaced: Whether blanks follow commas and colons.
    """
    return _printable((_spaced if spaced else _on_one_line)(content))


def _printable(text: str) -> str:
    # Both stand within strings only, where a character may be written as its number.
    return _LEFT.sub(lambda found: _ESCAPES[found[0]], text)
