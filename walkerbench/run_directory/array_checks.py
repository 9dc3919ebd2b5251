"""Checks the arrays of a run against its `run.json` when they are read, so that no other code has to.

The arrays must be as every recorder writes them: columns of the right type, a row for every frame and worker in their
order, times that follow one another, and numbers whose sums fit into 64 bits. `MISSING` and `UNREAD` are allowed only
where recorders may write them.

A run that has not ended, was killed or broke may lack the last rows of some arrays. It is read up to the last frame
that both `frames.npy` and `workers.npy` have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.errors import RunFileError
from walkerbench.recorded_value import MISSING, UNREAD
from walkerbench.recording.cpu import cpu_dtype
from walkerbench.recording.frames import FRAME_NUMBER_BITS, frame_dtype, frame_keys, worker_dtype
from walkerbench.recording.scheduling import ThreadSpan
from walkerbench.run_directory.schema import RunFile
from walkerbench.workloads.digests import KEY_COLUMNS

Arrays = dict[str, NDArray[Any]]
_Integers = NDArray[np.int64]

# Columns of every schema; older schemas lack some of today's columns.
_NUMBER = np.dtype(np.int64)
_DIGEST = np.dtype(np.uint64)
_REQUIRED = {
    "frames": ("frame", "stage", "warmup", "start_ns", "wall_ns", "dispatch_ns", "barrier_wait_ns", "busy_ns", "cpu_ns",
               "gc_ns"),
    "workers": ("frame", "stage", "worker", "start_ns", "busy_ns", "cpu_ns", "gc_ns"),
    "cpu": ("time_ns", "tree_cpu_s", "tree_rss_bytes", "core_percent"),
    "digests": KEY_COLUMNS,
}  # fmt: skip
_MAY_BE_UNREAD = frozenset({"core_wait_ns", "core_wait_before_ns"})
_MAY_BE_MISSING = frozenset(ThreadSpan._fields) - {"cpu_ns"}
_LATEST_NS = 2**62  # a clock that began 146 years ago
_MOST_COUNTED = 2**36  # page faults or switches of a thread in a frame; attribution multiplies them by up to 5e7 ns
_MOST_TOTAL = 2**62
_MOST_PERCENT = 1000.0
_MOST_CPU_S = 1e12


def check_columns(directory: Path, run: RunFile, dtypes: Mapping[str, np.dtype[np.void]]) -> None:
    """Check that each array has all required columns, and each column the type that recorders write.

    Args:
        directory: Where the arrays lie.
        run: What they are checked against.
        dtypes: The dtypes that `run.json` states, by array.

    Raises:
        RunFileError: A column is missing, unknown or of another type.
    """
    expected = _expected(run, dtypes)
    workload = run.workload
    phases = [f"{phase}_ns" for phase in workload.phases]
    of_workload = {"frames": [*phases, f"{workload.settle_phase}_ns", *workload.frame_counters], "workers": phases}
    for array, dtype in dtypes.items():
        path = directory / f"{array}.npy"
        names = dtype.names or ()
        missing = [name for name in (*_REQUIRED[array], *of_workload.get(array, ())) if name not in names]
        if missing:
            raise _damaged(path, f"has no column {', '.join(missing)}")
        for name in names:
            wanted = expected[array].get(name)
            if wanted is None:
                raise _damaged(path, f"has a column {name!r}, which no recorder writes")
            if _kind(dtype[name]) != _kind(wanted):
                raise _damaged(path, f"{name} is of type {dtype[name]}, not {wanted}")


def checked_rows(directory: Path, run: RunFile, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Check the rows of every array.

    Args:
        directory: Where the arrays lie.
        run: What they are checked against.
        arrays: As they were read, with the columns that `check_columns` requires.

    Returns:
        The arrays up to the last frame that has all its rows in both `frames` and `workers`.

    Raises:
        RunFileError: A recorder would not write such a row, or not at that place.
    """
    frames, workers, digests = arrays["frames"], arrays["workers"], arrays["digests"]
    paths = {name: directory / f"{name}.npy" for name in arrays}
    _check_frames(paths["frames"], run, frames)
    _check_cpu(paths["cpu"], arrays["cpu"])
    _check_digests(paths["digests"], run, digests)
    first = np.concatenate([[0], np.cumsum(_workers_of_stages(run)[frames["stage"]])])
    whole = int(np.searchsorted(first, len(workers), "right")) - 1
    frames, workers = frames[:whole], workers[: int(first[whole])]
    _check_workers(paths["workers"], frames, workers, first[: whole + 1])
    recorded = frame_keys(digests) <= (frame_keys(frames[-1:])[0] if whole else -1)
    return {**arrays, "frames": frames, "workers": workers, "digests": digests if recorded.all() else digests[recorded]}


def _check_frames(path: Path, run: RunFile, frames: NDArray[Any]) -> None:
    if not len(frames):
        return
    stage, warmup = frames["stage"], frames["warmup"]
    steps = np.diff(stage, prepend=0)
    wrong = (steps < 0) | (steps > 1) | (stage < 0) | (stage >= len(_workers_of_stages(run)))
    wrong[0] |= stage[0] != 0
    _refuse(path, "stage", frames, wrong)
    begins = np.flatnonzero(np.diff(stage, prepend=-1))
    _refuse(path, "frame", frames, frames["frame"] != _numbers_within(begins, len(frames)))
    late = np.diff(warmup, prepend=1) > 0
    late[begins] = False
    _refuse(path, "warmup", frames, (warmup < 0) | (warmup > 1) | late)
    _check_numbers(path, frames, counters=run.workload.frame_counters)
    ended_ns = frames["start_ns"] + frames["wall_ns"]
    overlaps = frames["start_ns"][1:] < ended_ns[:-1]
    _refuse(path, "start_ns", frames, np.concatenate([[False], overlaps]))


def _check_workers(path: Path, frames: NDArray[Any], workers: NDArray[Any], first: _Integers) -> None:
    if not len(workers):
        return
    counts = np.diff(first)
    for column in ("stage", "frame"):
        _refuse(path, column, workers, workers[column] != np.repeat(frames[column], counts))
    _refuse(path, "worker", workers, workers["worker"] != _numbers_within(first[:-1], len(workers)))
    _check_numbers(path, workers)
    # Clocks of two machines need not agree, but the sum of their differences must fit into 64 bits.
    _check_total(path, "start_ns", workers["start_ns"] - np.repeat(frames["start_ns"], counts))


def _check_cpu(path: Path, cpu: NDArray[Any]) -> None:
    moments, percent, cpu_s = cpu["time_ns"], cpu["core_percent"], cpu["tree_cpu_s"]
    # No two samples have the same time: rates are computed between them.
    not_later = np.concatenate([np.zeros(min(1, len(cpu)), bool), moments[1:] <= moments[:-1]])
    _refuse(path, "time_ns", cpu, (moments < 0) | (moments >= _LATEST_NS) | not_later)
    _refuse(path, "tree_cpu_s", cpu, ~(np.isnan(cpu_s) | ((cpu_s >= 0) & (cpu_s <= _MOST_CPU_S))))
    _refuse(path, "tree_rss_bytes", cpu, (cpu["tree_rss_bytes"] < MISSING) | (cpu["tree_rss_bytes"] >= _LATEST_NS))
    # NaN where a core was switched on or off.
    known = np.isnan(percent) | ((percent >= 0) & (percent <= _MOST_PERCENT))
    _refuse(path, "core_percent", cpu, ~known.all(axis=1))


def _check_digests(path: Path, run: RunFile, digests: NDArray[Any]) -> None:
    if not len(digests):
        return
    stage, frame, agents = digests["stage"], digests["frame"], _agents_of_stages(run)
    _refuse(path, "stage", digests, (stage < 0) | (stage >= len(_workers_of_stages(run))))
    _refuse(path, "frame", digests, (frame < 0) | (frame >= 2**FRAME_NUMBER_BITS))
    steps = np.diff(frame_keys(digests), prepend=-1)
    _refuse(path, "frame", digests, steps < 0)
    begins = np.flatnonzero(steps)
    _refuse(path, "agent", digests, digests["agent"] != _numbers_within(begins, len(digests)))
    if agents is not None:
        sizes = np.diff(begins, append=len(digests))
        _refuse(path, "agent", digests[begins], sizes != agents[stage[begins]])


def _check_numbers(path: Path, rows: NDArray[Any], counters: Sequence[str] = ()) -> None:
    """Check the range of every column, and that its sum fits into 64 bits; `start_ns` is never summed.

    Args:
        path: The array's file.
        rows: At least one row; all columns are int64.
        counters: Columns in which a workload may count up to any number.
    """
    names = rows.dtype.names or ()
    table = rows.view(np.int64).reshape(len(rows), len(names))
    for name, low, high, column in zip(names, table.min(axis=0), table.max(axis=0), table.T, strict=True):
        is_ns = name.endswith("_ns")
        most = _LATEST_NS if is_ns or name in ("frame", "stage", "warmup", "worker") else _MOST_COUNTED
        of_thread = name.removeprefix("parent_")
        least = UNREAD if of_thread in _MAY_BE_UNREAD else MISSING if of_thread in _MAY_BE_MISSING else 0
        if name not in counters and not (least <= low and high < most):
            _refuse(path, name, rows, (column < least) | (column >= most))
        if name != "start_ns" and max(-int(low), int(high)) * len(rows) >= _MOST_TOTAL:
            _check_total(path, name, column)


def _check_total(path: Path, name: str, column: _Integers) -> None:
    if float(np.abs(column.astype(np.float64)).sum()) >= _MOST_TOTAL:
        raise _damaged(path, f"{name} adds up to more than is possible")


def _damaged(path: Path, problem: str) -> RunFileError:
    return RunFileError(f"{path}: corrupt, {problem}: record the run again")


def _refuse(path: Path, column: str, rows: NDArray[Any], wrong: NDArray[np.bool_]) -> None:
    if wrong.any():
        index = int(np.argmax(wrong))
        raise _damaged(path, f"row {index} cannot have {column} {rows[column][index].tolist()}")


def _numbers_within(begins: _Integers, length: int) -> _Integers:
    """Return `(length,)`: how far each row is from the last of the beginnings before it; the first one is 0."""
    numbers: _Integers = np.arange(length) - np.repeat(begins, np.diff(begins, append=length))
    return numbers


def _workers_of_stages(run: RunFile) -> _Integers:
    """Return how many workers each stage has, also of one that was not over when `run.json` was written."""
    planned = len(run.profile.get("stages", ())) or 1
    unfinished = max(0, planned - len(run.stages)) if run.state == "running" else 0
    return np.array([stage.workers for stage in run.stages] + [run.mode.workers] * unfinished, np.int64)


def _agents_of_stages(run: RunFile) -> _Integers | None:
    """Return how many agents each stage has; None where that is not recorded."""
    if run.state != "running":
        return np.array([stage.agents for stage in run.stages], np.int64)
    planned = run.profile.get("stages")
    return None if planned is None else np.array([stage["agents"] for stage in planned], np.int64)


def _expected(run: RunFile, dtypes: Mapping[str, np.dtype[np.void]]) -> dict[str, dict[str, np.dtype[Any]]]:
    """Return the type of every column that a recorder may write, by array and name."""
    workload, cpu = run.workload, dtypes["cpu"]
    cores = cpu["core_percent"].shape if "core_percent" in (cpu.names or ()) else ()
    written = {
        "frames": frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters),
        "workers": worker_dtype(workload.phases),
        "cpu": cpu_dtype(cores[0] if len(cores) == 1 else 1),
    }
    columns = {array: {name: dtype[name] for name in dtype.names or ()} for array, dtype in written.items()}
    digests = {name: _NUMBER if name in KEY_COLUMNS else _DIGEST for name in dtypes["digests"].names or ()}
    return columns | {"digests": digests}


def _kind(dtype: np.dtype[Any]) -> tuple[str, int, tuple[int, ...]]:
    """Return the properties of a type that must match: all but the byte order."""
    return dtype.base.kind, dtype.base.itemsize, dtype.shape
