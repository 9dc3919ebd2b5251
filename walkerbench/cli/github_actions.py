"""What a gate writes for GitHub Actions: annotations on stderr, and a summary into the file that the job names."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from walkerbench.cli.output import note, note_command
from walkerbench.comparison.suite_result import SuiteResult
from walkerbench.gating.gate_result import GateResult
from walkerbench.reports.markdown import github_summary
from walkerbench.reports.markdown.suite_summary import suite_summary


def tell_github(result: GateResult) -> None:
    """Write a gate's result for GitHub Actions; do nothing outside of GitHub Actions."""
    _write(github_summary.annotation_lines(result), github_summary.summary(result))


def tell_github_of_suite(result: SuiteResult) -> None:
    """Write the result of a gate over a suite of tests; do nothing outside of GitHub Actions."""
    by_kind = {"error": ("regression", "no verdict"), "warning": ("inconclusive",), "notice": ("faster",)}
    messages = {
        kind: [f"{each.test}: {each.word}" for each in result.tests if each.word in words]
        for kind, words in by_kind.items()
    }
    _write([github_summary.annotation(kind, lines) for kind, lines in messages.items() if lines], suite_summary(result))


def tell_github_of_no_result(lines: Sequence[str]) -> None:
    """Write why a gate has no result; do nothing outside of GitHub Actions."""
    _write([github_summary.annotation("error", lines)], github_summary.broken_summary(lines))


def _write(annotations: Iterable[str], summary: str) -> None:
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for command in annotations:
            # GitHub reads commands from stderr, too; on stdout they would mix with the output of --json.
            note_command(command)
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        try:
            if Path(path).exists() and not Path(path).is_file():  # a pipe without a reader would hang the gate
                raise FileExistsError(errno.EEXIST, "no regular file")
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(summary)
        except OSError as error:  # a summary that cannot be written does not change the verdict
            note(f"{path}: the summary cannot be written: {error.strerror}")
