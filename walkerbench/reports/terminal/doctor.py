"""The machine's fitness: a table for a terminal of 80 columns, and JSON."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from walkerbench.doctor.checks import Check, is_fit
from walkerbench.doctor.readings import Readings
from walkerbench.reports.wording.numbers import counted

_STYLES = {"ok": "green", "unknown": "dim", "warning": "bold yellow", "unfit": "bold red"}


def findings_table(findings: Sequence[Check]) -> Iterator[RenderableType]:
    """Lay out findings, what to do about each below it, and what they come to."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for finding in findings:
        text = Text(finding.seen)
        if finding.advice:
            text.append(f"\n→ {finding.advice}")
        grid.add_row(Text(finding.level, style=_STYLES[finding.level]), finding.subject, text)
    yield grid
    yield Text(f"\n{_in_words(findings)}", style="bold")


def render(findings: Sequence[Check], readings: Readings) -> str:
    """Findings and readings as JSON text, indented, with a newline at its end."""
    content = {
        "fit": is_fit(findings),
        "findings": [dataclasses.asdict(finding) for finding in findings],
        "readings": dataclasses.asdict(readings),
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def _in_words(findings: Sequence[Check]) -> str:
    counts = Counter(finding.level for finding in findings)
    if counts["unfit"]:
        subjects = ", ".join(finding.subject for finding in findings if finding.level == "unfit")
        return f"UNFIT for measuring: {subjects}."
    if counts["warning"]:
        return f"FIT for measuring, with {counted(counts['warning'], 'warning')}."
    return "FIT for measuring."
