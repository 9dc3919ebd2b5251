"""Building blocks of the reports for a terminal of 80 columns; no other module makes rich's texts and tables.

Numbers and paths are never cut: a long one continues in the next line. Only a text of hundreds of characters is
shortened. No text is read as rich's mark-up, and `shown_text` makes every text safe to show.
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
from walkerbench.shown_text import MOST_IN_A_LINE, MOST_IN_A_NAME, shown

Cell = str | Text
"""A cell of a table: a plain text, or a text that this module has made."""

STYLES: Mapping[VerdictWord, str] = {
    "PASS": "bold green",
    "FAIL": "bold red",
    "INCONCLUSIVE": "bold yellow",
    "NO VERDICT": "bold yellow",
}
"""Verdict → the style of its word."""

_MOST_IN_A_FACTS_NAME = 40

OUTCOME_STYLES: Mapping[Outcome, str] = {
    "pass": STYLES["PASS"],
    "fail": STYLES["FAIL"],
    "unsupported": STYLES["INCONCLUSIVE"],
}
"""Outcome of a criterion → the style of its word."""


def line(text: str, style: str = "", *, most: int = MOST_IN_A_LINE) -> Text:
    """Return a text that continues in the next line where it does not fit; a line break in it is shown escaped."""
    return Text(shown(text, most), style=style, overflow="fold")


def name(text: str, style: str = "") -> Text:
    """Return a text as `line` does, shortened so that other texts fit beside it."""
    return line(text, style, most=MOST_IN_A_NAME)


def beside(*texts: Text) -> Text:
    """Return texts joined into one line; each keeps its style."""
    return Text(overflow="fold").append_text(Text.assemble(*texts))


def below(*texts: Text) -> Text:
    """Return texts joined into one, each in a line of its own."""
    return Text("\n", overflow="fold").join(texts)


def blank_line() -> Text:
    """Return a line without text."""
    return Text()


def drawn(characters: str, *, crop: bool = False) -> Text:
    """Return a line of characters that draw a picture; it is never wrapped."""
    return Text(characters, no_wrap=True, overflow="crop" if crop else None)


def warnings(*lines: str | None) -> Iterator[RenderableType]:
    """Yield warnings that a reader must see first; nothing where every line is None or empty."""
    given = [line(each, "bold yellow") for each in lines if each]
    if given:
        yield from (*given, blank_line())


def titled(title: str, parts: Sequence[RenderableType]) -> Iterator[RenderableType]:
    """Yield parts below a title."""
    yield blank_line()
    yield line(title, "bold")
    yield from parts


def footnotes(reasons: Iterable[str]) -> list[RenderableType]:
    """Return the reasons why values are missing, each reason once."""
    return [line(f"{NOT_MEASURED} {reason}", "dim") for reason in dict.fromkeys(reasons)]


def table(headings: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> Table:
    """Return a table whose first column is text and whose other columns are numbers."""
    laid_out = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column, heading in enumerate(headings):
        laid_out.add_column(_cell(heading), justify="right" if column else "left", overflow="fold")
    for row in rows:
        laid_out.add_row(*map(_cell, row))
    return laid_out


def columns(rows: Iterable[Sequence[Cell]], *, whole: int) -> Table:
    """Return rows of texts in aligned columns, without headings or lines.

    Args:
        rows: The rows, each with one text per column.
        whole: Number of columns that are as wide as their texts; the texts of the one column after them are wrapped.
    """
    grid = Table.grid(padding=(0, 2))
    for column in range(whole + 1):
        grid.add_column(no_wrap=column < whole, overflow="fold")
    for row in rows:
        grid.add_row(*map(_cell, row))
    return grid


def facts(rows: Mapping[str, Any]) -> Table:
    """Return names and values, one pair per line."""
    texts = {fact: value if isinstance(value, str) else json.dumps(value) for fact, value in rows.items()}
    # A name as long as a line would leave no room for its value.
    return columns(((line(fact, most=_MOST_IN_A_FACTS_NAME), line(value)) for fact, value in texts.items()), whole=1)


def pairs(values: Mapping[str, float | None]) -> Table:
    """Return names and numbers, two pairs per line, ordered down the columns."""
    grid = Table.grid(padding=(0, 2))
    for _ in range(2):
        grid.add_column(overflow="fold", min_width=24)
        grid.add_column(overflow="fold", justify="right", min_width=12)
    cells = [(name(each), name(number(value))) for each, value in values.items()]
    half = -(-len(cells) // 2)
    for row in range(half):
        right = cells[half + row] if half + row < len(cells) else (blank_line(), blank_line())
        grid.add_row(*cells[row], *right)
    return grid


def _cell(text: Cell) -> Text:
    return name(text) if isinstance(text, str) else text
