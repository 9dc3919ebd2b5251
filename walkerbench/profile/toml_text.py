"""Reads TOML that users write, within bounds, so that no text takes long.

The time that tomllib takes grows with the square of the depth of tables. Dotted keys and headers are on one line, so
limits on the text and on its lines limit the time: the worst text within the limits takes about a second.
"""

from __future__ import annotations

import tomllib
from typing import Any

MOST_PROFILE_BYTES = 1 << 16
"""Most bytes of a text; the longest shipped profile has about 13,000."""

_MOST_CHARACTERS = 1000  # of a line
_MOST_DOTS = 200  # of a line, and so of a key
_MOST_LEVELS = 10  # a profile has 4


def parse_toml(text: str) -> dict[str, Any]:
    """Return the table that a text holds; a byte-order mark at its beginning is ignored.

    Raises:
        ValueError: The text is no TOML, or exceeds a limit.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MOST_PROFILE_BYTES:
        raise ValueError(f"larger than {MOST_PROFILE_BYTES:,} bytes")
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > _MOST_CHARACTERS:
            raise ValueError(f"line {number} is longer than {_MOST_CHARACTERS:,} characters: break it")
        if line.count(".") > _MOST_DOTS:
            raise ValueError(f"line {number} has more than {_MOST_DOTS} dots: break it")
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    check_depth(table)
    return table


def check_depth(table: object) -> None:
    """Raise an error where tables and arrays are nested too deep.

    Raises:
        ValueError: They are nested deeper than 10 levels.
    """
    level = [table]
    for _ in range(_MOST_LEVELS):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise ValueError(f"nested deeper than {_MOST_LEVELS} levels")


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def toml_value(text: str) -> Any:
    """Return a value as TOML reads it, or the text itself where TOML cannot."""
    try:
        table = parse_toml(f"value = {text}")
    except ValueError:
        return text
    return table["value"] if len(table) == 1 else text
