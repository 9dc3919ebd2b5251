"""The form of values in a recorded run: dataclasses, tables within tables, and values that are not available."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

MISSING = -1
"""The value in an integer column of a recorded array where the figure is not available on this system."""

UNREAD = -2
"""The value in a column of waits for a core where it was not read in this frame: the next value read includes it."""

NOT_AVAILABLE = "n/a"
"""The recorded and shown text of a fact that is not available on this system."""


class RecordedValue:
    """Base of a dataclass that is a part of `run.json`: it refuses unknown keys, and writes null for NaN."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "ser_json_inf_nan": "null"}


def flattened(value: Any, path: str = "") -> dict[str, Any]:
    """Return plain data as one table with dotted keys, in the form that is shown to readers.

    Members of a table, and of a list of tables, get keys of their own; a list's are numbered from 1. Any other list is
    one value.

    Args:
        value: A table, or a value.
        path: Its own key; empty for the outermost table.

    Returns:
        Key → value; an empty table adds no key.
    """
    if isinstance(value, Mapping):
        inner = {str(key): each for key, each in value.items()}
    elif isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value):
        inner = {str(number): each for number, each in enumerate(value, 1)}
    else:
        return {path: value}
    table: dict[str, Any] = {}
    for key, each in inner.items():
        table |= flattened(each, f"{path}.{key}".removeprefix("."))
    return table


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the keys of two flattened tables whose values differ, with both; None where one lacks the key."""
    keys = dict.fromkeys((*one, *other))
    return {
        key: (one.get(key), other.get(key))
        for key in keys
        if (key in one, one.get(key)) != (key in other, other.get(key))
    }
