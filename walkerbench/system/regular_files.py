"""Opens files that users name, and refuses all but regular files."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

_NON_BLOCKING = getattr(os, "O_NONBLOCK", 0)


def open_regular(path: Path) -> BinaryIO | None:
    """Return a regular file, opened to read its bytes; None for a folder, a pipe, a socket or a device.

    Reading one of those could wait or go on without end.

    Raises:
        OSError: It cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return None
    # Another process may have replaced the file with a pipe since: without this flag, opening it would wait.
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NON_BLOCKING))  # noqa: SIM115  returned
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        return None
    return file


def read_at_most(path: Path, most_bytes: int) -> bytes | None:
    """Return the first bytes of a regular file; None for any other kind of file, as `open_regular` does.

    Args:
        path: The file.
        most_bytes: How many bytes to read at most.

    Raises:
        OSError: It cannot be read.
    """
    file = open_regular(path)
    if file is None:
        return None
    with file:
        return file.read(most_bytes)
