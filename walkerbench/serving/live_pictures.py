"""What clients draw of a run, in the server's process: the scene, changed outlines, and the latest frame."""

from __future__ import annotations

import base64
import json
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.errors import RAISED_BY_OTHERS, CallOrderError, UsageError, describe_error
from walkerbench.serving.messages import SnapshotTaken, StageBegun
from walkerbench.serving.news import News
from walkerbench.workloads.picture import AgentDetail, Drawing, Picture

_SNAPSHOT_TIMEOUT_S = 5.0
_LENGTH_DIGITS = 4  # decimals of lengths in the scene and the outlines

_FULL_LEVEL = 255

CLIENTS_WITH_ALL = 8
"""Up to this number of clients get every snapshot, up to twice as many get every second snapshot, and so on."""


class LivePictures:
    """Turns snapshots into the texts that clients draw; each text is made once for all clients.

    Snapshots are taken only while `watched`. The more clients watch, the fewer snapshots are sent, because sending
    takes time of a core that the run may need.

    Args:
        watch: Tells the run's process whether snapshots are wanted.
        news: Announces each snapshot.

    Attributes:
        number: Number of the latest snapshot, from 1; 0 before the first.
        scene_text: What is the same in the whole stage, as JSON; None where nothing can be drawn.
        frame_text: The latest frame, as JSON.
    """

    def __init__(self, watch: Callable[[bool], None], news: News) -> None:
        self._watch = watch
        self._news = news
        self._watching = 0
        self._left_out = 0
        self._changing = threading.Lock()
        self._picture: Picture | None = None
        self._problem = "the run has not started"
        self._latest: SnapshotTaken | None = None
        self._shapes: NDArray[Any] = np.empty(0)
        self._changed_at: NDArray[np.int64] = np.empty(0, np.int64)
        self._outlines: list[str] = []
        self.number = 0
        self.scene_text: str | None = None
        self.frame_text: str | None = None

    def begin_stage(self, stage: StageBegun) -> None:
        """Use the picture of a new stage from now on."""
        self._latest, self.frame_text, self.scene_text = None, None, None
        self._shapes = np.empty(0)
        self._picture, self._problem = None, stage.problem or f"{stage.workload} cannot be drawn"
        if stage.picture is None:
            return
        with self._failing_quietly():
            picture: Picture = pickle.loads(stage.picture)  # noqa: S301 — of the process that started this one
            scene = picture.scenery()
            self.scene_text = json.dumps(
                {
                    "stage": stage.number,
                    "agents": stage.agents,
                    "ground": scene.ground.round(_LENGTH_DIGITS).tolist(),
                    "boxes": scene.boxes.round(_LENGTH_DIGITS).tolist(),
                    "levels": scene.levels,
                    "scores": scene.scores,
                },
                allow_nan=False,
            )
            self._picture = picture

    def add(self, snapshot: SnapshotTaken) -> bool:
        """Draw a snapshot, or skip it where many clients watch; return whether clients have something new to draw."""
        picture = self._picture
        self._left_out += 1
        if picture is None or self._left_out * CLIENTS_WITH_ALL < self._watching:
            return False
        self._left_out = 0
        with self._failing_quietly():
            drawing = picture.drawing(snapshot.arrays)
            self._update_outlines(picture, snapshot, drawing)
            self.frame_text = _frame_text(snapshot, drawing)
            self._latest = snapshot
            self.number += 1
        return True

    def outlines_since(self, number: int) -> str | None:
        """Return the outlines that changed after a snapshot, as JSON by agent; None where none did.

        Args:
            number: Number of the snapshot that the client drew last.
        """
        changed = np.flatnonzero(self._changed_at > number)
        if not len(changed):
            return None
        return "{" + ", ".join(f'"{agent}": {self._outlines[agent]}' for agent in changed.tolist()) + "}"

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Let the run take snapshots during the block."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def detail(self, agent: int) -> dict[str, Any]:
        """Return details of one agent, from a snapshot that is taken now.

        Raises:
            CallOrderError: The run's agents cannot be drawn, or no snapshot came in time.
            UsageError: There is no such agent.
        """
        if self._picture is None:
            raise CallOrderError(self._problem)
        seen = self.number
        with self.watched():
            self._news.wait(lambda: self.number != seen or self._picture is None, _SNAPSHOT_TIMEOUT_S)
            picture, latest = self._picture, self._latest
        if picture is None or latest is None or self.number == seen:
            raise CallOrderError("the run sent no picture of its agents")
        if agent >= len(self._changed_at):
            raise UsageError(f"there is no agent {agent}: give 0 to {len(self._changed_at) - 1}")
        detail: AgentDetail | None = None
        with self._failing_quietly():
            detail = picture.detail(latest.arrays, agent)
        if detail is None:
            raise CallOrderError(self._problem)
        return {
            "stage": latest.stage,
            "frame": latest.frame,
            "agent": agent,
            "figures": {
                title: {name: _or_none(value) for name, value in group.items()}
                for title, group in detail.figures.items()
            },
            "rays": [{"angle": angle, "length": length, "hit": hit} for angle, length, hit in detail.rays],
            "target": detail.target,
        }

    def _count(self, more: int) -> None:
        with self._changing:
            before = self._watching
            self._watching += more
            if bool(before) != bool(self._watching):
                self._watch(bool(self._watching))

    def _update_outlines(self, picture: Picture, snapshot: SnapshotTaken, drawing: Drawing) -> None:
        shapes, agents = drawing.shapes, len(drawing.shapes)
        if len(self._shapes) != agents:
            self._changed_at, self._outlines = np.zeros(agents, np.int64), [""] * agents
            changed = np.arange(agents)
        else:
            changed = np.flatnonzero(shapes != self._shapes)
        for agent in changed.tolist():
            outlines = picture.outlines(snapshot.arrays, agent)
            self._outlines[agent] = json.dumps(
                [each.round(_LENGTH_DIGITS).tolist() for each in outlines], allow_nan=False
            )
        self._changed_at[changed] = self.number + 1
        self._shapes = shapes

    @contextmanager
    def _failing_quietly(self) -> Iterator[None]:
        """Stop drawing if the workload's code raises within the block; the run goes on."""
        try:
            yield
        except RAISED_BY_OTHERS as error:
            self._picture, self.scene_text, self.frame_text = None, None, None
            self._problem = f"its picture failed: {describe_error(error)}"


def _frame_text(snapshot: SnapshotTaken, drawing: Drawing) -> str:
    """Return a frame as JSON: arrays in base64, as little-endian float32, levels as bytes."""
    levels = np.clip(np.nan_to_num(drawing.levels), 0, 1) * _FULL_LEVEL
    return json.dumps(
        {
            "stage": snapshot.stage,
            "frame": snapshot.frame,
            "bodies": drawing.poses.shape[1],
            "poses": _base64(drawing.poses, "<f4"),
            "levels": _base64(levels.round(), "u1"),
            "scores": _base64(drawing.scores, "<f4"),
            "places": _base64(drawing.places, "<f4"),
        }
    )


def _base64(array: NDArray[Any], dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
