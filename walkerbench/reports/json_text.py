"""JSON that is safe to print: in ASCII, and without control characters or commands for a terminal or a CI system."""

from __future__ import annotations

import json
import re
from typing import Any

# What JSON in ASCII may still hold: the control character DEL, and commands such as ##[error], see `shown_text`.
_ESCAPES = {"\x7f": "\\u007f", "##": "#\\u0023"}
_TO_ESCAPE = re.compile("|".join(_ESCAPES))
_on_one_line = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_spaced = json.JSONEncoder(allow_nan=False).encode
_indented = json.JSONEncoder(indent=2, allow_nan=False).encode


def json_document(content: Any) -> str:
    """Return JSON text for a reader, indented, with a newline at its end."""
    return _printable(_indented(content)) + "\n"


def json_part(content: Any, *, spaced: bool = False) -> str:
    """Return JSON text in one line: a part of a document that is written in parts.

    Args:
        content: The content to write.
        spaced: Whether blanks follow commas and colons.
    """
    return _printable((_spaced if spaced else _on_one_line)(content))


def _printable(text: str) -> str:
    # Both occur only within strings, where JSON permits an escape.
    return _TO_ESCAPE.sub(lambda found: _ESCAPES[found[0]], text)
