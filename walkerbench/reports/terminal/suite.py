"""A comparison of many tests, as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType

from walkerbench.reports.terminal import tables as layout
from walkerbench.reports.wording.suite import SUITE_COLUMNS, suite_conclusion, suite_notes, suite_rows

if TYPE_CHECKING:
    from walkerbench.comparison.suite_result import SuiteResult


def report(result: SuiteResult) -> Iterator[RenderableType]:
    """Lay out a row for each test, the notes and the conclusion."""
    yield layout.table([*SUITE_COLUMNS], suite_rows(result))
    yield layout.blank_line()
    for note in suite_notes(result):
        yield layout.line(note)
    yield layout.line(suite_conclusion(result), "bold")
