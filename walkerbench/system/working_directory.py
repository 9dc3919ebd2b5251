"""Restores this process's working directory where a workload's code has changed it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


class WorkingDirectory:
    """Remembers the working directory, to which the user's relative paths refer."""

    def __init__(self) -> None:
        self._path = Path.cwd()

    def restore(self) -> None:
        """Make the remembered directory the working directory again; do nothing where it no longer exists."""
        with suppress(OSError):
            os.chdir(self._path)
