"""Rays cast analytically, for all agents at once: what each hits first, and how far away.

Formulas are those of a line and a polyline (where the ray's height above the ground changes sign), of a line and an
axis-aligned box (the slab method: Kay and Kajiya, 1986), and of a line and a circle. They agree with Box2D's own
`RayCast`, which calls back into Python for every fixture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from walkerbench.environment.terrain import Ground

Floats = NDArray[np.float64]

OBSTACLE, TERRAIN, ROBOT, FOOD = range(4)
CLEAR_CLASS = -1.0
CLASSES = np.array([-0.5, 0.0, 0.5, 1.0])
"""The class of what a ray hit first, as it stands in an observation: obstacle, terrain, robot, food."""

_STEEPEST = 1e-9  # least |x| of a direction: an upright ray is leant by this, where it would cross no vertex's x


@dataclass(frozen=True)
class Circles:
    """Robots and food as circles, seen from each agent.

    Attributes:
        x: `(agents, circles)` from each agent to each centre, m; infinite for one that is not there.
        y: Likewise.
        radius: `(circles,)` m.
        robots: How many of them are robots; these come first.
        unseen: `(agents,)` the circle that is the agent itself.
    """

    x: Floats
    y: Floats
    radius: Floats
    robots: int
    unseen: NDArray[np.intp]


def cast(
    origins: Floats, directions: Floats, length: float, ground: Ground, boxes: Floats, circles: Circles
) -> tuple[Floats, Floats]:
    """Cast every agent's rays.

    Args:
        origins: `(2, agents)`, m.
        directions: `(2, agents, rays)`, unit vectors.
        length: Length of a ray, m.
        ground: The terrain.
        boxes: `(4, agents, boxes)` as from `BoxWindow.near`.
        circles: Robots and food.

    Returns:
        `(agents, rays)` distances, `length` where nothing was hit, and `(agents, rays)` classes. Of things hit at the
        same distance, the one counts whose class comes first.
    """
    hits = np.full((len(CLASSES), *directions.shape[1:]), length)
    with np.errstate(divide="ignore", invalid="ignore"):
        _boxes(origins, directions, length, boxes, hits[OBSTACLE])
        _terrain(origins, directions, length, ground, hits[TERRAIN])
        _circles(directions, length, circles, hits[ROBOT:])
    distance = hits.min(axis=0)
    kind = CLASSES[hits.argmin(axis=0)]
    kind[distance >= length] = CLEAR_CLASS
    return distance, kind


def _terrain(origins: Floats, directions: Floats, length: float, ground: Ground, nearest: Floats) -> None:
    dx = directions[0]
    dx = np.where(np.abs(dx) < _STEEPEST, _STEEPEST, dx)
    cell, _ = ground.locate(origins[0])
    backwards = dx < 0
    vertices = np.arange(int(np.ceil(length / ground.resolution)) + 2)
    ahead = np.where(backwards, -1, 1)[..., None] * vertices + (cell[:, None] + backwards)[..., None]
    # Held within the ground: a vertex looked at twice is no change of sign.
    np.minimum(np.maximum(ahead, 0, out=ahead), len(ground.heights) - 1, out=ahead)
    at = (ahead * ground.resolution - (origins[0] - ground.x_min)[:, None, None]) / dx[..., None]
    above = at * directions[1][..., None]
    above -= ground.heights[ahead] - origins[1][:, None, None]
    before, after = above[..., :-1], above[..., 1:]
    over = above >= 0
    crossing = at[..., :-1] + (at[..., 1:] - at[..., :-1]) * (before / (before - after))
    hit = (over[..., :-1] != over[..., 1:]) & (crossing >= 0) & (crossing < length)
    np.where(hit, crossing, length).min(axis=2, out=nearest)


def _boxes(origins: Floats, directions: Floats, length: float, boxes: Floats, nearest: Floats) -> None:
    centre = (boxes[:2] - origins[:, :, None])[:, :, None, :]
    half = boxes[2:][:, :, None, :]
    inverse = (1.0 / directions)[..., None]
    first = (centre - half) * inverse
    second = (centre + half) * inverse
    entry = np.minimum(first, second).max(axis=0)
    leave = np.maximum(first, second).min(axis=0)
    # Like Box2D, a ray that starts within a box does not see it.
    hit = (entry <= leave) & (entry > 0) & (entry < length)
    np.where(hit, entry, length).min(axis=2, out=nearest)


def _circles(directions: Floats, length: float, circles: Circles, nearest: Floats) -> None:
    near = np.abs(circles.x) <= circles.radius + length
    near[np.arange(len(near)), circles.unseen] = False
    agents, seen = near.nonzero()
    if not len(agents):
        return
    x, y, radius = circles.x[agents, seen], circles.y[agents, seen], circles.radius[seen]
    along = x[:, None] * directions[0][agents] + y[:, None] * directions[1][agents]
    half_chord = (radius * radius - x * x - y * y)[:, None] + along * along
    distance = along - np.sqrt(half_chord)
    # Outside of its chord's circle the root is not a number, and no comparison with it holds.
    distance[~((distance >= 0) & (distance < length))] = length
    # nonzero gives pairs in the agents' order, so each agent's circles are one run.
    begins = np.empty(len(agents), np.bool_)
    begins[0] = True
    np.not_equal(agents[1:], agents[:-1], out=begins[1:])
    first = begins.nonzero()[0]
    owners = agents[first]
    is_food = (seen >= circles.robots)[:, None]
    nearest[0, owners] = np.minimum.reduceat(np.where(is_food, length, distance), first, axis=0)
    nearest[1, owners] = np.minimum.reduceat(np.where(is_food, distance, length), first, axis=0)
