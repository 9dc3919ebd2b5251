"""Types of the values in `run.json`: bounds keep the results of arithmetic on the numbers finite.

The bounds are wider than those of a profile (`profile.model`), which say what can be run today: a run of an older
schema may have been recorded under other bounds, and can still be read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

from annotated_types import Ge, Gt, Interval
from pydantic import AfterValidator, AllowInfNan, BeforeValidator, FailFast, StringConstraints, ValidationInfo

from walkerbench.criteria.grammar import parse_criterion
from walkerbench.errors import CriterionError

_MOST_EXACT_INTEGER = 2**53  # every integer up to here is a float, too


def _finite_or_none(value: object, info: ValidationInfo) -> object:
    # A file holds null for such values: a number in it that is too large for a float is damage.
    in_file = info.mode == "json"
    return None if isinstance(value, float) and not math.isfinite(value) and not in_file else value


def _moment(text: str) -> str:
    datetime.fromisoformat(text)  # raises ValueError, which says what is wrong
    return text


def _criterion(text: str) -> str:
    try:
        parse_criterion(text)
    except CriterionError as error:
        raise ValueError(str(error)) from error
    return text


def _finite_throughout(value: Any, info: ValidationInfo) -> Any:
    if info.mode == "json" and not _is_finite(value):
        raise ValueError("holds a number that is not finite")
    return value


def _is_finite(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_finite, value.values()))
    if isinstance(value, Iterable) and not isinstance(value, str):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


ZeroOrMore = Annotated[int, Interval(ge=0, le=_MOST_EXACT_INTEGER)]
OneOrMore = Annotated[int, Interval(ge=1, le=_MOST_EXACT_INTEGER)]
Workers = Annotated[int, Interval(ge=1, le=2**20)]
Total = Annotated[int, Interval(ge=-(2**63), lt=2**63)]
Finite = Annotated[float, AllowInfNan(False)]
AboveZero = Annotated[Finite, Gt(0)]
CostSeconds = Annotated[Finite, Interval(ge=0, le=1e9)]
# JSON has no NaN: a number that is not finite (such as a loss before the first step) is recorded as null.
Number = Annotated[Finite | None, BeforeValidator(_finite_or_none)]
FINITE_THROUGHOUT = AfterValidator(_finite_throughout)
"""For a table whose values walkerbench shows but does not compute with: any value of JSON is allowed."""

FIRST_ERROR = FailFast()
"""For a list of records: only the first wrong one is reported; millions of reports would take gigabytes."""

Hex = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})+$")]
Utc = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$"),
    AfterValidator(_moment),
]
CriterionText = Annotated[str, AfterValidator(_criterion)]
Seed = Annotated[int, Ge(0)]
