"""The ground as a heightfield, its obstacles, and where robots start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from walkerbench.workloads.walker.arrays import Floats
from walkerbench.workloads.walker.settings import TerrainSettings
from walkerbench.workloads.walker.streams import WorldStream, world_stream

_BLEND_WAVELENGTH_M = 120.0  # in the mixed style: distance between two stretches of the same kind
_SURFACE_STEPS_PER_M = 32  # on a slope of 1/2, the error of a height is then less than 1 cm


@dataclass(frozen=True)
class Ground:
    """The terrain of a run; all lengths in metres.

    Attributes:
        x_min: x of the first vertex.
        resolution: Distance between neighbouring vertices in x.
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
        """Return the height of the ground at each x; minus infinity beyond its ends."""
        place = (x - self.x_min) / self.resolution
        segment = self.segment_at(x)
        left = self.heights[segment]
        height: Floats = left + (self.heights[segment + 1] - left) * (place - segment)
        height[(place < 0) | (place > len(self.heights) - 1)] = -np.inf
        return height

    def segment_at(self, x: Floats) -> NDArray[np.intp]:
        """Return the number of the segment under each x; beyond the ends of the ground, that of the first or last."""
        place = (x - self.x_min) / self.resolution
        np.minimum(np.maximum(place, 0.0, out=place), len(self.heights) - 2, out=place)
        return place.astype(np.intp)

    def top_between(self, left: float, right: float) -> float:
        """Return the height of the highest point of ground and obstacles between two x, m."""
        vertices = self.x_min + self.resolution * np.arange(len(self.heights))
        inside = self.heights[(vertices >= left) & (vertices <= right)]
        tops = [*inside, *self.height_at(np.array([left, right, (left + right) / 2]))]
        for x, y, half_width, half_height in self.boxes:
            if x + half_width >= left and x - half_width <= right:
                tops.append(y + half_height)
        return float(max(tops))


@dataclass(frozen=True)
class Surface:
    """A table of the heights of ground and obstacles in fine steps: a look-up is faster than the computation.

    Attributes:
        heights: `(steps + 2,)` at the middle of each step, m; the first and last are minus infinity, beyond the ground.
        x_first: x where the first step begins, m.
        step: Length of a step, m.
    """

    heights: Floats
    x_first: float
    step: float

    @classmethod
    def of(cls, ground: Ground) -> Surface:
        """Return the table for a ground."""
        steps = round((ground.x_max - ground.x_min) * _SURFACE_STEPS_PER_M)
        x = ground.x_min + (np.arange(steps, dtype=np.float64) + 0.5) / _SURFACE_STEPS_PER_M
        tops = ground.height_at(x)
        for box_x, box_y, half_width, half_height in ground.boxes:
            over = np.abs(x - box_x) <= half_width
            tops[over] = np.maximum(tops[over], box_y + half_height)
        step = 1 / _SURFACE_STEPS_PER_M
        return cls(np.concatenate([[-np.inf], tops, [-np.inf]]), ground.x_min - step, step)


@dataclass(frozen=True)
class Outlines:
    """A table of the outlines near each segment of the ground: a look-up is faster than a search.

    Attributes:
        points: `(segments, points)` complex x + iy, m. First the vertices within reach of the segment, to its left
            and right; then, for each box within reach, its outline of five points, clockwise and closed. NaN between
            two outlines, beyond the ends of the ground, and in place of boxes where other segments have more of them.
        boxes_begin: Number of the first point that belongs to a box.
    """

    points: NDArray[np.complex128]
    boxes_begin: int

    @classmethod
    def of(cls, ground: Ground, reach_m: float) -> Outlines:
        """Return the table for a ground.

        Args:
            ground: The ground.
            reach_m: How far from a segment an outline may be, m.
        """
        reach = int(np.ceil(reach_m / ground.resolution))
        x = ground.x_min + ground.resolution * np.arange(len(ground.heights))
        beyond = np.full(reach, complex(np.nan, np.nan))
        padded = np.concatenate([beyond, x + 1j * ground.heights, beyond])
        vertices = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 2)
        return cls(np.hstack([vertices, _boxes_near(ground, ground.resolution * reach)]), 2 * reach + 2)


def _boxes_near(ground: Ground, reach_m: float) -> NDArray[np.complex128]:
    """Return `(segments, 6 per box)`: NaN, then the closed outline, for each box near a segment."""
    lefts = ground.x_min + ground.resolution * np.arange(len(ground.heights) - 1)
    x, y, half_width, half_height = ground.boxes.T
    near = (x + half_width >= lefts[:, None] - reach_m) & (
        x - half_width <= lefts[:, None] + ground.resolution + reach_m
    )
    most = int(near.sum(axis=1).max(initial=0))
    outlines = np.full((len(ground.boxes), 6), complex(np.nan, np.nan))
    for corner, (right, up) in enumerate(((-1, -1), (-1, 1), (1, 1), (1, -1), (-1, -1)), start=1):
        outlines[:, corner] = x + right * half_width + 1j * (y + up * half_height)
    found = np.full((len(lefts), most, 6), complex(np.nan, np.nan))
    for segment, boxes in enumerate(near):
        found[segment, : int(boxes.sum())] = outlines[boxes]
    return found.reshape(len(lefts), 6 * most)


def build_ground(settings: TerrainSettings, num_agents: int, seed: int) -> Ground:
    """Return the terrain for a number of agents and a seed."""
    rng = world_stream(seed, WorldStream.TERRAIN)
    cells = max(2, round((settings.x_max_m - settings.x_min_m) / settings.resolution_m))
    resolution = (settings.x_max_m - settings.x_min_m) / cells
    x = settings.x_min_m + resolution * np.arange(cells + 1, dtype=np.float64)
    heights = _heights(settings, x, rng).astype(np.float32).astype(np.float64)
    starts = start_positions(settings, num_agents)
    bare = Ground(settings.x_min_m, resolution, heights, np.empty((0, 4)), starts)
    return Ground(settings.x_min_m, resolution, heights, _obstacles(settings, bare), starts)


def start_positions(settings: TerrainSettings, num_agents: int) -> Floats:
    """Return starts spread evenly about the middle, `start_spacing_m` apart, or closer where the width is too small."""
    room = settings.x_max_m - settings.x_min_m - 2 * settings.start_margin_m
    spacing = min(settings.start_spacing_m, room / max(1, num_agents - 1))
    middle = (settings.x_min_m + settings.x_max_m) / 2
    return middle + spacing * (np.arange(num_agents, dtype=np.float64) - (num_agents - 1) / 2)


def _heights(settings: TerrainSettings, x: Floats, rng: np.random.Generator) -> Floats:
    # Every style draws the same random numbers, so that another style changes the ground and nothing else.
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
    mixed: Floats = rolling * np.cos(turn / 2) ** 2 + rough * np.sin(turn) ** 2
    return mixed


def _obstacles(settings: TerrainSettings, ground: Ground) -> Floats:
    """Return a box in the middle between two neighbouring starts, about every `obstacle_spacing_m`."""
    middles = (ground.starts[1:] + ground.starts[:-1]) / 2
    boxes: list[tuple[float, float, float, float]] = []
    for x in middles:
        if boxes and x - boxes[-1][0] < settings.obstacle_spacing_m:
            continue
        base = float(ground.height_at(np.array([x]))[0])
        y = np.float32(base + settings.obstacle_half_height_m)
        boxes.append((float(np.float32(x)), float(y), settings.obstacle_half_width_m, settings.obstacle_half_height_m))
    return np.array(boxes, np.float64).reshape(-1, 4)
