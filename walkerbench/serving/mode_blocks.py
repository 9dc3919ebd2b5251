"""Compares the frame times with and without threads, from the blocks of frames between two switches."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from walkerbench.comparison.confidence_interval import median_interval
from walkerbench.modes.sequential import SequentialMode
from walkerbench.modes.threaded import ThreadedMode
from walkerbench.serving.messages import RowsRecorded

_BOUND_ERROR = 0.025  # probability that the median lies beyond a bound, for each bound
_MOST_FRAMES = 10_000  # of a block: without switches, it lasts as long as the run


@dataclass
class _Block:
    """The latest frame times between two switches, without the first rows after the switch."""

    stage: int
    mode: str
    wall_ns: deque[int] = field(default_factory=lambda: deque(maxlen=_MOST_FRAMES))


class ModeBlocks:
    """Pairs neighbouring blocks of a stage, one with threads and one without, and computes the ratio of each pair.

    No block is in two pairs, so that the ratios are independent.
    """

    def __init__(self) -> None:
        self._before: _Block | None = None  # a block that waits for its partner
        self._block: _Block | None = None
        self._log_ratios: list[float] = []

    def add(self, told: RowsRecorded) -> None:
        """Add rows."""
        stage, mode = told.stage.stage, told.stage.mode
        if self._block is None or (self._block.stage, self._block.mode) != (stage, mode):
            self._end_block()
            self._block = _Block(stage, mode)
            return
        self._block.wall_ns += told.rows.frames["wall_ns"].tolist()

    def as_dict(self) -> dict[str, Any] | None:
        """Return the speed-up that the pairs show; None before the first pair.

        Returns:
            `pairs`, how many; `speedup`, the median over pairs of frame time without threads ÷ frame time with threads;
            `low`, `high` and `level` of its interval, each None where there are too few pairs.
        """
        if not self._log_ratios:
            return None
        values = np.array(self._log_ratios)
        interval = median_interval(values, _BOUND_ERROR)
        bounds = (math.exp(interval.low), math.exp(interval.high), interval.level) if interval.supported else [None] * 3
        return {"pairs": len(values), "speedup": math.exp(np.median(values))} | dict(
            zip(("low", "high", "level"), bounds, strict=True)
        )

    def _end_block(self) -> None:
        block, before = self._block, self._before
        if block is None or not block.wall_ns:
            return
        if before is None or before.stage != block.stage or {before.mode, block.mode} != _COMPARED_MODES:
            self._before = block
            return
        times = {each.mode: float(np.median(each.wall_ns)) for each in (before, block)}
        self._log_ratios.append(math.log(times[SequentialMode.name] / times[ThreadedMode.name]))
        self._before = None


_COMPARED_MODES = {SequentialMode.name, ThreadedMode.name}
