"""The result of a check of a workload, as lines for a terminal: one per rule, then the conclusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.console import RenderableType

from walkerbench.checking.rules import CheckResult, Holds
from walkerbench.reports.terminal.tables import below, blank_line, columns, line
from walkerbench.reports.wording.numbers import counted

_STYLES: dict[Holds, str] = {"holds": "green", "does not hold": "bold red", "not checked": "dim", "note": "yellow"}


def report(result: CheckResult) -> Iterator[RenderableType]:
    """Lay out the result of every rule, and the conclusion."""
    how = f"{counted(result.agents, 'agent')}, {counted(result.frames, 'frame')} in each way"
    yield line(f"{result.workload}: {how}")
    yield blank_line()
    rows = []
    for each in result.rules:
        details = [line(text) for text in (each.detail, *each.user_traceback.splitlines()) if text]
        rows.append((line(each.holds, _STYLES[each.holds]), below(line(each.rule), *details)))
    yield columns(rows, whole=1)
    yield blank_line()
    yield line(_conclusion(result), "bold")


def _conclusion(result: CheckResult) -> str:
    counts = Counter(each.holds for each in result.rules)
    rules = sum(counts.values()) - counts["note"]
    unchecked = f", and {counts['not checked']} could not be checked" if counts["not checked"] else ""
    if counts["does not hold"]:
        return f"BREAKS THE CONTRACT: {counts['does not hold']} of {counted(rules, 'rule')} do not hold{unchecked}."
    return f"KEEPS THE CONTRACT: {counts['holds']} of {counted(rules, 'rule')} hold{unchecked}."
