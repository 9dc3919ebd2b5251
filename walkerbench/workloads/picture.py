"""How a page draws a workload's agents, in terms that fit every workload.

A picture turns the arrays of a snapshot into the data that a page draws. It is pickled, and used in another process
than the one that runs the agents, so it must not hold any of them.
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
    """What is the same in every frame: things that do not move, and names of figures; lengths in the workload's unit.

    Attributes:
        ground: `(points, 2)` float64: x and y along the ground, from left to right; no points for no ground.
        boxes: `(boxes, 4)` float64: centre x, centre y, half-width, half-height.
        levels: Names of the figures that are shown as bars; the first also sets the colour.
        scores: Names of the figures that agents are ranked by, each with its unit; the first is the default ranking.
    """

    ground: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    boxes: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 4)))
    levels: tuple[str, ...] = ()
    scores: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """All agents after one frame.

    Attributes:
        poses: `(agents, bodies, 3)` float: x, y and angle (rad) of each body; NaN for a body that is not there.
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
    """Details of one agent after one frame.

    Attributes:
        figures: Numbers by name, in groups by title; units are in the names.
        rays: Rays that leave the agent's first body and turn with it: angle (rad), length, and what each hit.
        target: x and y of the place that the agent aims at; None without one.
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
        """Return the drawing of all agents after a frame.

        Args:
            arrays: Those of a snapshot.
        """

    @abstractmethod
    def outlines(self, arrays: SnapshotArrays, agent: int) -> tuple[NDArray[np.float64], ...]:
        """Return the outline of each of an agent's bodies, `(corners, 2)`, relative to the body's position, at angle 0.

        Args:
            arrays: Those of a snapshot.
            agent: The agent's number.
        """

    def detail(self, arrays: SnapshotArrays, agent: int) -> AgentDetail:
        """Return details of one agent; by default none.

        Args:
            arrays: Those of a snapshot.
            agent: The agent's number.
        """
        return AgentDetail({})
