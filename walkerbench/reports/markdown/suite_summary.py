"""A comparison of many tests, for the summary of a step in GitHub Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from walkerbench.reports.markdown.escaping import escape_markdown, head, row
from walkerbench.reports.wording.suite import SUITE_COLUMNS, suite_conclusion, suite_notes, suite_rows

if TYPE_CHECKING:
    from walkerbench.comparison.suite_result import SuiteResult


def suite_summary(result: SuiteResult) -> str:
    """Return the summary of a suite's result, as Markdown."""
    lines = ["## walkerbench gate", "", escape_markdown(suite_conclusion(result)), "", *head(*SUITE_COLUMNS)]
    lines += [row(*cells) for cells in suite_rows(result)]
    lines += ["", *(f"- {escape_markdown(note)}" for note in suite_notes(result)), ""]
    return "\n".join(lines)
