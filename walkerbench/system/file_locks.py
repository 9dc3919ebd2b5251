"""Finds out by a lock whether a process, in any container or on any host, still uses a file.

A process id is not enough: another container may use the same one. The system releases a lock when its process ends,
in whatever way. No child inherits a lock: Python closes the file in every program that it starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: there no file counts as abandoned
    fcntl = None  # type: ignore[assignment]


@contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Create a file, and keep it locked within the context, if its file system has locks."""
    with path.open("x") as file:
        _lock(file)
        yield


def lock_until_closed(descriptor: int) -> None:
    """Lock an open file until it is closed, if its file system has locks."""
    _lock(descriptor)


@contextmanager
def take_abandoned_lock(path: Path) -> Iterator[bool]:
    """Yield whether the process that held a lock on a file has ended; if so, lock the file within the context.

    Yield False where that is not known, such as without the file or on a file system without locks.
    """
    try:
        file = path.open("r+")
    except OSError:
        yield False
        return
    with file:
        yield _lock(file)


def _lock(file: IO[str] | int) -> bool:
    if fcntl is not None:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False
