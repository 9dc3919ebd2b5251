"""Numbers as people read them, the same in every medium."""

from __future__ import annotations

NOT_MEASURED = "–"  # noqa: RUF001  a dash as print sets it, where a number would stand
"""Shown in place of a value that was not measured."""


def number(value: float | None) -> str:
    """Return a number with commas between thousands, and four decimals where it is not whole."""
    if value is None:
        return NOT_MEASURED
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,.4f}"


def fixed(value: float | None, digits: int) -> str:
    """Return a number with a fixed count of digits after the point."""
    return NOT_MEASURED if value is None else f"{value:.{digits}f}"


def in_short(value: float) -> str:
    """Return a number with as many digits as a reader needs to know its size: `1,210`, `2.0`, `0.05`."""
    size = abs(value)
    if size >= 100 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 1 else f"{value:.2g}"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: `1 worker`, `2 workers`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def stage_name(stage: int | None) -> str:
    """Return a stage's number counted from 1; `all` for the whole run."""
    return "all" if stage is None else str(stage + 1)
