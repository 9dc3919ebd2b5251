"""Reads one array of a run into memory, and says what is wrong where the file holds no such array."""

from __future__ import annotations

import os
import tokenize
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from walkerbench.errors import RunFileError
from walkerbench.system.regular_files import open_regular
from walkerbench.system.resources import allowed_memory_bytes

# NumPy documents ValueError for a header that it cannot read, and raises the others as well.
_HEADER_ERRORS = (
    ValueError,
    SyntaxError,
    tokenize.TokenError,
    EOFError,
    TypeError,
    RecursionError,
    MemoryError,
    Warning,
)


def read_array(path: Path, dtype: np.dtype[np.void]) -> NDArray[Any]:
    """Return the rows of a `.npy` file, read-only and in the byte order of this machine.

    The file is read, not mapped: the truncation of a mapped file would end the process without a message. From a file
    that grows at the same time, the rows that its header counted are read.

    Args:
        path: The file.
        dtype: The dtype that its rows must have.

    Raises:
        RunFileError: The file is missing, corrupt, truncated, of another dtype, or larger than the memory.
    """
    try:
        with open_run_file(path) as file:
            return _read_rows(path, file, dtype)
    except FileNotFoundError as error:
        raise RunFileError(f"{path}: missing: the run cannot be read without it; record it again") from error
    except OSError as error:
        raise RunFileError(f"{path}: cannot be read: {error.strerror}") from error


def open_run_file(path: Path) -> BinaryIO:
    """Return a file of a run, opened to read its bytes.

    Raises:
        RunFileError: The file is no regular file.
        OSError: The file cannot be opened.
    """
    file = open_regular(path)
    if file is None:
        raise RunFileError(f"{path}: no regular file: this is not the directory of a recorded run")
    return file


def _read_rows(path: Path, file: BinaryIO, dtype: np.dtype[np.void]) -> NDArray[Any]:
    shape, fortran_order, found = _read_header(path, file)
    # In Python a boolean is an int, but it is no number of rows.
    if found != dtype or len(shape) != 1 or type(shape[0]) is not int or shape[0] < 0 or fortran_order:
        raise RunFileError(f"{path}: holds other columns than run.json says: record the run again")
    rows = shape[0]
    whole = max(0, os.fstat(file.fileno()).st_size - file.tell()) // dtype.itemsize
    if rows <= whole:
        array = _filled(path, file, dtype, rows)
        whole = len(array)  # the file may have been cut since
    if rows > whole:
        raise RunFileError(f"{path}: truncated: it should hold {rows} rows and holds {whole}; record the run again")
    native = array.astype(dtype.newbyteorder("="), copy=False)
    native.flags.writeable = False
    return native


def _filled(path: Path, file: BinaryIO, dtype: np.dtype[np.void], rows: int) -> NDArray[Any]:
    needed = rows * dtype.itemsize
    try:
        allowed = allowed_memory_bytes()
        if allowed is not None and needed > allowed:
            raise MemoryError
        return np.fromfile(file, dtype, rows)
    except MemoryError as error:
        raise RunFileError(
            f"{path}: takes {needed / 1e9:.3g} GB, more than this machine's memory: read it on a machine with more"
        ) from error


def _read_header(path: Path, file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy warns about headers that it would not write
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError(f"version {version} of the format")
            return np.lib.format.read_array_header_1_0(file)
    except _HEADER_ERRORS as error:
        raise RunFileError(f"{path}: corrupt, not a NumPy array: record the run again") from error
