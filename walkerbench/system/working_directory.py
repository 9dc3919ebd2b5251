"""Brings this process back to its working directory, where code of others has changed it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


class WorkingDirectory:
    """The working directory as it is now; relative paths that were given mean files below it."""

    def __init__(self) -> None:
        self._path = Path.cwd()

    def restore(self) -> None:
        """Make it the working directory again; do nothing where it is, or where it is gone."""
        with suppress(OSError):
            os.chdir(self._path)
