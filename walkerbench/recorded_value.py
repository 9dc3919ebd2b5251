"""The form of values in a recorded run: dataclasses, tables within tables, and values that are not available."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

MISSING = -1
"""What an integer column of a recorded array holds where the system has no source for the figure."""

NOT_AVAILABLE = "n/a"
"""What a fact says, and a person reads, where the system has no source for it."""


class RecordedValue:
    """Base of a dataclass that is a part of `run.json`: read strictly, and written with null for what is not finite."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "ser_json_inf_nan": "null"}


def flattened(value: Any, path: str = "") -> dict[str, Any]:
    """Return plain data as one table with dotted keys, as readers are shown it.

    Tables are opened, and so are lists of tables, whose members are numbered from 1; any other list is a value.

    Args:
        value: A table, or a value.
        path: Its own key; empty for the outermost table.

    Returns:
        Key → value; nothing of an empty table.
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
