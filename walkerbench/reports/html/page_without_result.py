"""The HTML page in place of a result: it says why there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from walkerbench.reports.html.html_document import html_document, warning_lines
from walkerbench.reports.html.tables import verdict_badge


def render_no_result(command: str, lines: Sequence[str]) -> Iterator[str]:
    """Write the page of a command that has no result, part by part.

    Args:
        command: The name of the command.
        lines: The reasons; at least one.
    """
    heading = f"<h1>walkerbench {command}</h1>"
    verdict = f'<p class="verdict">{verdict_badge("NO VERDICT")}: there is no result.</p>'
    head = "\n".join([heading, verdict, *warning_lines(lines)]) + "\n"
    yield from html_document(f"walkerbench {command}: NO VERDICT", head, "")
