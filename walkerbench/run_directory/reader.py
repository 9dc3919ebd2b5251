"""Reads a recorded run; of one that cannot be read, says what is wrong."""

from __future__ import annotations

import json
import tokenize
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from walkerbench.errors import RunFileError
from walkerbench.run_directory.schema import ARRAYS, ColumnRecord, RunFile
from walkerbench.run_directory.schema_history import SCHEMA_VERSION, migrate

# NumPy promises ValueError for a header that it cannot read, and lets these through as well.
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
_REQUIRED = {
    "frames": ("frame", "stage", "warmup", "start_ns", "wall_ns", "dispatch_ns", "barrier_wait_ns", "gc_ns"),
    "workers": ("frame", "stage", "worker", "start_ns", "busy_ns", "gc_ns"),
    "cpu": ("time_ns", "core_percent", "tree_cpu_s"),
}
_MOST_PROBLEMS = 3  # a file of another kind has dozens; the first ones show which kind it is


@dataclass(frozen=True)
class RecordedRun:
    """A run, read back.

    Attributes:
        directory: Where it lies.
        run: Its `run.json`.
        frames: `(frames,)`, structured; see `recording.frames.frame_dtype`.
        workers: `(frames · workers,)`, structured; see `recording.frames.worker_dtype`.
        cpu: `(samples,)`, structured; see `recording.cpu.cpu_dtype`.
        digests: `(rows,)`, structured; see `running.run_recorder.digest_dtype`.
    """

    directory: Path
    run: RunFile
    frames: NDArray[Any]
    workers: NDArray[Any]
    cpu: NDArray[Any]
    digests: NDArray[Any]


def read_run(path: Path) -> RecordedRun:
    """Read a run; its arrays stay in their files and are mapped read-only. No frames at all are allowed.

    Args:
        path: The run's directory.

    Raises:
        RunFileError: The directory, `run.json` or an array is missing, corrupt, truncated or of a newer schema.
    """
    if not path.is_dir():
        raise RunFileError(f"{path}: no such run directory")
    run = _read_run_file(path / "run.json")
    columns = dict(run.arrays or {})
    dtypes = {name: _dtype(path, name, columns[name]) for name in ARRAYS}
    _check_columns(path, run, dtypes)
    arrays = {name: _read_array(path / f"{name}.npy", dtype) for name, dtype in dtypes.items()}
    _check_rows(path, run, arrays)
    return RecordedRun(path, run, **arrays)


def _read_run_file(path: Path) -> RunFile:
    text = _read_text(path)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RunFileError(f"{path}: corrupt, not JSON ({error}): record the run again") from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise RunFileError(
            f"{path}: made by a newer walkerbench (schema {version}; this one reads up to {SCHEMA_VERSION}): upgrade"
        )
    try:
        if type(version) is int and 1 <= version < SCHEMA_VERSION:
            # What an older file lacks of its own schema is said by the check below.
            with suppress(LookupError, TypeError):
                content = migrate(content)
        # JSON is what strict mode means to read: arrays fill tuples there, and yet no string becomes a number.
        run = RunFile.model_validate_json(json.dumps(content), strict=True)
    except ValidationError as error:
        raise RunFileError(f"{path}: not a run file: {_problems(error)}") from error
    # Every key is always written: one that is missing has been lost, and its default must not take its place.
    missing = [name for name in RunFile.model_fields if name not in run.model_fields_set]
    if missing or run.arrays is None:
        raise RunFileError(f"{path}: not a run file: {', '.join(missing) or 'arrays'} missing")
    return run


def _read_text(path: Path) -> str:
    try:
        _check_regular(path)
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise RunFileError(f"{path}: missing: this is not the directory of a recorded run") from error
    except UnicodeDecodeError as error:
        raise RunFileError(f"{path}: corrupt, not UTF-8: record the run again") from error
    except OSError as error:
        raise RunFileError(f"{path}: cannot be read: {error.strerror}") from error


def _check_regular(path: Path) -> None:
    """Refuse what is no regular file: reading a pipe without a writer would never end."""
    if path.exists() and not path.is_file():
        raise RunFileError(f"{path}: no regular file: this is not the directory of a recorded run")


def _problems(error: ValidationError) -> str:
    problems = [f"{'.'.join(map(str, item['loc'])) or 'the whole'}: {item['msg']}" for item in error.errors()]
    more = f"; and {len(problems) - _MOST_PROBLEMS} more" if len(problems) > _MOST_PROBLEMS else ""
    return "; ".join(problems[:_MOST_PROBLEMS]) + more


def _dtype(directory: Path, name: str, columns: Sequence[ColumnRecord]) -> np.dtype[np.void]:
    try:
        return np.dtype([(column.name, column.type, column.shape) for column in columns])
    except (TypeError, ValueError) as error:
        raise RunFileError(f"{directory / 'run.json'}: arrays.{name} describes no array: {error}") from error


def _check_columns(directory: Path, run: RunFile, dtypes: Mapping[str, np.dtype[np.void]]) -> None:
    """Check that the columns that every run has are there, and that nanoseconds are whole numbers."""
    phases = [f"{phase}_ns" for phase in run.workload.phases]
    of_workload = {"frames": [*phases, f"{run.workload.settle_phase}_ns"], "workers": phases, "cpu": []}
    for name, columns in _REQUIRED.items():
        required = (*columns, *of_workload[name])
        dtype = dtypes[name]
        found = dtype.names or ()
        missing = [column for column in required if column not in found]
        fractions = [column for column in found if column.endswith("_ns") and dtype[column].kind not in "iu"]
        if missing or fractions:
            problem = f"has no column {', '.join(missing)}" if missing else f"{', '.join(fractions)}: not whole numbers"
            raise RunFileError(f"{directory / f'{name}.npy'}: corrupt, {problem}: record the run again")


def _check_rows(directory: Path, run: RunFile, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Check that a finished run has a row for every frame in `run.json`; a broken run may have lost its last ones."""
    if run.state != "finished":
        return
    expected = {
        "frames": sum(stage.frames for stage in run.stages),
        "workers": sum(stage.frames * stage.workers for stage in run.stages),
    }
    for name, rows in expected.items():
        found = len(arrays[name])
        if found != rows:
            raise RunFileError(
                f"{directory / f'{name}.npy'}: holds {found} rows, and run.json tells of {rows}: record the run again"
            )


def _read_array(path: Path, dtype: np.dtype[np.void]) -> NDArray[Any]:
    try:
        _check_regular(path)
        with path.open("rb") as file:
            shape, fortran_order, found = _read_header(path, file)
            offset = file.tell()
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise RunFileError(f"{path}: missing: the run cannot be read without it; record it again") from error
    except OSError as error:
        raise RunFileError(f"{path}: cannot be read: {error.strerror}") from error
    if found != dtype or len(shape) != 1 or shape[0] < 0 or fortran_order:
        raise RunFileError(f"{path}: holds other columns than run.json says: record the run again")
    rows = shape[0]
    if offset + rows * dtype.itemsize > size:
        whole = max(0, size - offset) // dtype.itemsize
        raise RunFileError(f"{path}: truncated: it should hold {rows} rows and holds {whole}; record the run again")
    if rows == 0:  # nothing cannot be mapped
        return np.empty(0, dtype)
    return np.memmap(path, dtype, mode="r", offset=offset, shape=(rows,))


def _read_header(path: Path, file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy warns of headers that it never wrote
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError(f"version {version} of the format")
            return np.lib.format.read_array_header_1_0(file)
    except _HEADER_ERRORS as error:
        raise RunFileError(f"{path}: corrupt, not a NumPy array: record the run again") from error
