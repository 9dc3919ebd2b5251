"""What can be drawn of a workload's agents, in terms that every workload can use.

A picture turns the arrays of a snapshot into what a page draws. It is pickled and used in another process than the one
that runs the agents, so it holds nothing of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

SnapshotArrays = Mapping[str, NDArray[Any]]
"""The workload's snapshot and published fields after a frame, by name."""


@dataclass(frozen=True)
class Scenery:
    """What stays where it is, and what numbers of agents are called; lengths in the workload's own unit.

    Attributes:
        ground: `(points, 2)` float64: x and y along the ground, from left to right; no points for no ground.
        boxes: `(boxes, 4)` float64: centre x, centre y, half-width, half-height.
        levels: Names of what is shown as bars; the first also gives the colour.
        scores: Names of what agents are ranked by, each with its unit; the first one is the usual ranking.
    """

    ground: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    boxes: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)))
    levels: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """All agents after one frame.

    Attributes:
        poses: `(agents, bodies, 3)` float: x, y and angle (rad) of each body; NaN for one that is not there.
        shapes: `(agents,)` int: a number that changes whenever the outlines of an agent's bodies change.
        levels: `(agents, levels)` float, 0…1, in the order of `Scenery.levels`.
        scores: `(agents, scores)` float, in the order of `Scenery.scores`.
        places: `(places, 2)` float: x and y of places of interest, such as food.
    """

    poses: NDArray[Any]
    shapes: NDArray[Any]
    levels: NDArray[Any]
    scores: NDArray[Any]
    places: NDArray[Any] = field(default_factory=lambda: np.empty((0, 2)))


@dataclass(frozen=True)
class AgentDetail:
    """What is known of one agent after one frame.

    Attributes:
        figures: Numbers by name, in groups by title; units are in the names.
        rays: Rays that leave the agent's first body and turn with it: angle (rad), length, and what each hit.
        target: The place that it aims at, x and y; None without one.
    """

    figures: Mapping[str, Mapping[str, float]]
    rays: tuple[tuple[float, float, str], ...] = ()
    target: tuple[float, float] | None = None


class Picture(ABC):
    """Says how the agents of one workload are drawn; picklable."""

    @abstractmethod
    def scenery(self) -> Scenery:
        """Return what stays the same in every frame."""

    @abstractmethod
    def drawing(self, arrays: SnapshotArrays) -> Drawing:
        """Return all agents after a frame.

        Args:
            arrays: Of a snapshot.
        """

    @abstractmethod
    def outlines(self, arrays: SnapshotArrays, agent: int) -> tuple[NDArray[np.float64], ...]:
        """Return the outline of each of an agent's bodies, `(corners, 2)`, about the body's own place at angle 0.

        Args:
            arrays: Of a snapshot.
            agent: Its number.
        """

    def detail(self, arrays: SnapshotArrays, agent: int) -> AgentDetail:
        """Return what is known of one agent; by default nothing beside its levels and scores.

        Args:
            arrays: Of a snapshot.
            agent: Its number.
        """
        return AgentDetail({})
