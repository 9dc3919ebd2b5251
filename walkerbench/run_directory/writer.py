"""Writes a run so that its recorded data is kept, whatever ends the run."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from walkerbench.errors import OutputError, OutputLost
from walkerbench.run_directory.checkpoint_spool import CheckpointSpool
from walkerbench.run_directory.schema import ARRAYS, ArraysRecord, CheckpointRecord, ColumnRecord, RunFile
from walkerbench.system.file_locks import lock_until_closed

LOCKED_FILE = "frames.npy"
"""The file that a writer holds locked, so that another process can see that the run is being recorded.

`run.json` is replaced during a run, and so a lock on it would be lost.
"""


class RunWriter:
    """Writes a run directory. `create` makes a writer; as a context manager, the writer closes itself.

    At any time, also after SIGKILL, `run.json` is complete, and every array opens with `np.load` and holds all rows
    that were flushed. A machine that loses power may lose data that its system had not yet written.

    Rows are flushed in all arrays or in none, so that arrays match row by row. Once some rows cannot be written, every
    array returns to the rows that were flushed before, and takes no more: rows after a gap would be useless.
    """

    def __init__(
        self, directory: Path, made: Sequence[Path], arrays: Mapping[str, _GrowingArray], checkpoints: CheckpointSpool
    ) -> None:
        self.directory = directory
        self._made = made
        self._arrays = dict(arrays)
        self._checkpoints = checkpoints
        self._loss: str | None = None
        self._columns = ArraysRecord(**{name: _columns(array.dtype) for name, array in arrays.items()})

    @classmethod
    def create(cls, directory: Path, run: RunFile, dtypes: Mapping[str, np.dtype[np.void]]) -> RunWriter:
        """Make the directory with parents, open every array and write `run.json`.

        Args:
            directory: Must not exist.
            run: The facts that are known before the first frame, with the state `running`.
            dtypes: A structured dtype for each of `ARRAYS`.

        Raises:
            OutputError: The directory exists or cannot be written; nothing that was made for it is left.
            ValueError: `dtypes` has other keys than `ARRAYS`.
        """
        if set(dtypes) != set(ARRAYS):
            raise ValueError(f"dtypes for {sorted(dtypes)}, not for {sorted(ARRAYS)}")
        missing = [path for path in (directory, *directory.parents) if not os.path.lexists(path)]
        if directory not in missing:
            raise OutputError(f"{directory}: the output exists already: give a directory that does not")
        arrays: dict[str, _GrowingArray] = {}
        made: list[Path] = []
        with contextlib.ExitStack() as undoing:
            undoing.callback(_undo, arrays, made)
            try:
                for path in reversed(missing):
                    _make(path, made, may_exist=path != directory)
                for name in ARRAYS:
                    arrays[name] = _GrowingArray(directory / f"{name}.npy", dtypes[name])
                checkpoints = CheckpointSpool(directory)
                undoing.callback(checkpoints.close)
                writer = cls(directory, made, arrays, checkpoints)
                writer.write(run)
            except (OSError, OutputLost) as error:
                raise OutputError(
                    f"{directory}: the output cannot be written: {_reason(error)}: give another"
                ) from error
            undoing.pop_all()
        return writer

    def append(self, array: str, rows: NDArray[Any]) -> None:
        """Append rows to an array; they count once they are flushed.

        Args:
            array: One of `ARRAYS`.
            rows: `(n,)` of the array's dtype.

        Raises:
            OutputLost: These rows or earlier ones cannot be written; what was flushed before is kept.
            ValueError: The rows are of another dtype.
        """
        if self._loss is not None:
            raise OutputLost(self._loss)
        with self._all_or_none():
            self._arrays[array].append(rows)

    def append_checkpoint(self, checkpoint: CheckpointRecord) -> None:
        """Store a checkpoint, which is written into `run.json` at the end of the run.

        Raises:
            OutputLost: It cannot be written; those before it are kept.
        """
        try:
            self._checkpoints.append(checkpoint)
        except OSError as error:
            raise _lost(self.directory, error) from error

    def checkpoints(self) -> tuple[CheckpointRecord, ...]:
        """Return every checkpoint that was appended, in their order.

        Raises:
            OutputLost: They cannot be read back.
        """
        try:
            return self._checkpoints.read()
        except OSError as error:
            raise _lost(self.directory, error) from error

    def flush(self) -> None:
        """Make every appended row part of its array; do nothing where rows have been lost.

        Raises:
            OutputLost: The rows cannot be written; what was flushed before is kept.
        """
        with self._all_or_none():
            for array in self._arrays.values():
                array.count()
        for array in self._arrays.values():
            array.keep()

    def write(self, run: RunFile) -> None:
        """Replace `run.json`, in one step: a reader sees the old one or the new one.

        Raises:
            OutputLost: It cannot be written; the old one is kept.
        """
        text = run.changed(arrays=self._columns).model_dump_json(indent=2) + "\n"
        path = self.directory / "run.json"
        temporary = self.directory / "run.json.tmp"
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            _unlink(temporary)
            raise _lost(path, error) from error

    def discard(self) -> None:
        """Remove the run, and the directories that were made for it."""
        arrays, self._arrays = self._arrays, {}
        self._checkpoints.close()
        _undo(arrays, list(self._made))

    def close(self) -> None:
        """Flush and close every array; do nothing when closed already.

        Raises:
            OutputLost: The last rows cannot be written; every array is closed nevertheless.
        """
        try:
            self.flush()
        finally:
            self._checkpoints.close()
            arrays, self._arrays = self._arrays, {}
            for array in arrays.values():
                array.close()

    @contextlib.contextmanager
    def _all_or_none(self) -> Iterator[None]:
        try:
            yield
        except OutputLost as error:
            self._loss = str(error)
            for array in self._arrays.values():
                array.roll_back()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.close()
        except OutputLost:
            if error is None:  # else the error that is being raised says more
                raise


class _GrowingArray:
    """A `.npy` file that grows. Rows go to the end, then the header's shape is rewritten in place.

    NumPy pads the header, so its length does not depend on the number of rows.

    Rows are appended, then counted in the header, then kept; `roll_back` returns to the kept rows.
    """

    def __init__(self, path: Path, dtype: np.dtype[np.void]) -> None:
        self.dtype = dtype
        self._path = path
        self._rows = 0
        self._counted: int | None = 0  # None while the header may not be whole
        self._kept = 0
        header = _header(dtype, 0)
        self._header_size = len(header)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        if path.name == LOCKED_FILE:
            lock_until_closed(self._file)
        try:
            _write_all(self._file, header)
        except OSError:
            os.close(self._file)
            _unlink(path)
            raise

    def append(self, rows: NDArray[Any]) -> None:
        if rows.dtype != self.dtype:
            raise ValueError(f"{self._path}: rows of {rows.dtype}, not of {self.dtype}")
        end = self._header_size + self._rows * self.dtype.itemsize
        try:
            os.lseek(self._file, end, os.SEEK_SET)
            _write_all(self._file, np.ascontiguousarray(rows).tobytes())
        except OSError as error:
            raise _lost(self._path, error) from error
        self._rows += len(rows)

    def count(self) -> None:
        if self._counted == self._rows:
            return
        header = _header(self.dtype, self._rows)
        self._counted = None
        try:
            os.lseek(self._file, 0, os.SEEK_SET)
            _write_all(self._file, header)
        except OSError as error:
            raise _lost(self._path, error) from error
        self._counted = self._rows

    def keep(self) -> None:
        self._kept = self._rows

    def roll_back(self) -> None:
        """Drop the rows that are not kept, if the disk allows it; run.json needs their space to state the reason."""
        self._rows = self._kept
        with contextlib.suppress(OutputLost):
            self.count()
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, self._header_size + self._rows * self.dtype.itemsize)

    def close(self) -> None:
        os.close(self._file)


def _header(dtype: np.dtype[np.void], rows: int) -> bytes:
    stream = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(dtype)
    np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": (rows,)})
    return stream.getvalue()


def _write_all(file: int, data: bytes) -> None:
    remaining = memoryview(data)
    while remaining:
        remaining = remaining[os.write(file, remaining) :]


def _columns(dtype: np.dtype[np.void]) -> tuple[ColumnRecord, ...]:
    types = [(name, dtype[name]) for name in dtype.names or ()]
    return tuple(ColumnRecord(name=name, type=kind.base.str, shape=kind.shape) for name, kind in types)


def _make(path: Path, made: list[Path], *, may_exist: bool) -> None:
    """Make a directory and note it in `made`. Another run may make the same parent at the same time."""
    try:
        path.mkdir()
    except FileExistsError:
        if not may_exist:
            raise
    else:
        made.append(path)


def _undo(arrays: Mapping[str, _GrowingArray], made: list[Path]) -> None:
    """Remove the files and directories that `create` made; those of another process stay."""
    for array in arrays.values():
        array.close()
    if made:
        for name in (*(f"{array}.npy" for array in ARRAYS), "run.json", "run.json.tmp"):
            _unlink(made[-1] / name)
    for path in reversed(made):
        try:
            path.rmdir()
        except OSError:
            return


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # the earlier error says more
        return


def _lost(path: Path, error: OSError) -> OutputLost:
    return OutputLost(f"{path}: can no longer be written: {_reason(error)}; what was recorded before is kept")


def _reason(error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error, OutputLost) else error
    return cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)
