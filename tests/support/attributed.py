"""Makes rows of frames and workers by hand, for tests of attribution and of slow frames."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.modes.registry import MODES
from walkerbench.recording.frames import frame_dtype, worker_dtype
from walkerbench.slow_frames.worker_times import Setting
from walkerbench.workloads.main_phase import MainPhase

MS = 1_000_000
FRAMES = frame_dtype(("agents",), "settle", ())
WORKERS = worker_dtype(("agents",))


MAIN_PHASE = MainPhase("agents", "agent processing")


def setting(mode: str, *, gil_enabled: bool = True, crowded: bool = False) -> Setting:
    """Return how the workers of a mode shared the machine."""
    return Setting(MODES.find(mode).traits, gil_enabled, "settle", MAIN_PHASE, crowded)


def frames_of(*rows: dict[str, int]) -> NDArray[Any]:
    """Return one row per frame, numbered from 0 unless it has `frame`; durations in ms, and missing columns are 0."""
    return _rows(FRAMES, [{"frame": number, **row} for number, row in enumerate(rows)])


def workers_of(*rows: dict[str, int]) -> NDArray[Any]:
    """Return one row per worker in a frame, in the same way; `frame` and `worker` as given."""
    return _rows(WORKERS, list(rows))


def _rows(dtype: np.dtype[np.void], rows: list[dict[str, int]]) -> NDArray[Any]:
    made = np.zeros(len(rows), dtype)
    for index, row in enumerate(rows):
        for name, value in row.items():
            made[name][index] = value * MS if name.endswith("_ns") and value > 0 else value
    return made
