"""Criteria: limits that a run must keep, and the text that they are written in.

::

    criterion = metric [ "." statistic ] operator value
    operator  = "<" | "<=" | ">" | ">=" | "==" | "!="
    value     = a finite decimal number, without a unit
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from walkerbench.criteria.statistics import STATISTICS
from walkerbench.errors import CriterionError
from walkerbench.near_words import did_you_mean
from walkerbench.shown_text import shortened

OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
"""What each operator of the grammar means."""

# Every repetition is possessive, so nothing is tried twice: the time is proportional to the length of the text.
_TEXT = re.compile(r"(?P<key>[^\s<>=!]*+)\s*+(?P<operator>[<>=!]*+)\s*+(?P<value>.*+)", re.DOTALL)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+(\.[A-Za-z_][A-Za-z0-9_]*+)*+", re.ASCII)
_VALUE = re.compile(r"[+-]?([0-9]++(\.[0-9]*+)?|\.[0-9]++)([eE][+-]?[0-9]++)?", re.ASCII)

_MOST_CHARACTERS = 500  # a long criterion has about 50


@dataclass(frozen=True)
class Criterion:
    """A limit on one metric.

    Attributes:
        metric: The metric's name, such as `frame_ms`, `physics_fps` or a counter.
        statistic: One of `STATISTICS` for a duration, else None.
        operator: One of `OPERATORS`.
        value: The limit, in the metric's unit.
    """

    metric: str
    statistic: str | None
    operator: str
    value: float

    @property
    def key(self) -> str:
        """Return the flat metric name, such as `frame_ms.max`."""
        return self.metric if self.statistic is None else f"{self.metric}.{self.statistic}"

    def __str__(self) -> str:
        """Return the canonical text, which parses back to the same criterion."""
        return f"{self.key} {self.operator} {repr(self.value).removesuffix('.0')}"

    def holds(self, value: float) -> bool:
        """Return whether a measured value meets the criterion."""
        return bool(OPERATORS[self.operator](value, self.value))


NO_EMERGENCY = Criterion("emergency_shutdowns", None, "==", 0.0)
"""The criterion that no profile and no option can remove."""


def parse_criterion(text: str) -> Criterion:
    """Return the criterion that a text stands for; `check_known` checks whether its metric exists.

    Raises:
        CriterionError: The text does not fit the grammar.
    """
    if len(text) > _MOST_CHARACTERS:
        raise _wrong(text, f"it has {len(text):,} characters, more than {_MOST_CHARACTERS}")
    match = _TEXT.fullmatch(text.strip())
    if match is None:  # pragma: no cover  every part of the pattern may be empty
        raise _wrong(text, "it is not a criterion")
    key, sign, value = match["key"], match["operator"], " ".join(match["value"].split())
    if not _KEY.fullmatch(key):
        raise _wrong(text, f"{_quoted(key)} is no metric" if key else "the metric is missing")
    if sign not in OPERATORS:
        raise _wrong(text, f"{_quoted(sign)} is no operator" if sign else "the operator is missing")
    if not _VALUE.fullmatch(value) or not math.isfinite(float(value)):
        raise _wrong(text, f"{_quoted(value)} is no finite number" if value else "the value is missing")
    metric, _, last = key.rpartition(".")
    if metric and last in STATISTICS:
        return Criterion(metric, last, sign, float(value))
    return Criterion(key, None, sign, float(value))


def check_known(criterion: Criterion, known: Collection[str]) -> None:
    """Check that a run measures the metric of a criterion.

    Args:
        criterion: The criterion.
        known: Flat metric names, as returned by `known_metrics`.

    Raises:
        CriterionError: The run does not measure it; the message lists the known metrics.
    """
    if criterion.key in known:
        return
    shown = _quoted(str(criterion))
    statistics = [name for name in STATISTICS if f"{criterion.metric}.{name}" in known]
    if statistics and criterion.statistic is None:
        raise CriterionError(f"criterion {shown}: {criterion.key} needs a statistic: one of {', '.join(statistics)}")
    hint = did_you_mean(criterion.key, known)
    raise CriterionError(f"criterion {shown}: unknown metric; {hint}known are {_listed(known)}")


def replace(criteria: Iterable[Criterion], overrides: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """Return criteria with overrides: each replaces the criterion of the same key, or is added.

    `NO_EMERGENCY` is always in the result.
    """
    overridden = {criterion.key for criterion in overrides}
    kept = [criterion for criterion in criteria if criterion.key not in overridden]
    return tuple(dict.fromkeys((*kept, *overrides, NO_EMERGENCY)))


def _wrong(text: str, what: str) -> CriterionError:
    shown = _quoted(" ".join(text.split()))
    return CriterionError(
        f"criterion {shown}: {what}; write 'metric[.statistic] op value' with op one of {' '.join(OPERATORS)}, "
        "such as 'frame_ms.p99 < 50'"
    )


def _quoted(text: str) -> str:
    return f"'{shortened(text)}'"


def _listed(known: Collection[str]) -> str:
    """Return all known metrics in one line: a duration once, with its statistics in braces."""
    statistics: dict[str, list[str]] = {}
    for name in known:
        metric, _, last = name.rpartition(".")
        if metric and last in STATISTICS:
            statistics.setdefault(metric, []).append(last)
        else:
            statistics[name] = []
    return ", ".join(f"{metric}.{{{','.join(names)}}}" if names else metric for metric, names in statistics.items())
