"""Rays cast analytically, for all agents at once: what each hits first, and how far away.

Formulas are those of two parametrised lines, of a line and an axis-aligned box (the slab method: Kay and Kajiya, 1986),
and of a line and a circle. They agree with Box2D's own `RayCast`, which calls back into Python for every fixture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from walkerbench.environment.terrain import Ground

Floats = NDArray[np.float64]

CLEAR, OBSTACLE, TERRAIN, ROBOT, FOOD = -1.0, -0.5, 0.0, 0.5, 1.0
"""The class of what a ray hit first, as it stands in an observation."""


def cast(
    origins: Floats,
    directions: Floats,
    length: float,
    ground: Ground,
    boxes: Floats,
    robots: tuple[Floats, NDArray[np.bool_], float],
    food: tuple[Floats, NDArray[np.bool_], float],
) -> tuple[Floats, Floats]:
    """Cast every agent's rays.

    Args:
        origins: `(2, agents)`, m.
        directions: `(2, agents, rays)`, unit vectors.
        length: Length of a ray, m.
        ground: The terrain.
        boxes: `(4, agents, boxes)` as from `BoxWindow.near`.
        robots: `(centres, near, radius)` of circles: `(circles, 2)`, which circles could be within each agent's reach
            `(agents, circles)`, and m.
        food: Likewise.

    Returns:
        `(agents, rays)` distances, `length` where nothing was hit, and `(agents, rays)` classes. Where two things are
        hit at the same distance, the class named first in this module counts.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = (
            (OBSTACLE, _boxes(origins, directions, length, boxes)),
            (TERRAIN, _terrain(origins, directions, length, ground)),
            (ROBOT, _circles(origins, directions, length, *robots)),
            (FOOD, _circles(origins, directions, length, *food)),
        )
    distance = np.full(directions.shape[1:], length)
    kind = np.full(directions.shape[1:], CLEAR)
    for code, found in hits:
        if found is None:
            continue
        closer = found < distance
        np.copyto(distance, found, where=closer)
        kind[closer] = code
    return distance, kind


def _terrain(origins: Floats, directions: Floats, length: float, ground: Ground) -> Floats:
    dx, dy = directions[0][:, :, None], directions[1][:, :, None]
    cell, _ = ground.locate(origins[0])
    steps = np.arange(int(np.ceil(length / ground.resolution)) + 1)
    cells = cell[:, None, None] + np.where(dx < 0, -1, 1) * steps
    # Held within the ground: the end segments are then looked at more than once, which changes no minimum.
    cells = np.minimum(np.maximum(cells, 0), len(ground.heights) - 2)
    left = ground.heights[cells]
    rise, run = ground.heights[cells + 1] - left, ground.resolution
    qx = (ground.x_min + run * cells) - origins[0][:, None, None]
    qy = left - origins[1][:, None, None]
    denominator = dx * rise - dy * run
    along_ray = (qx * rise - qy * run) / denominator
    along_segment = (qx * dy - qy * dx) / denominator
    hit = (along_segment >= 0) & (along_segment <= 1) & (along_ray >= 0)
    return np.where(hit, along_ray, length).min(axis=2)


def _boxes(origins: Floats, directions: Floats, length: float, boxes: Floats) -> Floats:
    entry = np.zeros((*directions.shape[1:], boxes.shape[2]))
    leave = np.full_like(entry, length)
    for axis in (0, 1):
        inverse = (1.0 / directions[axis])[:, :, None]
        centre = boxes[axis] - origins[axis][:, None]
        half = boxes[axis + 2]
        first = (centre - half)[:, None, :] * inverse
        second = (centre + half)[:, None, :] * inverse
        entry = np.maximum(entry, np.minimum(first, second))
        leave = np.minimum(leave, np.maximum(first, second))
    # Like Box2D, a ray that starts within a box does not see it.
    return np.where((entry <= leave) & (entry > 0), entry, length).min(axis=2)


def _circles(
    origins: Floats, directions: Floats, length: float, centres: Floats, near: NDArray[np.bool_], radius: float
) -> Floats | None:
    agents, circles = np.nonzero(near)
    if not len(agents):
        return None
    x = centres[circles, 0] - origins[0][agents]
    y = centres[circles, 1] - origins[1][agents]
    along = x[:, None] * directions[0][agents] + y[:, None] * directions[1][agents]
    half_chord = radius * radius - ((x * x + y * y)[:, None] - along * along)
    distance = along - np.sqrt(half_chord)
    hit = (half_chord >= 0) & (distance >= 0)
    distance = np.where(hit, distance, length)
    nearest = np.full(directions.shape[1:], length)
    # nonzero gives pairs in the agents' order, so each agent's circles are one run.
    first = np.flatnonzero(np.concatenate([[True], agents[1:] != agents[:-1]]))
    nearest[agents[first]] = np.minimum.reduceat(distance, first, axis=0)
    return nearest
