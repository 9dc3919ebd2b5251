"""Rays cast analytically, for all agents at once: what each hits first, and how far away.

Points and directions are complex numbers x + iy. Formulas are those of a line and a polyline (where the line's height
above it changes sign), of a line and an axis-aligned box (the slab method: Kay and Kajiya, 1986), and of a line and a
circle. They agree with Box2D's own `RayCast`, which calls back into Python for every fixture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Points = NDArray[np.complex128]

OBSTACLE, TERRAIN, ROBOT, FOOD = range(4)
CLEAR_CLASS = -1.0
CLASSES = np.array([-0.5, 0.0, 0.5, 1.0])
"""The class of what a ray hit first, as it stands in an observation: obstacle, terrain, robot, food."""

_STEEPEST = 1e-9  # least |x| of a direction: an upright ray is leant by this, or it would cross no vertex's x


@dataclass(frozen=True)
class Scene:
    """What rays can hit, seen from each agent; lengths in metres.

    Attributes:
        vertices_x: `(agents, vertices)` x of the ground's vertices from the agent, ascending.
        vertices_y: Likewise y; NaN where there is no ground.
        boxes: `(4, agents, boxes)` centre x and y from the agent, half-width, half-height.
        circles: `(agents, circles)` centres from the agent, robots first; infinite for one that is not there.
        radius: `(circles,)`.
        robots: How many of the circles are robots.
        own: `(agents,)` the circle that is the agent itself.
    """

    vertices_x: Floats
    vertices_y: Floats
    boxes: Floats
    circles: Points
    radius: Floats
    robots: int
    own: NDArray[np.intp]


def cast(directions: Points, length: float, scene: Scene) -> tuple[Floats, Floats]:
    """Cast every agent's rays.

    Args:
        directions: `(agents, rays)`, of length 1.
        length: Length of a ray, m.
        scene: What they can hit.

    Returns:
        `(agents, rays)` distances, `length` where nothing was hit, and `(agents, rays)` classes. Of things hit at the
        same distance, the one counts whose class comes first.
    """
    # What lies beyond a ray's length may be among the hits until the nearest has been found.
    hits = np.full((len(CLASSES), *directions.shape), length)
    with np.errstate(divide="ignore", invalid="ignore"):
        _boxes(directions, length, scene, hits[OBSTACLE])
        _terrain(directions, length, scene, hits[TERRAIN])
        _circles(directions, length, scene, hits[ROBOT:])
    distance = np.minimum.reduce(hits, axis=0)
    kind = CLASSES[hits.argmin(axis=0)]
    kind[distance >= length] = CLEAR_CLASS
    return np.minimum(distance, length), kind


def _terrain(directions: Points, length: float, scene: Scene, nearest: Floats) -> None:
    run = directions.real
    run = np.where(np.abs(run) < _STEEPEST, _STEEPEST, run)[..., None]
    x = scene.vertices_x[:, None, :]
    above = (directions.imag[..., None] / run) * x
    above -= scene.vertices_y[:, None, :]
    over = above >= 0
    before = above[..., :-1]
    share = before / (before - above[..., 1:])
    share *= scene.vertices_x[0, 1] - scene.vertices_x[0, 0]
    share += x[..., :-1]
    crossing = share / run
    hit = (over[..., :-1] != over[..., 1:]) & (crossing >= 0)
    np.minimum.reduce(np.where(hit, crossing, length), axis=2, out=nearest)


def _boxes(directions: Points, length: float, scene: Scene, nearest: Floats) -> None:
    centre, half = scene.boxes[:2, :, None, :], scene.boxes[2:, :, None, :]
    inverse = np.empty((2, *directions.shape, 1))
    np.divide(1.0, directions.real, out=inverse[0, ..., 0])
    np.divide(1.0, directions.imag, out=inverse[1, ..., 0])
    first = (centre - half) * inverse
    second = (centre + half) * inverse
    entry = np.maximum.reduce(np.minimum(first, second), axis=0)
    leave = np.minimum.reduce(np.maximum(first, second), axis=0)
    # Like Box2D, a ray that starts within a box does not see it.
    hit = (entry <= leave) & (entry > 0)
    np.minimum.reduce(np.where(hit, entry, length), axis=2, out=nearest)


def _circles(directions: Points, length: float, scene: Scene, nearest: Floats) -> None:
    near = np.abs(scene.circles.real) <= scene.radius + length
    near[np.arange(len(near)), scene.own] = False
    agents, seen = near.nonzero()
    if not len(agents):
        return
    # Turned by the ray's direction, the centre lies so far along the ray and so far beside it.
    centre = scene.circles[agents, seen][:, None] * directions.conj()[agents]
    radius, beside = scene.radius[seen][:, None], centre.imag
    distance = centre.real - np.sqrt(radius * radius - beside * beside)
    # Beside the circle the root is not a number, and no comparison with it holds.
    distance = np.where(distance >= 0, distance, length)
    # nonzero gives pairs in the agents' order, so each agent's circles are one run.
    begins = np.empty(len(agents), np.bool_)
    begins[0] = True
    np.not_equal(agents[1:], agents[:-1], out=begins[1:])
    first = begins.nonzero()[0]
    owners = agents[first]
    is_food = (seen >= scene.robots)[:, None]
    nearest[0, owners] = np.minimum.reduceat(np.where(is_food, length, distance), first, axis=0)
    nearest[1, owners] = np.minimum.reduceat(np.where(is_food, distance, length), first, axis=0)
