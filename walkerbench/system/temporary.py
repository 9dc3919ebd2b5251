"""Makes temporary files and directories."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from walkerbench.system.capacity import capacity_errors


@contextmanager
def temporary_directory(
    prefix: str, place: Path | None = None, *, ignore_cleanup_errors: bool = False
) -> Iterator[Path]:
    """Make a directory that is removed with all that is in it when the block ends.

    Args:
        prefix: The beginning of its name.
        place: The folder in which it is made; None for the system's folder.
        ignore_cleanup_errors: Whether files that cannot be removed are left without an error.

    Raises:
        CapacityError: The directory cannot be made.
    """
    with capacity_errors("a temporary directory cannot be made"):
        directory = tempfile.TemporaryDirectory(prefix=prefix, dir=place, ignore_cleanup_errors=ignore_cleanup_errors)
    with directory as name:
        yield Path(name)


def temporary_file() -> IO[bytes]:
    """Return a new file without a name, to be used as a context manager.

    Raises:
        CapacityError: The file cannot be made.
    """
    with capacity_errors("a temporary file cannot be made"):
        return tempfile.TemporaryFile()
