"""Reads a recorded run, and says what is wrong where it cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from walkerbench.errors import RunFileError, UsageError
from walkerbench.run_directory.array_checks import check_columns, checked_rows
from walkerbench.run_directory.array_files import open_run_file, read_array
from walkerbench.run_directory.contradictions import contradictions_in
from walkerbench.run_directory.locate import MOST_BYTES
from walkerbench.run_directory.schema import ARRAYS, ColumnRecord, RunFile
from walkerbench.run_directory.schema_history import SCHEMA_VERSION, migrate
from walkerbench.shown_text import first_of

if TYPE_CHECKING:
    import pandas

_MOST_VALUES = 500_000
"""Most values of a `run.json`: each takes up to 1 kB of memory while it is read, even where its text is short."""

_MOST_LISTED = 1000
_MOST_PROBLEMS = 3  # another kind of file has dozens of problems; the first few show which kind it is


@dataclass(frozen=True)
class RecordedRun:
    """A recorded run, read back from its directory.

    Attributes:
        directory: Where it lies.
        run: Its `run.json`.
        frames: `(frames,)`, structured; the columns of `recording.frames.frame_dtype`, with `warmup` as a bool.
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

    @property
    def metrics(self) -> dict[str, float | None]:
        """Flat metric names and values of the whole run, such as `frame_ms.p99`; None where not measured."""
        return self.run.metrics

    def to_pandas(self) -> pandas.DataFrame:
        """Return the frames as a table with a row for each frame, warm-up included.

        Returns:
            A DataFrame with the columns of `frames`; its index is `stage` and `frame`.

        Raises:
            UsageError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise UsageError("a DataFrame needs pandas: pip install pandas") from error
        columns = {name: self.frames[name] for name in self.frames.dtype.names or ()}
        return pandas.DataFrame(columns).set_index(["stage", "frame"])


def read_recorded(path: Path) -> RecordedRun:
    """Read a run as it was recorded, and check its arrays against its `run.json`. A run without frames is allowed.

    A run that is going on, was killed or broke is read up to the last frame that `frames.npy` and `workers.npy` both
    have. Its metrics and verdicts are not checked here; `running.summary.read_concluded` compares them with its arrays.

    Args:
        path: The run's directory.

    Raises:
        RunFileError: The directory, `run.json` or an array is missing, corrupt, truncated or of a newer schema.
    """
    if not path.is_dir():
        raise RunFileError(f"{path}: no such run directory")
    run = read_run_file(path)
    columns = dict(run.arrays or {})
    dtypes = {name: _dtype(path, name, columns[name]) for name in ARRAYS}
    check_columns(path, run, dtypes)
    arrays = {name: read_array(path / f"{name}.npy", dtype) for name, dtype in dtypes.items()}
    _check_counts(path, run, arrays)
    rows = checked_rows(path, run, arrays)
    return RecordedRun(path, run, **(rows | {"frames": _with_bool_warmup(rows["frames"])}))


def _with_bool_warmup(frames: NDArray[Any]) -> NDArray[Any]:
    """Return frames whose `warmup` is boolean, to be used as a mask; in the file it is an integer."""
    columns = [(name, np.bool_ if name == "warmup" else frames.dtype[name]) for name in frames.dtype.names or ()]
    changed = frames.astype(columns)
    changed.flags.writeable = False
    return changed


def read_run_file(directory: Path) -> RunFile:
    """Read the `run.json` of a run, without its arrays.

    Raises:
        RunFileError: It is missing, corrupt or of a newer schema.
    """
    path = directory / "run.json"
    run = _validated(path, _read_text(path))
    # Every key is always written. A missing key has been lost, and must not be replaced by its default.
    missing = [name for name in RunFile.model_fields if name not in run.model_fields_set]
    if missing or run.arrays is None:
        raise RunFileError(f"{path}: not a run file: {', '.join(missing) or 'arrays'} missing: record the run again")
    contradictions = tuple(contradictions_in(run))
    if contradictions:
        raise RunFileError(f"{path}: not a run file: {_in_short(contradictions)}: record the run again")
    return run


def _validated(path: Path, text: bytes) -> RunFile:
    try:
        version = _Version.model_validate_json(text).schema_version
    except ValidationError as error:
        problem = error.errors()[0]
        if problem["type"] == "json_invalid":
            raise RunFileError(f"{path}: corrupt, not {_what_it_is_not(text)}: record the run again") from error
        raise RunFileError(
            f"{path}: not a run file: {_problems(error)}: record the run again"
        ) from None  # it lists each problem
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise RunFileError(
            f"{path}: made by a newer walkerbench (schema {version}; this one reads up to {SCHEMA_VERSION}): upgrade"
        )
    try:
        if type(version) is int and 1 <= version < SCHEMA_VERSION:
            text = _migrated(text)
        # Strict mode is made for JSON: arrays become tuples, but no string becomes a number.
        return RunFile.model_validate_json(text, strict=True)
    except ValidationError as error:
        raise RunFileError(
            f"{path}: not a run file: {_problems(error)}: record the run again"
        ) from None  # it lists each problem


class _Version(BaseModel):
    """The part of a `run.json` that every schema has."""

    schema_version: Any = None


def _migrated(text: bytes) -> bytes:
    # Where an older file lacks keys of its own schema, the validation after this reports them.
    with suppress(LookupError, TypeError, AttributeError):
        return to_json(migrate(from_json(text)))
    return text


def _what_it_is_not(text: bytes) -> str:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return "UTF-8"
    return "JSON"


def _read_text(path: Path) -> bytes:
    try:
        with open_run_file(path) as file:
            text = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise RunFileError(f"{path}: missing: this is not the directory of a recorded run") from error
    except OSError as error:
        raise RunFileError(f"{path}: cannot be read: {error.strerror}") from error
    if len(text) > MOST_BYTES:
        raise RunFileError(
            f"{path}: longer than {MOST_BYTES >> 20} MB, the most that this walkerbench writes: record the run again"
        )
    # Commas in texts are counted, too: they are few, and counting takes a hundredth of the time of parsing.
    if sum(text.count(mark) for mark in b",[{") > _MOST_VALUES:
        raise RunFileError(
            f"{path}: more than {_MOST_VALUES:,} values, the most that this walkerbench writes: record the run again"
        )
    return text


def _problems(error: ValidationError) -> str:
    count = error.error_count()
    if count > _MOST_LISTED:  # listing them takes a second for each 50,000
        return f"{count:,} values are not those of a run"
    return _in_short([f"{'.'.join(map(str, item['loc'])) or 'the whole'}: {item['msg']}" for item in error.errors()])


def _in_short(problems: Sequence[str]) -> str:
    return "; ".join(first_of(problems, _MOST_PROBLEMS))


def _dtype(directory: Path, name: str, columns: Sequence[ColumnRecord]) -> np.dtype[np.void]:
    try:
        return np.dtype([(column.name, column.type, column.shape) for column in columns])
    except (TypeError, ValueError) as error:
        raise RunFileError(
            f"{directory / 'run.json'}: arrays.{name} describes no array: {error}: record the run again"
        ) from error


def _check_counts(directory: Path, run: RunFile, arrays: Mapping[str, NDArray[Any]]) -> None:
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
                f"{directory / f'{name}.npy'}: holds {found} rows, and run.json says {rows}: record the run again"
            )
