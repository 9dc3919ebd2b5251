"""Casts the rays of an agent by formulas: what each ray hits first, and at which distance.

A point is turned into a ray's own frame, where it has a distance along the ray and a distance beside it. A ray hits an
edge if the edge's ends lie on different sides of the ray, and a circle if the centre's distance beside the ray is less
than the radius. Distances agree with those of Box2D's own `RayCast`, which is not used because it calls back into
Python for every fixture.
"""

from __future__ import annotations

import numpy as np

from walkerbench.workloads.walker.arrays import Floats, Points, Records
from walkerbench.workloads.walker.kernels.compiling import inner
from walkerbench.workloads.walker.kernels.records import CLEAR_CLASS, KINDS

OBSTACLE, TERRAIN, ROBOT, FOOD = range(len(KINDS))


@inner
def cast_rays(x: float, y: float, senses: Records, outline: Points, robots: Floats, own: int, food: Floats) -> None:
    """Cast an agent's rays, which have the `directions` of the senses, each of length 1.

    `distances` gets the distance of what each ray hit first, in m, the length of a ray where it hit nothing; `classes`
    gets its class. Where a ray hits several things at the same distance, it is the class of the kind that comes first.

    Args:
        x: Where the rays start, m.
        y: Likewise.
        senses: The record with the rays' lengths, directions and results.
        outline: `(points,)` x + iy around the agent, m: vertices of the ground by ascending x, then the corners of each
            box clockwise, the first of them again at the end; NaN where one outline ends and the next begins, and where
            there is no ground.
        robots: `(robots, 2)` centres, infinite for a robot that is not there, m.
        own: Number of the robot that is the agent itself.
        food: `(sources, 2)` centres, infinite for a source that is not there, m.
    """
    hits = senses.hits
    for ray in range(len(senses.directions)):
        for kind in range(len(KINDS)):
            hits[kind, ray] = senses.ray_length
        _hit_edges(x, y, ray, senses, outline)
    _hit_circles(x, y, senses, robots, senses.robot_radius, own, ROBOT)
    _hit_circles(x, y, senses, food, senses.food_radius, -1, FOOD)
    for ray in range(len(senses.directions)):
        nearest, found = senses.ray_length, CLEAR_CLASS
        for kind in range(len(KINDS)):
            if hits[kind, ray] < nearest:
                nearest, found = hits[kind, ray], kind / 2 - 0.5
        senses.distances[ray] = nearest
        senses.classes[ray] = found


@inner
def _hit_edges(x: float, y: float, ray: int, senses: Records, outline: Points) -> None:
    """Put the nearest crossing of one ray with an edge of each kind into `hits`."""
    direction_x, direction_y = senses.directions[ray, 0], senses.directions[ray, 1]
    hits, boxes_begin = senses.hits, senses.boxes_begin
    along_before, beside_before = np.nan, np.nan
    for point in range(len(outline)):
        from_x, from_y = outline[point].real - x, outline[point].imag - y
        along = from_x * direction_x + from_y * direction_y
        beside = from_y * direction_x - from_x * direction_y
        if (beside >= 0) != (beside_before >= 0):
            rise = beside - beside_before
            # NaN at the ends of an outline: no comparison below holds for it.
            distance = (along_before * beside - beside_before * along) / rise
            kind = TERRAIN if point < boxes_begin else OBSTACLE
            # As in Box2D, a ray that starts within a box does not hit it: only edges through which it enters count.
            enters = kind == TERRAIN or rise >= 0
            if enters and 0 <= distance < hits[kind, ray]:
                hits[kind, ray] = distance
        along_before, beside_before = along, beside


@inner
def _hit_circles(x: float, y: float, senses: Records, centres: Floats, radius: float, own: int, kind: int) -> None:
    """Put the nearest crossing of each ray with a circle into `hits`."""
    reach, hits = radius + senses.ray_length, senses.hits
    for circle in range(len(centres)):
        from_x = centres[circle, 0] - x
        if not abs(from_x) <= reach or circle == own:
            continue
        from_y = centres[circle, 1] - y
        for ray in range(len(senses.directions)):
            direction_x, direction_y = senses.directions[ray, 0], senses.directions[ray, 1]
            beside = from_y * direction_x - from_x * direction_y
            square = radius * radius - beside * beside
            if square >= 0:
                distance = from_x * direction_x + from_y * direction_y - np.sqrt(square)
                if 0 <= distance < hits[kind, ray]:
                    hits[kind, ray] = distance
