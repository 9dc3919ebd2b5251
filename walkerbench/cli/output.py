"""Writing to stdout and stderr so that neither a closed pipe nor an odd encoding spoils a run.

What is written to stderr is made fit to be shown here. What is written to stdout has been laid out before, each form in
its own way: tables by `rich_console`, JSON by `reports.json_text`, the others by their exports.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TextIO

from walkerbench.errors import OutputError
from walkerbench.shown_text import shown_line, visible


def write_out(text: str) -> None:
    """Write to stdout; where its reader has gone, do nothing, and keep the exit code to what the run earned.

    Raises:
        OutputError: It cannot be written for another reason, such as a full disk.
    """
    write_all_out([text])


def write_all_out(texts: Iterable[str]) -> None:
    """Write texts to stdout as `write_out` does, none of them held for longer than that; no more than are read.

    Raises:
        OutputError: They cannot be written for another reason than that their reader has gone.
    """
    # Apart from the writing, so that an error of what makes the texts is not treated as one of stdout.
    for text in texts:
        if not _write_out(text):
            return


def _write_out(text: str) -> bool:
    try:
        _write(sys.stdout, text)
    except OSError as error:
        _silence(sys.stdout)
        if error.errno != errno.EPIPE:
            raise OutputError(f"standard output cannot be written: {error.strerror}; give it room") from error
        return False
    return True


@contextmanager
def users_code_runs() -> Iterator[None]:
    """Send to stderr what the user's code prints, in this process and in those started within the context.

    Stdout is for results: a line that a simulation prints must not stand in front of the JSON that a program reads.
    """
    with redirect_stdout(sys.stderr), _descriptor_to_stderr():
        yield


@contextmanager
def _descriptor_to_stderr() -> Iterator[None]:
    try:
        kept = os.dup(1)
    except OSError:  # closed when the process was started: there is nothing to protect
        yield
        return
    try:
        with suppress(OSError):
            os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def complain(text: str) -> None:
    """Write an error to stderr, a line for each problem, the program's name before it."""
    for line in text.split("\n"):
        note(f"walkerbench: {line}")


def note(line: str) -> None:
    """Write a line to stderr, as it may be shown there; do nothing where that cannot be written."""
    _write_err(shown_line(line))


def note_traceback(text: str) -> None:
    """Write a traceback to stderr, line by line as `note` does."""
    for line in text.rstrip().split("\n"):
        note(line)


def note_command(command: str) -> None:
    """Write a command to a CI system to stderr: no other line there begins like one."""
    _write_err(visible(command))


def _write_err(line: str) -> None:
    try:
        _write(sys.stderr, f"{line}\n")
    except OSError:
        _silence(sys.stderr)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # the process was started with the descriptor closed
        return
    encoding = stream.encoding or "utf-8"
    # What the encoding has no character for is escaped as what has no shape is.
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _silence(stream: TextIO) -> None:
    """Send what is still buffered nowhere, or Python would fail once more while it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
