"""Stores the checkpoints of a run in a file while it is recorded: in memory, an hour would take megabytes."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from walkerbench.run_directory.schema import CheckpointRecord


class CheckpointSpool:
    """Checkpoints in the order in which they were taken, in a file without a name.

    Args:
        directory: The run directory, whose file system holds the file. The file has no name, so none can be left.

    Raises:
        OSError: The file cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        # Unbuffered: a failed write raises an error at once, and not at a later call.
        self._file = tempfile.TemporaryFile(buffering=0, dir=directory)  # noqa: SIM115  `close` closes it
        self._end = 0

    def append(self, checkpoint: CheckpointRecord) -> None:
        """Add a checkpoint.

        Raises:
            OSError: It cannot be written; those before it are kept.
        """
        remaining = memoryview(f"{checkpoint.model_dump_json()}\n".encode())
        end = self._end + len(remaining)
        try:
            self._file.seek(self._end)
            while remaining:
                remaining = remaining[self._file.write(remaining) :]
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(self._end)
            raise
        self._end = end

    def read(self) -> tuple[CheckpointRecord, ...]:
        """Return every checkpoint.

        Raises:
            OSError: They cannot be read back.
        """
        self._file.seek(0)
        lines = self._file.read(self._end).splitlines()
        return tuple(CheckpointRecord.model_validate_json(line) for line in lines)

    def close(self) -> None:
        """Close the file, which is then gone."""
        self._file.close()
