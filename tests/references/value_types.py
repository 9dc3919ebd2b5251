"""The type of a profile's key and what it allows, in words, from the annotation of a settings class."""

from __future__ import annotations

import collections.abc
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Interval, Len

_PLAIN = {int: "whole number", float: "number", str: "string", bool: "true or false"}


def type_in_words(hint: Any) -> str:
    """Return a type: `number`, `array of 2 numbers`."""
    hint = _inner(hint)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return "string"
    if origin is tuple:
        many = _plural(type_in_words(parts[0]))
        return f"array of {many}" if Ellipsis in parts else f"array of {len(parts)} {many}"
    if origin in (dict, collections.abc.Mapping):
        return "table"
    return _PLAIN[hint]


def allowed_in_words(hint: Any) -> str:
    """Return what is allowed of a type: `0 to 1`; empty where all of it is."""
    hint = _without_none(hint)
    metadata = getattr(hint, "__metadata__", ())
    own = [text for each in metadata if (text := _limit(each, hint))]
    origin, parts = get_origin(_inner(hint)), get_args(_inner(hint))
    if origin is Literal:
        own.append(", ".join(f'"{each}"' for each in parts))
    elif origin is tuple:
        own += [f"each {text}" for text in [allowed_in_words(parts[0])] if text]
    elif origin in (dict, collections.abc.Mapping):
        named = zip(("keys", "values"), parts, strict=True)
        own += [f"{name} {text}" for name, part in named if (text := allowed_in_words(part))]
    return "; ".join(own)


def _limit(limit: Any, hint: Any) -> str:
    if isinstance(limit, Interval):
        return f"{_number(limit.ge)} to {_number(limit.le)}"
    if isinstance(limit, Len):
        what = "characters" if _inner(hint) is str else "entries"
        fewest, most = limit.min_length, limit.max_length
        return f"{fewest:,} {what}" if fewest == most else f"{fewest:,} to {most:,} {what}"
    return ""


def _number(value: Any) -> str:
    return f"{int(value):,}" if float(value).is_integer() else f"{value:g}"


def _inner(hint: Any) -> Any:
    hint = _without_none(hint)
    return _inner(get_args(hint)[0]) if get_origin(hint) is Annotated else hint


def _without_none(hint: Any) -> Any:
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    (kind,) = (part for part in get_args(hint) if part is not type(None))
    return kind


def _plural(text: str) -> str:
    head, of, rest = text.partition(" of ")
    return f"{head}s{of}{rest}"
