"""Writes to stdout and stderr; neither a closed pipe nor an unusual encoding disturbs a run.

This module makes text for stderr safe to show. Text for stdout is safe already: `rich_console` does this for tables,
`reports.json_text` for JSON, and each export for its own format.
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
    """Write to stdout; if the process that reads it has ended, do nothing, which leaves the exit code as it is.

    Raises:
        OutputError: Stdout cannot be written for another reason, such as a full disk.
    """
    write_all_out([text])


def write_all_out(texts: Iterable[str]) -> None:
    """Write texts to stdout one by one, as `write_out` does; stop when the process that reads them has ended.

    Raises:
        OutputError: Stdout cannot be written for another reason, such as a full disk.
    """
    # The texts are made outside of `_write_out`: an OSError of the code that makes them is no error of stdout.
    for text in texts:
        if not _write_out(text):
            return


def _write_out(text: str) -> bool:
    try:
        _write(sys.stdout, text)
    except OSError as error:
        _silence(sys.stdout)
        if error.errno != errno.EPIPE:
            raise OutputError(f"standard output cannot be written: {error.strerror}; make room for it") from error
        return False
    return True


@contextmanager
def users_code_runs() -> Iterator[None]:
    """Send to stderr what the user's code prints, in this process and in processes started within the context.

    Stdout is for results: a line that a simulation prints must not come before the JSON that a program reads.
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
    """Write an error to stderr: a line for each problem, each with the program's name before it."""
    for line in text.split("\n"):
        note(f"walkerbench: {line}")


def note(line: str) -> None:
    """Write a line to stderr, made safe to show; do nothing where stderr cannot be written."""
    _write_err(shown_line(line))


def note_traceback(text: str) -> None:
    """Write a traceback to stderr, line by line as `note` does."""
    for line in text.rstrip().split("\n"):
        note(line)


def note_command(command: str) -> None:
    """Write a command for a CI system to stderr; no other line on stderr begins like a command."""
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
    # A character that the encoding does not have is escaped.
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def _silence(stream: TextIO) -> None:
    """Point a stream at the null device: otherwise Python would fail again when it flushes the stream at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
