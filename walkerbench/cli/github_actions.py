"""What a gate writes for GitHub Actions: annotations on stderr, and a summary into the file that the job names."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from walkerbench.cli.error_lines import error_lines
from walkerbench.cli.output import note
from walkerbench.errors import WalkerbenchError
from walkerbench.gating.gate_result import GateResult
from walkerbench.reports.markdown import github_summary


def tell_github(result: GateResult) -> None:
    """Write what a gate found; nothing outside of GitHub Actions."""
    _write(github_summary.annotation_lines(result), github_summary.summary(result))


@contextmanager
def errors_told_to_github() -> Iterator[None]:
    """Write an error that keeps a gate from a result where a pull request's readers see it, too."""
    try:
        yield
    except WalkerbenchError as error:
        lines = error_lines(error)
        _write([github_summary.annotation("error", lines)], github_summary.broken_summary(lines))
        raise


def _write(annotations: Iterable[str], summary: str) -> None:
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotations:
            # stderr is read for commands as stdout is, and does not spoil what --json prints there.
            note(line)
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        try:
            if Path(path).exists() and not Path(path).is_file():  # a pipe without a reader would hang the gate
                raise FileExistsError(errno.EEXIST, "no regular file")
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(summary)
        except OSError as error:  # no reason to change the verdict
            note(f"{path}: the summary cannot be written: {error.strerror}")
