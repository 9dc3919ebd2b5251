"""The rows of the last minute, and the figures that they give."""

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
    """Keeps what was recorded in the last minute, since the stage began or its mode was switched.

    Args:
        begun: What is run.
    """

    def __init__(self, begun: RunBegun) -> None:
        self._begun = begun
        self._parts: tuple[RowsRecorded, ...] = ()

    def add(self, part: RowsRecorded) -> None:
        """Keep rows, and forget those of another stage or mode, and of more than a minute before."""
        kept = [
            each for each in self._parts if same_frames_go_on(each, part) and last_ns(part) - last_ns(each) < KEPT_NS
        ]
        self._parts = (*kept, part)  # another thread may be reading the tuple before

    def recorded(self) -> RecordedRun | None:
        """Return the last minute as a run of one stage, concluded; None before the first rows."""
        parts = self._parts
        if not parts:
            return None
        frames, workers, cpu = (
            _joined([getattr(part.rows, name) for part in parts]) for name in ("frames", "workers", "cpu")
        )
        for rows in (frames, workers):
            rows["stage"] = 0
        frames["warmup"] = 0  # who watches wants to see the frames that there are
        stage, run = parts[-1].stage, self._begun.run
        mode = run.mode.model_copy(update={"used": stage.mode, "traits": stage.traits})
        run = run.changed(stages=(stage.model_copy(update={"stage": 0}),), mode=mode)
        recorded = RecordedRun(self._begun.directory, run, frames, workers, cpu, _NO_DIGESTS)
        return dataclasses.replace(recorded, run=conclude_stages(recorded))


def same_frames_go_on(earlier: RowsRecorded, later: RowsRecorded) -> bool:
    """Return whether rows are of the same stage and mode."""
    return (earlier.stage.stage, earlier.stage.mode) == (later.stage.stage, later.stage.mode)


def _joined(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Concatenate structured arrays of one type: as bytes, for NumPy compares the fields of each with the next."""
    dtype = arrays[0].dtype
    return np.frombuffer(bytearray(b"".join(each.tobytes() for each in arrays)), dtype)


def last_ns(part: RowsRecorded) -> int:
    """Return when the last of some frames began, in `perf_counter_ns`; 0 for no frames."""
    return int(part.rows.frames["start_ns"].max(initial=0))
