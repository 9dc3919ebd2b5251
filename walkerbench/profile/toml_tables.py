"""Checks a TOML table against the dataclass that it fills, and reports every problem at once.

pydantic checks the values. This module adds checks that pydantic does not make for plain dataclasses: unknown keys, and
numbers that are not finite. A problem is one line: `key: what is wrong; allowed: …`.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from annotated_types import Interval
from pydantic import TypeAdapter, ValidationError

from walkerbench.near_words import did_you_mean
from walkerbench.shown_text import MOST_LINES, shortened

KeyPath = tuple[str | int, ...]

MOST_PROBLEMS = MOST_LINES - 1
"""How many problems of a table are listed; one more line may say that there are more."""

_KEY_STEP = "[key]"  # the last step of pydantic's path to a wrong key of a table
_OUT_OF_RANGE = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")


@dataclasses.dataclass(frozen=True)
class Checked:
    """The right values of a table, and all its problems.

    Attributes:
        values: Value of each top-level key that was given and is right, in the type of the dataclass.
        failed: Top-level keys that were given and are wrong.
        problems: One line per problem, in the order of the dataclass's keys, unknown keys first.
    """

    values: dict[str, Any]
    failed: frozenset[str]
    problems: tuple[str, ...]


def check_table(table: Mapping[str, Any], kind: type) -> Checked:
    """Return the right values and the problems of a table, as read from TOML, for the dataclass `kind`."""
    problems = dict(itertools.islice(_unknown_keys(table, kind, ()), MOST_PROBLEMS + 1))
    values: dict[str, Any] = {}
    failed: set[str] = set()
    for key in (field.name for field in dataclasses.fields(kind) if field.name in table):
        found = dict(_unplain_values(table[key], (key,)))
        try:
            values[key] = check_value(kind, key, table[key])
        except ValidationError as error:
            found = dict(_explain(error, kind, key)) | found
        if found:
            failed.add(key)
            values.pop(key, None)
            problems |= found
    return Checked(values, frozenset(failed), tuple(f"{spell(path)}: {text}" for path, text in problems.items()))


def check_value(kind: type, key: str, value: object) -> Any:
    """Return one value, checked and converted, for a key of the dataclass `kind`.

    Raises:
        ValidationError: The value is wrong.
    """
    # pydantic's strict mode is made for JSON: arrays become tuples, but no string becomes a number.
    return _adapter(kind, key).validate_json(json.dumps(value, default=str), strict=True)


def explain_refusal(error: ValidationError, kind: type, key: str) -> str:
    """Return what is wrong with a value for a key of the dataclass `kind`, and what is allowed, without the key."""
    return next(text for _, text in _explain(error, kind, key))


def wrong(what: str, allowed: str) -> str:
    """Return a problem's text after its key."""
    return f"{what}; allowed: {allowed}"


def first_problems(problems: Sequence[str]) -> tuple[str, ...]:
    """Return the first `MOST_PROBLEMS` problems, and a line that says so where there are more."""
    if len(problems) <= MOST_PROBLEMS:
        return tuple(problems)
    return (*problems[:MOST_PROBLEMS], f"and more: these are the first {MOST_PROBLEMS} problems")


def spell(path: KeyPath) -> str:
    """Return a key's path as a file spells it: `environment.brain.hidden_units (entry 2)`."""
    spelled = ""
    for step in path:
        if isinstance(step, int):
            spelled += f" (entry {step + 1})"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_, -]+", step)
            spelled += ("." if spelled else "") + shortened(step if bare else json.dumps(step, ensure_ascii=False))
    return spelled


@cache
def _adapter(kind: type, key: str) -> TypeAdapter[Any]:
    return TypeAdapter(_hints(kind)[key])


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _unknown_keys(table: Mapping[str, Any], kind: type, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    known = tuple(field.name for field in dataclasses.fields(kind))
    for key, value in table.items():
        here = (*path, key)
        if key not in known:
            yield here, f"no such key; {did_you_mean(key, known)}allowed: {', '.join(known)}"
            continue
        inner = _table_kind(_hints(kind)[key])
        if inner is None:
            continue
        if isinstance(value, dict):
            yield from _unknown_keys(value, inner, here)
        elif isinstance(value, list):
            for entry, item in enumerate(value):
                if isinstance(item, dict):
                    yield from _unknown_keys(item, inner, (*here, entry))


def _table_kind(hint: Any) -> type | None:
    """Return the dataclass that a hint holds, itself or as an entry of a tuple or an option; None without one."""
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return hint
    return next((kind for part in get_args(hint) if (kind := _table_kind(part)) is not None), None)


def _unplain_values(value: object, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _unplain_values(inner, (*path, key))
    elif isinstance(value, list):
        for entry, inner in enumerate(value):
            yield from _unplain_values(inner, (*path, entry))
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, wrong(f"{value} is wrong", "a finite number")
    elif not isinstance(value, (str, int, float, bool)):
        yield path, wrong(f"{shortened(str(value))} is wrong", "a number, a string, true or false; no date or time")


def _explain(error: ValidationError, kind: type, key: str) -> Iterator[tuple[KeyPath, str]]:
    errors = error.errors(include_url=False)
    paths = [tuple(step for step in one["loc"] if step != _KEY_STEP) for one in errors]
    for one, path in zip(errors, paths, strict=True):
        if one["type"] == "too_short" and any(len(other) > len(path) and other[: len(path)] == path for other in paths):
            continue  # pydantic does not count the entries that it has already found wrong
        range_of_key = _range(_hints(kind)[key], one["loc"]) if one["type"] in _OUT_OF_RANGE else None
        message = _line((key, *path), one["type"], one["msg"], one["input"])
        yield message if range_of_key is None else (message[0], wrong(f"{_shown(one['input'])} is wrong", range_of_key))


def _range(hint: Any, path: KeyPath) -> str | None:
    """Return the range of the value that a path leads to, such as `1 to 100`; None without a closed range."""
    if dataclasses.is_dataclass(hint) and path:
        return _range(_hints(hint)[str(path[0])], path[1:]) if isinstance(hint, type) else None
    bounds = next((each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Interval)), None)
    if bounds is not None:
        return None if bounds.ge is None or bounds.le is None else f"{bounds.ge} to {bounds.le}"
    parts = get_args(hint)
    if get_origin(hint) is collections.abc.Mapping:
        return _range(parts[0], ()) if path[1:] == (_KEY_STEP,) else _range(parts[1], path[1:])
    inner = path[1:] if get_origin(hint) is tuple else path
    return next((found for part in parts if (found := _range(part, inner)) is not None), None)


def _line(path: KeyPath, kind: str, message: str, value: object) -> tuple[KeyPath, str]:
    if kind == "value_error":
        text = message.removeprefix("Value error, ")
        named = re.match(r"([\w.]+(?:, [\w.]+)*): (.*)", text, re.DOTALL)
        return ((*path, *named[1].split(".")), named[2]) if named else (path, text)
    for pydantic_word, toml_word in (("Input should be ", ""), ("an object", "a table"), (" after validation", "")):
        message = message.replace(pydantic_word, toml_word)
    message = re.sub(r"^(Tuple|List|Dictionary) should have ", "", message)
    return path, wrong(f"{_shown(value)} is wrong", message)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, (list, tuple)):
        return f"an array of {len(value)}"
    return shortened(json.dumps(value, ensure_ascii=False, default=str))
