"""Tells by a lock whether what a file stands for is still in use, whichever container or host its user runs in.

A process id is not enough: another container may use the same one. The system releases a lock when its process ends,
however it ends, and no child inherits one: Python closes the file in every program that it starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: then nothing counts as abandoned
    fcntl = None  # type: ignore[assignment]


@contextmanager
def hold_lock(path: Path) -> Iterator[None]:
    """Create a file, and hold it locked within the context, as far as its file system can."""
    with path.open("x") as file:
        _lock(file)
        yield


def lock_until_closed(descriptor: int) -> None:
    """Lock an open file until it is closed, as far as its file system can."""
    _lock(descriptor)


@contextmanager
def take_abandoned_lock(path: Path) -> Iterator[bool]:
    """Yield whether the process that held a file locked has ended; then it is locked by this one within the context.

    Where that is not known, such as without the file or on a file system without locks, the answer is no.
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
