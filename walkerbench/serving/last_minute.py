"""Keeps the rows of the last minute, and computes figures from them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.run_directory import RecordedRun
from walkerbench.running.summary import conclude_stages
from walkerbench.serving.messages import RowsRecorded, RunBegun

KEPT_NS = 60_000_000_000

_NO_DIGESTS = np.zeros(0, [("stage", "i8"), ("frame", "i8"), ("agent", "i8")])


class LastMinute:
    """Keeps the rows of the last minute, or since the stage began or the mode was switched, where that is shorter.

    Args:
        begun: The start of the run.
    """

    def __init__(self, begun: RunBegun) -> None:
        self._begun = begun
        self._parts: tuple[RowsRecorded, ...] = ()

    def add(self, part: RowsRecorded) -> None:
        """Keep rows, and forget rows that are of another stage or mode, or more than a minute older."""
        kept = [
            each for each in self._parts if same_frames_go_on(each, part) and last_ns(part) - last_ns(each) < KEPT_NS
        ]
        self._parts = (*kept, part)  # a new tuple, because another thread may be reading the old one

    def recorded(self) -> RecordedRun | None:
        """Return the last minute as a run of one stage with its figures computed; None before the first rows."""
        parts = self._parts
        if not parts:
            return None
        frames, workers, cpu = (
            _joined([getattr(part.rows, name) for part in parts]) for name in ("frames", "workers", "cpu")
        )
        for rows in (frames, workers):
            rows["stage"] = 0
        frames["warmup"] = 0  # a viewer wants to see all frames
        stage, run = parts[-1].stage, self._begun.run
        mode = run.mode.model_copy(update={"used": stage.mode, "traits": stage.traits})
        run = run.changed(stages=(stage.model_copy(update={"stage": 0}),), mode=mode)
        recorded = RecordedRun(self._begun.directory, run, frames, workers, cpu, _NO_DIGESTS)
        return dataclasses.replace(recorded, run=conclude_stages(recorded))


def same_frames_go_on(earlier: RowsRecorded, later: RowsRecorded) -> bool:
    """Return whether rows are of the same stage and mode."""
    return (earlier.stage.stage, earlier.stage.mode) == (later.stage.stage, later.stage.mode)


def _joined(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Concatenate structured arrays of one type; as bytes, because NumPy would compare the fields of all arrays."""
    dtype = arrays[0].dtype
    return np.frombuffer(bytearray(b"".join(each.tobytes() for each in arrays)), dtype)


def last_ns(part: RowsRecorded) -> int:
    """Return when the last frame of some rows began, in `perf_counter_ns`; 0 for no frames."""
    return int(part.rows.frames["start_ns"].max(initial=0))
