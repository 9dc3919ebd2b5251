"""Casts the rays of all agents at once by formulas: what each ray hits first, and at which distance.

Points and directions are complex numbers x + iy. A point that is multiplied by the conjugate of a ray's direction has
its distance along the ray as real part, and its distance beside the ray as imaginary part. A ray hits an edge if the
edge's ends lie on different sides of the ray, and a circle if the centre's distance beside the ray is less than the
radius. Distances agree with those of Box2D's own `RayCast`, which is not used because it calls back into Python for
every fixture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from walkerbench.workloads.walker.arrays import Floats, Indices, Points

OBSTACLE, TERRAIN, ROBOT, FOOD = range(4)
CLEAR_CLASS = -1.0
CLASSES = np.array([-0.5, 0.0, 0.5, 1.0])
"""The class of what a ray hit first, as an observation holds it: obstacle, terrain, robot, food."""


@dataclass(frozen=True)
class Circles:
    """Robots and food as circles that rays can hit, without their positions; robots come first.

    Attributes:
        squares: `(circles,)` squared radius, m².
        reach: `(circles,)` the greatest distance from an agent at which a ray can hit the circle, m.
        kinds: `(circles,)` `ROBOT` or `FOOD`.
    """

    squares: Floats
    reach: Floats
    kinds: Indices

    @classmethod
    def of(cls, robots: int, robot_radius_m: float, food: int, food_radius_m: float, length_m: float) -> Circles:
        """Return the circles of so many robots and food sources, for rays of a length."""
        radius = np.repeat([robot_radius_m, food_radius_m], [robots, food])
        return cls(radius * radius, radius + length_m, np.repeat(np.array([ROBOT, FOOD], np.intp), [robots, food]))


@dataclass(frozen=True)
class Scene:
    """What rays can hit; lengths in metres.

    Attributes:
        position: `(agents,)` where each agent's rays start.
        outlines: `(agents, points)` the ground's vertices by ascending x, then each box's corners clockwise, the first
            of them again at the end; NaN where one outline ends and the next begins, and where there is no ground.
        kinds: `(points - 1,)` of the edge from each point to the next: `TERRAIN` or `OBSTACLE`.
        centres: `(circles,)` infinite for a circle that is not there.
        circles: Kinds and radii of the circles.
        own: `(agents,)` number of the circle that is the agent itself.
    """

    position: Points
    outlines: Points
    kinds: Indices
    centres: Points
    circles: Circles
    own: Indices


def cast(directions: Points, length: float, scene: Scene) -> tuple[Floats, Floats]:
    """Cast every agent's rays.

    Args:
        directions: `(agents, rays)`, of length 1.
        length: Length of a ray, m.
        scene: What the rays can hit.

    Returns:
        `(agents, rays)` distances, `length` where nothing was hit, and `(agents, rays)` classes. Where a ray hits
        several things at the same distance, the class is that which comes first in `CLASSES`.
    """
    turned = directions.conj()
    # Divisions by zero and roots of negative numbers mean that nothing was hit: no comparison below holds for them.
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = _edges(turned, scene), _circles(turned, scene)
        ray, kind, distance = (np.concatenate(parts) for parts in zip(*hits, strict=True))
        distance = np.where(distance >= 0, distance, length)
    nearest = np.full(len(CLASSES) * directions.size, length)
    np.minimum.at(nearest, kind * directions.size + ray, distance)
    nearest = nearest.reshape(len(CLASSES), *directions.shape)
    first = np.minimum.reduce(nearest, axis=0)
    found = CLASSES[nearest.argmin(axis=0)]
    found[first >= length] = CLEAR_CLASS
    return first, found


def _edges(turned: Points, scene: Scene) -> tuple[Indices, Indices, Floats]:
    """Return rays, kinds and distances of all crossings with edges; distances behind a ray's start are negative."""
    points = (scene.outlines - scene.position[:, None])[:, None, :] * turned[:, :, None]
    left = points.imag >= 0
    crossed = np.flatnonzero(left[..., 1:] != left[..., :-1])
    ray, edge = np.divmod(crossed, points.shape[-1] - 1)
    place = crossed + ray
    flat = points.reshape(-1)
    begin, end = flat[place], flat[place + 1]
    rise = end.imag - begin.imag
    distance = (begin.conj() * end).imag / rise
    kind = scene.kinds[edge]
    # As in Box2D, a ray that starts within a box does not hit it: only edges through which a ray enters the box count.
    distance[(kind == OBSTACLE) & (rise < 0)] = np.nan
    return ray, kind, distance


def _circles(turned: Points, scene: Scene) -> tuple[Indices, Indices, Floats]:
    """Return rays, kinds and distances of all crossings with circles; NaN where a ray misses a circle."""
    circles = scene.circles
    across = scene.centres.real - scene.position.real[:, None]
    near = np.abs(across, out=across) <= circles.reach
    near[np.arange(len(near)), scene.own] = False
    agents, seen = near.nonzero()
    centre = (scene.centres[seen] - scene.position[agents])[:, None] * turned[agents]
    beside = centre.imag
    distance = centre.real - np.sqrt(circles.squares[seen][:, None] - beside * beside)
    rays = turned.shape[1]
    ray = (agents * rays)[:, None] + np.arange(rays)
    return ray.reshape(-1), circles.kinds[seen].repeat(rays), distance.reshape(-1)
