"""The run as the server's process knows it: what it was told, and what can be asked."""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.errors import CallOrderError
from walkerbench.serving.last_minute import LastMinute
from walkerbench.serving.messages import AskRun, RowsRecorded, RunBegun, RunEnded
from walkerbench.serving.mode_blocks import ModeBlocks
from walkerbench.serving.prometheus import FrameTotals

_OF_THE_LAST_MINUTE = {"metrics", "unmeasured", "verdicts", "attribution", "slow_frames", "worst_frames", "stages"}
_LONG_S = 15.0
_MOST_FRAMES = 60  # of one message, drawn as a point each
_SHOWN_OF_A_STAGE = ("agents", "workers", "mode", "frames", "counters")

Told = RunBegun | RowsRecorded | RunEnded


class LiveRun:
    """What is known of a run that goes on.

    Args:
        ask: Asks something of the run.

    Attributes:
        totals: What was recorded since the run began.
    """

    def __init__(self, ask: AskRun) -> None:
        self.ask = ask
        self._begun: RunBegun | None = None
        self._ended: RunEnded | None = None
        self.totals = FrameTotals()
        self._blocks = ModeBlocks()
        self._last_minute: LastMinute | None = None
        self._latest: RowsRecorded | None = None
        self._figures: dict[str, Any] | None = None
        self._figures_current = True
        self._working = threading.Lock()
        self._news = threading.Condition()
        self._told = 0

    def tell(self, told: Told) -> None:
        """Take note of something that the run's process told."""
        match told:
            case RunBegun():
                self._begun, self._last_minute = told, LastMinute(told)
            case RowsRecorded():
                if self._last_minute is not None:
                    self._last_minute.add(told)
                    self.totals.add(told)
                    self._blocks.add(told)
                    self._latest, self._figures_current = told, False
            case RunEnded():
                self._ended = told
        with self._news:
            self._told += 1
            self._news.notify_all()

    def changes(self) -> Iterator[dict[str, Any] | None]:
        """Yield the status now and each time that there is news, to the end of the run; None where there is no news.

        One who is slower than the news misses some, and gets the latest.
        """
        seen, ended = -1, False
        while not ended:
            told, ended = self._told, self._ended is not None
            yield self.status() if self._begun is not None and told != seen else None
            seen = told
            with self._news:
                self._news.wait_for(functools.partial(self._has_news, seen), timeout=_LONG_S)

    def _has_news(self, seen: int) -> bool:
        return self._told != seen or self._ended is not None

    def problem(self) -> str | None:
        """Return why the run does not go on, or None while it does."""
        if self._ended is not None:
            return f"the run has ended: {self._ended.run.ended_because or self._ended.run.state}"
        return None if self._begun is not None else "the run has not started"

    def status(self) -> dict[str, Any]:
        """Return all that is known of the run, as plain data for JSON.

        Raises:
            CallOrderError: It has not started.
        """
        begun, latest = self._begun, self._latest
        if begun is None:
            raise CallOrderError("the run has not started")
        return {
            "state": "running" if self._ended is None else self._ended.run.state,
            "ended_because": None if self._ended is None else self._ended.run.ended_because,
            "workload": begun.run.workload.name,
            "profile": begun.run.profile.get("name"),
            "directory": str(begun.directory),
            "stage": None if latest is None else latest.stage.stage,
            "threading": None if latest is None else latest.threading,
            "alternation": self._blocks.as_dict(),
            "frame_ms": [] if latest is None else _shown_ms(latest.rows.frames["wall_ns"]),
            "last_minute": self.figures(),
        }

    def figures(self) -> dict[str, Any] | None:
        """Return what was measured in the last minute, since the stage began or threads were switched last.

        It is worked out once for all who ask between two arrivals of rows.

        Returns:
            Keys of `run.json`, of those frames alone, as plain data for JSON; None before the first frames.
        """
        with self._working:
            if not self._figures_current:
                self._figures_current = True  # before: rows may arrive while it is worked out
                self._figures = self._work_out()
            return self._figures

    def _work_out(self) -> dict[str, Any] | None:
        recorded = None if self._last_minute is None else self._last_minute.recorded()
        if recorded is None:
            return None
        # By way of pydantic's own JSON, which writes null where a figure is not a finite number.
        run: dict[str, Any] = json.loads(recorded.run.model_dump_json(include=_OF_THE_LAST_MINUTE))
        (stage,) = run.pop("stages")
        cores = [None if each != each else each for each in recorded.cpu["core_percent"][-1:].ravel().tolist()]
        return run | {name: stage[name] for name in _SHOWN_OF_A_STAGE} | {"core_percent": cores}


def _shown_ms(wall_ns: NDArray[np.int64]) -> list[float]:
    """Return the times of frames in ms; where they are many, the longest of each few that follow one another."""
    few = -(-len(wall_ns) // _MOST_FRAMES) or 1
    longest = np.maximum.reduceat(wall_ns, np.arange(0, len(wall_ns), few)) if len(wall_ns) else wall_ns
    times: list[float] = (longest / 1e6).round(3).tolist()
    return times
