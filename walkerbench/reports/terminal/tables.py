"""Building blocks of what is printed for a terminal of 80 columns.

Numbers and paths are never cut: what does not fit goes on in the next line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from walkerbench.criteria.judging import Outcome, VerdictWord
from walkerbench.reports.wording.numbers import NOT_MEASURED, number

STYLES: Mapping[VerdictWord, str] = {
    "PASS": "bold green",
    "FAIL": "bold red",
    "INCONCLUSIVE": "bold yellow",
    "NO VERDICT": "bold yellow",
}
"""How the word of a verdict looks."""

OUTCOME_STYLES: Mapping[Outcome, str] = {
    "pass": STYLES["PASS"],
    "fail": STYLES["FAIL"],
    "unsupported": STYLES["INCONCLUSIVE"],
}
"""How the word for what became of a criterion looks."""


def warnings(*lines: str | None) -> Iterator[RenderableType]:
    """Yield what a reader must see first; nothing where every line is None or empty."""
    given = [line for line in lines if line]
    if given:
        yield Text("\n".join(given) + "\n", style="bold yellow", overflow="fold")


def titled(title: str, parts: Sequence[RenderableType]) -> Iterator[RenderableType]:
    """Yield parts below a title."""
    yield Text(f"\n{title}", style="bold")
    yield from parts


def footnotes(reasons: Iterable[str]) -> list[RenderableType]:
    """Return why values are not there, each reason once."""
    return [Text(f"{NOT_MEASURED} {reason}", style="dim", overflow="fold") for reason in dict.fromkeys(reasons)]


def table(headings: Sequence[str]) -> Table:
    """Return a table whose first column is text and whose other columns are numbers."""
    laid_out = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column, heading in enumerate(headings):
        laid_out.add_column(heading, justify="right" if column else "left", overflow="fold")
    return laid_out


def facts(rows: Mapping[str, Any]) -> Table:
    """Return names and what they are, a line each."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows.items():
        # Text, not str: rich would read [brackets] in a path as mark-up.
        grid.add_row(Text(name), Text(value if isinstance(value, str) else json.dumps(value)))
    return grid


def pairs(values: Mapping[str, float | None]) -> Table:
    """Return names and numbers, two of them a line, read down the columns."""
    grid = Table.grid(padding=(0, 2))
    for _ in range(2):
        grid.add_column(overflow="fold", min_width=24)
        grid.add_column(overflow="fold", justify="right", min_width=12)
    cells = [(Text(name), Text(number(value))) for name, value in values.items()]
    half = -(-len(cells) // 2)
    for row in range(half):
        right = cells[half + row] if half + row < len(cells) else (Text(), Text())
        grid.add_row(*cells[row], *right)
    return grid
