"""Building blocks of the reports for a terminal of 80 columns; no other module makes rich's texts and tables.

No word is broken that fits into a line: where columns are too narrow for their words, a table changes its layout.
Numbers and paths are never cut: one longer than a line continues in the next line. Only a text of hundreds of
characters is shortened. No text is read as rich's mark-up, and `shown_text` makes every text safe to show.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType, RenderResult
from rich.padding import Padding
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
_TABLE_GAP = 3  # between two columns of a table: the padding of both, and the line between them
_COLUMN_GAP = 2
_LEAST_LABEL = 8  # room for a first column whose long texts stand above their rows
_LEAST_NAME, _LEAST_NUMBER = 24, 12

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


def drawn(characters: str, *, crop: bool = False, dim: Sequence[bool] = ()) -> Text:
    """Return a line of characters that draw a picture; it is never wrapped.

    Args:
        characters: The line.
        crop: Whether a line that does not fit is cut off.
        dim: Which characters are dim; empty where none is.
    """
    text = Text(characters, no_wrap=True, overflow="crop" if crop else None)
    for position, is_dim in enumerate(dim):
        if is_dim:
            text.stylize("dim", position, position + 1)
    return text


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


def table(headings: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> Grid:
    """Return a table whose first column is text and whose other columns are numbers."""
    return Grid(tuple(map(_cell, headings)), tuple(tuple(map(_cell, row)) for row in rows))


def columns(rows: Iterable[Sequence[Cell]], *, whole: int) -> Aligned:
    """Return rows of texts in aligned columns, without headings or lines.

    Args:
        rows: The rows, each with one text per column.
        whole: Number of columns that are as wide as their texts; the texts of the one column after them are wrapped.
    """
    return Aligned(tuple(tuple(map(_cell, row)) for row in rows), whole)


def facts(rows: Mapping[str, Any]) -> Aligned:
    """Return names and values, one pair per line."""
    texts = {fact: value if isinstance(value, str) else json.dumps(value) for fact, value in rows.items()}
    # A name as long as a line would leave no room for its value.
    return columns(((line(fact, most=_MOST_IN_A_FACTS_NAME), line(value)) for fact, value in texts.items()), whole=1)


def pairs(values: Mapping[str, float | None]) -> Pairs:
    """Return names and numbers, two pairs per line, ordered down the columns."""
    return Pairs(tuple((name(each), name(number(value))) for each, value in values.items()))


@dataclass(frozen=True)
class Grid:
    """A table with headings that breaks no word: it takes the first of these layouts that fits.

    1. Every column is as wide as its texts.
    2. The first column is wrapped between words; then the others, too.
    3. A first cell with a word too long for its column has a line of its own above the row.
    4. The columns are split into several tables, one below the other.

    Only a word that is longer than the line continues in the next line.

    Attributes:
        headings: One for each column.
        rows: The rows, each with one text for each column.
    """

    headings: tuple[Text, ...]
    rows: tuple[tuple[Text, ...], ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it as wide as it needs to be, at most as wide as the terminal."""
        width = options.max_width
        for position, group in enumerate(self._groups(width)):
            if position:
                yield blank_line()
            widths = self._widths(group, width)
            if self._least(0) <= widths[0]:
                yield self._part(group, widths, self.headings, self.rows)
            else:
                yield from self._stacked(group, widths)

    def _groups(self, width: int) -> list[list[int]]:
        """Return the numbers of the columns, apart from the first, of each table."""
        groups: list[list[int]] = [[]]
        for column in range(1, len(self.headings)):
            needed = _total([_LEAST_LABEL, *(self._least(each) for each in (*groups[-1], column))])
            if groups[-1] and needed > width:
                groups.append([])
            groups[-1].append(column)
        return groups

    def _widths(self, group: Sequence[int], width: int) -> list[int]:
        """Return the widths of the first column and of a group of others."""
        label = self._widest(0)
        longest = self._least(0)
        whole, least = [self._widest(each) for each in group], [self._least(each) for each in group]
        # Numbers are whole, where there is room for this, and only their headings are wrapped.
        unwrapped = [max(self._least_heading(each), self._widest_cell(each)) for each in group]
        for others in (whole, unwrapped, least):
            room = width - _total([0, *others])
            if room >= longest:
                return [min(label, room), *others]
        for others in (unwrapped, least):
            room = width - _total([0, *others])
            if room >= _LEAST_LABEL:
                return [min(label, room), *others]
        return [_LEAST_LABEL, *(min(each, width - _total([_LEAST_LABEL, 0])) for each in least)]

    def _stacked(self, group: Sequence[int], widths: Sequence[int]) -> RenderResult:
        """Draw it row by row, each first cell that has no room in its column on a line of its own."""
        headings = self.headings
        if self._least_heading(0) > widths[0]:
            yield headings[0]
            headings = (blank_line(), *headings[1:])
        yield self._part(group, widths, headings, ())
        for row in self.rows:
            fits = _longest_word(row[0]) <= widths[0]
            if not fits:
                yield row[0]
            yield self._part(group, widths, None, [row if fits else (blank_line(), *row[1:])])

    def _part(
        self,
        group: Sequence[int],
        widths: Sequence[int],
        headings: Sequence[Text] | None,
        rows: Iterable[Sequence[Text]],
    ) -> Table:
        shown = (0, *group)
        laid_out = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, show_header=headings is not None)
        for column, width in zip(shown, widths, strict=True):
            justify: JustifyMethod = "right" if column else "left"
            heading = blank_line() if headings is None else headings[column]
            laid_out.add_column(heading, justify=justify, overflow="fold", width=width)
        for row in rows:
            laid_out.add_row(*(row[column] for column in shown))
        return laid_out

    def _widest(self, column: int) -> int:
        return max(_longest_line(self.headings[column]), self._widest_cell(column))

    def _widest_cell(self, column: int) -> int:
        return max((_longest_line(row[column]) for row in self.rows), default=0)

    def _least(self, column: int) -> int:
        """Return the least width in which no word of a column is broken."""
        cells = (_longest_word(row[column]) for row in self.rows)
        return max(self._least_heading(column), *cells)

    def _least_heading(self, column: int) -> int:
        return _longest_word(self.headings[column])


@dataclass(frozen=True)
class Aligned:
    """Rows of texts in aligned columns that break no word that fits into a line.

    Attributes:
        rows: The rows, each with one text for each column.
        whole: Number of columns that are as wide as their texts, all but the last.
    """

    rows: tuple[tuple[Text, ...], ...]
    whole: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it; a last text that has no room beside the others is below them, and texts flow where none has room."""
        widths = [max((_longest_line(row[each]) for row in self.rows), default=0) for each in range(self.whole)]
        room = options.max_width - sum(widths) - _COLUMN_GAP * self.whole
        if room < _LEAST_LABEL and self.whole:
            yield from (Text("  ").join(_stripped(cell) for cell in row if cell.plain.strip()) for row in self.rows)
            return
        beside_the_others: list[tuple[Text, ...]] = []
        for row in self.rows:
            if not room < _longest_word(row[-1]) <= options.max_width - _COLUMN_GAP:
                beside_the_others.append(row)
                continue
            yield self._grid(beside_the_others, widths)
            beside_the_others = []
            yield self._grid([(*row[:-1], blank_line())], widths)
            yield Padding(row[-1], (0, 0, 0, _COLUMN_GAP))
        yield self._grid(beside_the_others, widths)

    def _grid(self, rows: Sequence[Sequence[Text]], widths: Sequence[int]) -> RenderableType:
        grid = Table.grid(padding=(0, _COLUMN_GAP))
        for width in widths:
            grid.add_column(no_wrap=True, overflow="fold", width=width)
        grid.add_column(overflow="fold")
        for row in rows:
            grid.add_row(*row)
        return grid


@dataclass(frozen=True)
class Pairs:
    """Names with numbers, two pairs per line, or one where two do not fit.

    Attributes:
        cells: The names and the numbers.
    """

    cells: tuple[tuple[Text, Text], ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw them, ordered down the columns."""
        names = max((_longest_word(each) for each, _ in self.cells), default=0)
        numbers = max((_longest_word(value) for _, value in self.cells), default=0)
        pair = max(names, _LEAST_NAME) + _COLUMN_GAP + max(numbers, _LEAST_NUMBER)
        if 2 * pair + _COLUMN_GAP > options.max_width:
            yield columns(self.cells, whole=1)
            return
        grid = Table.grid(padding=(0, _COLUMN_GAP))
        for _ in range(2):
            grid.add_column(overflow="fold", min_width=_LEAST_NAME)
            grid.add_column(overflow="fold", justify="right", min_width=_LEAST_NUMBER)
        half = -(-len(self.cells) // 2)
        for row in range(half):
            right = self.cells[half + row] if half + row < len(self.cells) else (blank_line(), blank_line())
            grid.add_row(*self.cells[row], *right)
        yield grid


def _cell(text: Cell) -> Text:
    return name(text) if isinstance(text, str) else text


def _longest_line(text: Text) -> int:
    return max(map(cell_len, text.plain.split("\n")))


def _longest_word(text: Text) -> int:
    return max(map(cell_len, text.plain.split()), default=0)


def _stripped(text: Text) -> Text:
    stripped = text.copy()
    stripped.rstrip()
    return stripped


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _TABLE_GAP * (len(widths) - 1)
