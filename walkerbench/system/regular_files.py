"""Reads files that users name, whatever they are: only regular ones, and no more of them than expected."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_NON_BLOCKING = getattr(os, "O_NONBLOCK", 0)


def read_at_most(path: Path, most_bytes: int) -> bytes | None:
    """Return the first bytes of a regular file; None where it is a folder, a pipe, a socket or a device.

    Reading such a thing could wait without end, or have no end.

    Args:
        path: The file.
        most_bytes: No more than these are read.

    Raises:
        OSError: It cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return None
    # Another process may have put a pipe in its place since: opened like this, it is not waited for either.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NON_BLOCKING)) as file:
        return file.read(most_bytes) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
