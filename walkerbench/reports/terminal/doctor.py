"""The machine's fitness as a table for a terminal of 80 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from walkerbench.doctor.checks import Check
from walkerbench.reports.wording.numbers import counted

_STYLES = {"ok": "green", "unknown": "dim", "warning": "bold yellow", "unfit": "bold red"}


def checks_table(checks: Sequence[Check]) -> Iterator[RenderableType]:
    """Lay out checks, what to do about each below it, and the conclusion."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for check in checks:
        text = Text(check.seen)
        if check.advice:
            text.append(f"\n→ {check.advice}")
        grid.add_row(Text(check.level, style=_STYLES[check.level]), check.subject, text)
    yield grid
    yield Text(f"\n{_in_words(checks)}", style="bold")


def _in_words(checks: Sequence[Check]) -> str:
    counts = Counter(check.level for check in checks)
    if counts["unfit"]:
        subjects = ", ".join(check.subject for check in checks if check.level == "unfit")
        return f"UNFIT for measuring: {subjects}."
    if counts["warning"]:
        return f"FIT for measuring, with {counted(counts['warning'], 'warning')}."
    return "FIT for measuring."
