"""Recorded runs as a list: a line with the path, which can be copied as a whole, and a line of facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.padding import Padding

from walkerbench.reports.terminal.tables import STYLES, Cell, blank_line, columns, line
from walkerbench.reports.wording.runs import (
    age_in_words,
    agents_in_words,
    size_in_words,
    total_in_words,
    verdict_or_state,
)
from walkerbench.shown_text import shown

if TYPE_CHECKING:
    from walkerbench.run_directory import ListedRun

_INDENT = (0, 0, 0, 2)
_MOST_IN_A_FACT = 24


def runs_list(runs: Sequence[ListedRun], now: datetime) -> Iterator[RenderableType]:
    """Lay out runs, and their total size in the last line."""
    facts = [_facts(run, now) for run in runs]
    widths = [max(map(len, column)) for column in zip(*facts, strict=True)]
    for run, words in zip(runs, facts, strict=True):
        yield line(str(run.directory), "bold")
        cells = [word.ljust(width) for word, width in zip(words, widths, strict=True)]
        yield Padding(columns([_styled(run, cells)], whole=len(cells) - 1), _INDENT)
        if run.problem is not None:
            yield Padding(line(run.problem, "dim"), _INDENT)
    yield blank_line()
    yield line(total_in_words(tuple(runs)))


def kept_runs(kept: Sequence[tuple[ListedRun, str]]) -> Iterator[RenderableType]:
    """Lay out the runs that are kept, one per line, each with the reason."""
    for run, reason in kept:
        yield line(f"kept: {run.directory}: {reason}")


def no_runs(folder: Path) -> RenderableType:
    """Return the line that says that a folder has no run."""
    return line(f"{folder}: no recorded run here: record one with `walkerbench run`")


def _facts(run: ListedRun, now: datetime) -> tuple[str, ...]:
    facts = run.facts
    named = ("", "", "") if facts is None else (facts.workload, facts.mode, agents_in_words(run))
    words = (verdict_or_state(run), *named, size_in_words(run.size_bytes), age_in_words(run, now))
    return tuple(shown(word, _MOST_IN_A_FACT) for word in words)


def _styled(run: ListedRun, cells: Sequence[str]) -> list[Cell]:
    style = "" if run.facts is None else STYLES[run.facts.verdict]
    return [line(cells[0], style), *cells[1:]]
