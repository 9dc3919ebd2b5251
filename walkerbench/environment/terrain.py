"""The ground as a heightfield, its obstacles, and where robots start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from walkerbench.environment.settings import Terrain
from walkerbench.environment.streams import WorldStream, world_stream

Floats = NDArray[np.float64]

_BLEND_WAVELENGTH_M = 120.0  # in the mixed style: from one stretch of a kind to the next of that kind
_FAR_M = 1e9  # where padding boxes stand: beyond every reach, yet finite, so that arithmetic on it stays quiet


@dataclass(frozen=True)
class Ground:
    """A terrain as built; all lengths in metres.

    Attributes:
        x_min: x of the first vertex.
        resolution: Distance of neighbouring vertices in x.
        heights: `(vertices,)` float64, each exactly a float32, so that Box2D holds the same ground.
        boxes: `(boxes, 4)`: centre x, centre y, half-width, half-height, by ascending x.
        starts: `(agents,)` x of every agent's start.
    """

    x_min: float
    resolution: float
    heights: Floats
    boxes: Floats
    starts: Floats

    @property
    def x_max(self) -> float:
        """X of the last vertex."""
        return self.x_min + (len(self.heights) - 1) * self.resolution

    def height_at(self, x: Floats) -> Floats:
        """Height of the ground at each x; level beyond the ends."""
        cell, share = self.locate(x)
        return self.heights[cell] + (self.heights[cell + 1] - self.heights[cell]) * share

    def locate(self, x: Floats) -> tuple[NDArray[np.intp], Floats]:
        """The segment under each x and the share of it that lies to the left, both held within the ground."""
        place = np.minimum(np.maximum((x - self.x_min) / self.resolution, 0.0), len(self.heights) - 1.0)
        cell = np.minimum(place.astype(np.intp), len(self.heights) - 2)
        return cell, place - cell

    def top_between(self, left: float, right: float) -> float:
        """Highest point of ground and obstacles between two x."""
        vertices = self.x_min + self.resolution * np.arange(len(self.heights))
        inside = self.heights[(vertices >= left) & (vertices <= right)]
        tops = [*inside, *self.height_at(np.array([left, right]))]
        for x, y, half_width, half_height in self.boxes:
            if x + half_width >= left and x - half_width <= right:
                tops.append(y + half_height)
        return float(max(tops))


@dataclass(frozen=True)
class BoxWindow:
    """Finds the obstacles near an x without looking at them all.

    Attributes:
        boxes: `(boxes + width, 4)`, as in `Ground`, padded with boxes out of reach.
        reach: How far from x a box's centre may lie.
        width: Most boxes that any window holds, at least 1.
    """

    boxes: Floats
    reach: float
    width: int

    @classmethod
    def over(cls, ground: Ground, reach: float) -> BoxWindow:
        """Prepare windows of x ± reach, widened by the boxes' own half-width."""
        centres = ground.boxes[:, 0]
        reach += float(ground.boxes[:, 2].max(initial=0.0))
        ends = np.searchsorted(centres, centres + 2 * reach, side="right")
        width = int((ends - np.arange(len(centres))).max(initial=1))
        padding = np.tile([_FAR_M, 0.0, 0.0, 0.0], (width, 1))
        return cls(np.concatenate([ground.boxes, padding]), reach, width)

    def near(self, x: Floats) -> Floats:
        """Boxes within reach of each x.

        Args:
            x: `(agents,)`.

        Returns:
            `(4, agents, width)`: centre x, centre y, half-width, half-height; may hold boxes out of reach.
        """
        first = np.searchsorted(self.boxes[:, 0], x - self.reach)
        first = np.minimum(first, len(self.boxes) - self.width)
        found = self.boxes[first[:, None] + np.arange(self.width)]
        return np.ascontiguousarray(np.moveaxis(found, 2, 0))


def build_ground(settings: Terrain, num_agents: int, seed: int) -> Ground:
    """Build the terrain that a seed gives for so many agents."""
    rng = world_stream(seed, WorldStream.TERRAIN)
    cells = max(2, round((settings.x_max_m - settings.x_min_m) / settings.resolution_m))
    resolution = (settings.x_max_m - settings.x_min_m) / cells
    x = settings.x_min_m + resolution * np.arange(cells + 1)
    heights = _heights(settings, x, rng).astype(np.float32).astype(np.float64)
    starts = start_positions(settings, num_agents)
    bare = Ground(settings.x_min_m, resolution, heights, np.empty((0, 4)), starts)
    return Ground(settings.x_min_m, resolution, heights, _obstacles(settings, bare), starts)


def start_positions(settings: Terrain, num_agents: int) -> Floats:
    """Starts spread evenly about the middle, `start_spacing_m` apart or as the width allows."""
    room = settings.x_max_m - settings.x_min_m - 2 * settings.start_margin_m
    spacing = min(settings.start_spacing_m, room / max(1, num_agents - 1))
    middle = (settings.x_min_m + settings.x_max_m) / 2
    return middle + spacing * (np.arange(num_agents) - (num_agents - 1) / 2)


def _heights(settings: Terrain, x: Floats, rng: np.random.Generator) -> Floats:
    # Every style draws the same numbers, so that a style changes the ground and nothing else.
    phases = rng.uniform(0.0, 2 * np.pi, 3)
    noise = rng.normal(0.0, 1.0, len(x))
    waves = sum(
        np.sin(2 * np.pi * x * factor / settings.rolling_wavelength_m + phase) / factor
        for factor, phase in zip((1.0, 1.7, 2.9), phases, strict=True)
    )
    rolling = settings.rolling_amplitude_m * np.asarray(waves) / 2
    rough = settings.rough_deviation_m * noise
    if settings.style == "flat":
        return np.zeros_like(x)
    if settings.style == "rolling":
        return rolling
    if settings.style == "rough":
        return rough
    turn = 2 * np.pi * x / _BLEND_WAVELENGTH_M
    return rolling * np.cos(turn / 2) ** 2 + rough * np.sin(turn) ** 2


def _obstacles(settings: Terrain, ground: Ground) -> Floats:
    """A box in the middle between two neighbouring starts, about every `obstacle_spacing_m`."""
    middles = (ground.starts[1:] + ground.starts[:-1]) / 2
    boxes: list[tuple[float, float, float, float]] = []
    for x in middles:
        if boxes and x - boxes[-1][0] < settings.obstacle_spacing_m:
            continue
        base = float(ground.height_at(np.array([x]))[0])
        y = np.float32(base + settings.obstacle_half_height_m)
        boxes.append((float(np.float32(x)), float(y), settings.obstacle_half_width_m, settings.obstacle_half_height_m))
    return np.array(boxes, np.float64).reshape(-1, 4)
