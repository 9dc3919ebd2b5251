"""The machine's fitness as a table for a terminal of 80 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from walkerbench.doctor.checks import Check
from walkerbench.reports.terminal.tables import below, blank_line, columns, line
from walkerbench.reports.wording.numbers import counted

_STYLES = {"ok": "green", "unknown": "dim", "warning": "bold yellow", "unfit": "bold red"}


def checks_table(checks: Sequence[Check]) -> Iterator[RenderableType]:
    """Lay out checks, the advice below each, and the conclusion."""
    rows = []
    for check in checks:
        advice = [line(f"→ {check.advice}")] if check.advice else []
        rows.append((line(check.level, _STYLES[check.level]), check.subject, below(line(check.seen), *advice)))
    yield columns(rows, whole=2)
    yield blank_line()
    yield line(_conclusion(checks), "bold")


def _conclusion(checks: Sequence[Check]) -> str:
    counts = Counter(check.level for check in checks)
    if counts["unfit"]:
        subjects = ", ".join(check.subject for check in checks if check.level == "unfit")
        return f"UNFIT for measuring: {subjects}."
    if counts["warning"]:
        return f"FIT for measuring, with {counted(counts['warning'], 'warning')}."
    return "FIT for measuring."
