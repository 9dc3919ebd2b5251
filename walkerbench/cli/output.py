"""Writing to stdout and stderr so that neither a closed pipe nor an odd encoding spoils a run."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable
from typing import TextIO

from walkerbench.errors import OutputError


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
    # Apart from the writing, so that an error of what makes the texts is not taken for one of stdout.
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


def complain(text: str) -> None:
    """Write an error to stderr, the program's name before each of its lines."""
    for line in text.split("\n"):
        note(f"walkerbench: {line}")


def note(text: str) -> None:
    """Write lines to stderr; do nothing where that cannot be written."""
    try:
        _write(sys.stderr, f"{text}\n")
    except OSError:
        _silence(sys.stderr)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # the process was started with the descriptor closed
        return
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()


def _silence(stream: TextIO) -> None:
    """Send what is still buffered nowhere, or Python would fail once more while it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
