"""Checks a TOML table against the dataclass that it fills, and reports every problem at once.

pydantic checks the values; what it does not check for plain dataclasses (unknown keys, numbers that are not finite) is
checked here. A problem is one line: `key: what is wrong; allowed: …`.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

KeyPath = tuple[str | int, ...]


@dataclasses.dataclass(frozen=True)
class Checked:
    """A table's values that are right, and all that is wrong.

    Attributes:
        values: Value of each top-level key that was given and is right, as the dataclass wants it.
        failed: Top-level keys that were given and are wrong.
        problems: One line a problem, in the order of the dataclass's keys, unknown keys first.
    """

    values: dict[str, Any]
    failed: frozenset[str]
    problems: tuple[str, ...]


def check_table(table: Mapping[str, Any], kind: type) -> Checked:
    """Check a table, as read from TOML, against the dataclass `kind`."""
    problems = dict(_unknown_keys(table, kind, ()))
    values: dict[str, Any] = {}
    failed: set[str] = set()
    for key in (field.name for field in dataclasses.fields(kind) if field.name in table):
        found = dict(_unplain_values(table[key], (key,)))
        try:
            values[key] = check_value(kind, key, table[key])
        except ValidationError as error:
            found = dict(_explain(error, key)) | found
        if found:
            failed.add(key)
            values.pop(key, None)
            problems |= found
    return Checked(values, frozenset(failed), tuple(f"{spell(path)}: {text}" for path, text in problems.items()))


def check_value(kind: type, key: str, value: object) -> Any:
    """Check one value for the key of the dataclass `kind`.

    Raises:
        ValidationError: It is wrong.
    """
    # JSON is what pydantic's strict mode means to read: arrays fill tuples there, and yet no string becomes a number.
    return _adapter(kind, key).validate_json(json.dumps(value, default=str), strict=True)


def explain_refusal(error: ValidationError) -> str:
    """Return what is wrong with a single value, and what is allowed, without the key."""
    return next(text for _, text in _explain(error, ""))


def wrong(what: str, allowed: str) -> str:
    """Return a problem's text after its key."""
    return f"{what}; allowed: {allowed}"


def spell(path: KeyPath) -> str:
    """Return a key's path as it is found in the file: `environment.brain.hidden_units (entry 2)`."""
    spelled = ""
    for step in path:
        if isinstance(step, int):
            spelled += f" (entry {step + 1})"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_, -]+", step)
            spelled += ("." if spelled else "") + (step if bare else json.dumps(step, ensure_ascii=False))
    return spelled


def suggestion(word: str, known: tuple[str, ...]) -> str:
    """Return `did you mean X?` with a space after it; an empty text where no known word is near."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}? " if close else ""


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
            yield here, f"no such key; {suggestion(key, known)}allowed: {', '.join(known)}"
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
        yield path, wrong(f"{value} is wrong", "a number, a string, true or false; no date or time")


def _explain(error: ValidationError, key: str) -> Iterator[tuple[KeyPath, str]]:
    errors = error.errors(include_url=False)
    paths = [tuple(step for step in one["loc"] if step != "[key]") for one in errors]
    for one, path in zip(errors, paths, strict=True):
        if one["type"] == "too_short" and any(len(other) > len(path) and other[: len(path)] == path for other in paths):
            continue  # pydantic does not count the entries that it has already found wrong
        yield _line((key, *path), one["type"], one["msg"], one["input"])


def _line(path: KeyPath, kind: str, message: str, value: object) -> tuple[KeyPath, str]:
    if kind == "value_error":
        text = message.removeprefix("Value error, ")
        named = re.match(r"(\w+(?:, \w+)*): (.*)", text, re.DOTALL)
        return ((*path, named[1]), named[2]) if named else (path, text)
    for pydantic_word, toml_word in (("Input should be ", ""), ("an object", "a table"), (" after validation", "")):
        message = message.replace(pydantic_word, toml_word)
    message = re.sub(r"^(Tuple|List|Dictionary) should have ", "", message)
    return path, wrong(f"{_shown(value)} is wrong", message)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, (list, tuple)):
        return f"an array of {len(value)}"
    return json.dumps(value, ensure_ascii=False, default=str)
