"""The run as the server's process knows it, from the messages of the run's process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.errors import CallOrderError
from walkerbench.serving.last_minute import LastMinute, last_ns, same_frames_go_on
from walkerbench.serving.live_pictures import LivePictures
from walkerbench.serving.messages import AskRun, RowsRecorded, RunBegun, RunEnded, SnapshotTaken, StageBegun
from walkerbench.serving.mode_blocks import ModeBlocks
from walkerbench.serving.news import News
from walkerbench.serving.prometheus import FrameTotals

_LAST_MINUTE_KEYS = {"metrics", "unmeasured", "verdicts", "attribution", "slow_frames", "worst_frames", "stages"}
_MOST_POINTS = 60  # per message
_FIGURES_AGE_NS = 1_000_000_000
_STAGE_KEYS = ("agents", "workers", "mode", "frames", "counters", "population")

Told = RunBegun | StageBegun | RowsRecorded | SnapshotTaken | RunEnded


class LiveRun:
    """All that the server knows about the run.

    Args:
        ask: Sends a request to the run, and returns the answer's result.
        watch_pictures: Tells the run whether snapshots are wanted.

    Attributes:
        totals: Totals of all that was recorded since the run began.
        news: Announces every message of the run's process.
        told: How many messages there were that change the status.
        pictures: What can be drawn.
    """

    def __init__(self, ask: AskRun, watch_pictures: Callable[[bool], None]) -> None:
        self.ask = ask
        self.news = News()
        self.told = 0
        self.pictures = LivePictures(watch_pictures, self.news)
        self._begun: RunBegun | None = None
        self._ended: RunEnded | None = None
        self.totals = FrameTotals()
        self._blocks = ModeBlocks()
        self._last_minute: LastMinute | None = None
        self._latest: RowsRecorded | None = None
        self._figures: dict[str, Any] | None = None
        self._figures_of: RowsRecorded | None = None
        self._working = threading.Lock()
        self._writing = threading.Lock()
        self._text: tuple[int, str] = (-1, "")

    def tell(self, told: Told) -> None:
        """Take in a message of the run's process."""
        match told:
            case RunBegun():
                self._begun, self._last_minute = told, LastMinute(told)
            case RowsRecorded():
                if self._last_minute is not None:
                    self._last_minute.add(told)
                    self.totals.add(told)
                    self._blocks.add(told)
                    self._latest = told
            case StageBegun():
                self.pictures.begin_stage(told)
            case SnapshotTaken():
                if not self.pictures.add(told):
                    return
            case RunEnded():
                self._ended = told
        self.told += not isinstance(told, SnapshotTaken)
        self.news.announce()

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self._ended is not None

    def status_text(self) -> tuple[int, str | None]:
        """Return the value of `told` and the status at that time as JSON, which is made once for all clients.

        The status is None before the run has started.
        """
        if self._begun is None:
            return self.told, None
        with self._writing:
            told = self.told
            if self._text[0] != told:
                self._text = told, json.dumps(self.status(), allow_nan=False)
            return self._text

    def problem(self) -> str | None:
        """Return why the run does not go on, or None while it does."""
        if self._ended is not None:
            return f"the run has ended: {self._ended.run.ended_because or self._ended.run.state}"
        return None if self._begun is not None else "the run has not started"

    def status(self) -> dict[str, Any]:
        """Return all that is known about the run, as plain data for JSON.

        Raises:
            CallOrderError: The run has not started.
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
            "drawn": self.pictures.scene_text is not None,
            "latest_frames": None if latest is None else _points(latest.rows.frames),
            "last_minute": self.figures(),
        }

    def figures(self) -> dict[str, Any] | None:
        """Return the figures of the last minute, or since the stage began or threads were switched.

        They are computed once for all callers, and again when they are a second old, or the stage or mode has changed.

        Returns:
            Keys of `run.json`, for these frames alone, as plain data for JSON; None before the first frames.
        """
        with self._working:
            latest = self._latest
            if latest is not None and not _is_recent(self._figures_of, latest):
                self._figures_of = latest  # set first, because rows may arrive during the computation
                self._figures = self._compute_figures()
            return self._figures

    def _compute_figures(self) -> dict[str, Any] | None:
        recorded = None if self._last_minute is None else self._last_minute.recorded()
        if recorded is None:
            return None
        # pydantic's own JSON writes null where a figure is not a finite number.
        run: dict[str, Any] = json.loads(recorded.run.model_dump_json(include=_LAST_MINUTE_KEYS))
        (stage,) = run.pop("stages")
        cores = [None if each != each else each for each in recorded.cpu["core_percent"][-1:].ravel().tolist()]
        return run | {name: stage[name] for name in _STAGE_KEYS} | {"core_percent": cores}


def _is_recent(earlier: RowsRecorded | None, later: RowsRecorded) -> bool:
    """Return whether the figures of earlier rows are still recent enough to be shown."""
    return (
        earlier is not None
        and same_frames_go_on(earlier, later)
        and last_ns(later) - last_ns(earlier) < _FIGURES_AGE_NS
    )


def _points(frames: NDArray[Any]) -> dict[str, Any]:
    """Return frame times in ms, one point per frame; for many frames, one point per few frames, the longest of them."""
    wall_ns, few = frames["wall_ns"], -(-len(frames) // _MOST_POINTS) or 1
    longest = np.maximum.reduceat(wall_ns, np.arange(0, len(wall_ns), few)) if len(wall_ns) else wall_ns
    first = int(frames["frame"][0]) if len(frames) else 0
    return {"first": first, "each": few, "ms": (longest / 1e6).round(3).tolist()}
