"""What one agent perceives: its observation, and the food that is nearest to it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from walkerbench.workloads.walker.arrays import Floats, Floats32, Points, Records
from walkerbench.workloads.walker.kernels.compiling import inner
from walkerbench.workloads.walker.kernels.rays import cast_rays
from walkerbench.workloads.walker.kernels.records import OBSERVATION_SIZE, RAYS

_LEAST_FOOD_DISTANCE_M = 1e-9  # nearer than this, food has no direction


class Surroundings(NamedTuple):
    """What agents can sense.

    Attributes:
        numbers: One record `SENSES`.
        outlines: `(segments, points)` x + iy of the ground and boxes around each segment, m; see `cast_rays`.
        heights: `(steps,)` of ground and obstacles, m; the first and last are minus infinity, beyond the ground.
        robots: `(robots, 2)` published positions, m; infinite for a dead robot.
        food: `(sources, 2)` published positions, m; infinite for a source that was eaten.
    """

    numbers: Records
    outlines: Points
    heights: Floats
    robots: Floats
    food: Floats


@inner
def place_in(x: float, first: float, per_step: float, places: int) -> int:
    """Return the number of the step that x lies in, of so many; beyond the ends, and for NaN, the first or last."""
    place = (x - first) / per_step
    if not place > 0:
        return 0
    return int(min(place, places - 1.0))


@inner
def nearest_food(x: float, y: float, food: Floats) -> tuple[int, float, float, float]:
    """Return the number of the nearest source, its distance, and the vector to it.

    Returns:
        Number, distance in m, x in m, y in m; -1, infinity, 0 and 0 where there is no food.
    """
    nearest, least, towards_x, towards_y = -1, np.inf, 0.0, 0.0
    for source in range(len(food)):
        to_x, to_y = food[source, 0] - x, food[source, 1] - y
        square = to_x * to_x + to_y * to_y
        if square < least:
            nearest, least, towards_x, towards_y = source, square, to_x, to_y
    return nearest, math.sqrt(least), towards_x, towards_y


@inner
def _touches(x: float, y: float, senses: Records, heights: Floats) -> bool:
    step = place_in(x, senses.surface_x_min, senses.surface_step, len(heights))
    touching: bool = y - senses.contact_slop <= heights[step]
    return touching


@inner
def _wheel_touches(x: float, y: float, radius: float, senses: Records, heights: Floats) -> bool:
    """Return whether the lower half of a wheel touches; it is the lower half however the robot turns."""
    for point in range(len(senses.rim)):
        if _touches(x + radius * senses.rim[point, 0], y + radius * senses.rim[point, 1], senses, heights):
            return True
    return False


@inner
def _forearm_touches(
    agent: Records, x: float, y: float, turn_x: float, turn_y: float, senses: Records, heights: Floats
) -> bool:
    """Return whether a corner of the forearm touches, from the elbow's place and the forearm's direction."""
    for corner in range(len(senses.corners)):
        along = senses.corners[corner, 0] * agent.lower_length
        across = senses.corners[corner, 1] * agent.lower_half_width
        if _touches(x + along * turn_x - across * turn_y, y + along * turn_y + across * turn_x, senses, heights):
            return True
    return False


@inner
def observe(agent: Records, own: int, around: Surroundings, observation: Floats32) -> tuple[int, float]:
    """Compute an agent's observation; its components are described in `walker.senses`.

    Args:
        agent: The agent.
        own: Its number among all robots.
        around: What it can sense.
        observation: `(observation,)` float32, overwritten.

    Returns:
        Number and distance (m) of the nearest food source; -1 and infinity where there is none.
    """
    senses, x, y = around.numbers[0], agent.x, agent.y
    # Directions of chassis, upper arm and forearm; each angle is relative to the part before.
    turn_x, turn_y = math.cos(agent.angle), math.sin(agent.angle)
    upper = agent.angle + agent.shoulder_angle
    upper_x, upper_y = math.cos(upper), math.sin(upper)
    lower = upper + agent.elbow_angle
    lower_x, lower_y = math.cos(lower), math.sin(lower)

    for ray in range(RAYS):
        ahead, up = senses.fan[ray, 0], senses.fan[ray, 1]
        senses.directions[ray, 0] = turn_x * ahead - turn_y * up
        senses.directions[ray, 1] = turn_x * up + turn_y * ahead
    segment = place_in(x, senses.x_min, senses.resolution, len(around.outlines))
    cast_rays(x, y, senses, around.outlines[segment], around.robots, own, around.food)
    source, distance, towards_x, towards_y = nearest_food(x, y, around.food)
    direction_x = towards_x / max(distance, _LEAST_FOOD_DISTANCE_M)
    direction_y = towards_y / max(distance, _LEAST_FOOD_DISTANCE_M)

    wheels = 0
    for side in (-1.0, 1.0):
        across, up = side * agent.wheel_x, agent.wheel_y
        hub_x, hub_y = x + across * turn_x - up * turn_y, y + across * turn_y + up * turn_x
        wheels += _wheel_touches(hub_x, hub_y, agent.wheel_radius, senses, around.heights)
    elbow_x = x + agent.anchor_x * turn_x - agent.anchor_y * turn_y + agent.upper_length * upper_x
    elbow_y = y + agent.anchor_x * turn_y + agent.anchor_y * turn_x + agent.upper_length * upper_y

    values = senses.values
    values[0], values[1] = agent.shoulder_angle, agent.elbow_angle
    values[2], values[3] = agent.shoulder_speed, agent.elbow_speed
    values[4] = x - agent.seen_x if agent.remembers else 0.0
    values[5] = y - agent.seen_y if agent.remembers else 0.0
    values[6], values[7] = agent.velocity_x, agent.velocity_y
    values[8] = math.atan2(turn_y, turn_x)
    values[9] = agent.angular_velocity
    values[10] = distance
    values[11], values[12] = direction_x, direction_y
    values[13] = 0.0
    if source >= 0:
        ahead, left = direction_x * turn_x + direction_y * turn_y, direction_y * turn_x - direction_x * turn_y
        values[13] = math.atan2(left, ahead)
    values[14] = wheels
    values[15] = _forearm_touches(agent, elbow_x, elbow_y, lower_x, lower_y, senses, around.heights)
    values[16] = turn_x
    values[17], values[18] = agent.shoulder_action, agent.elbow_action
    for ray in range(RAYS):
        values[19 + 2 * ray] = senses.distances[ray]
        values[20 + 2 * ray] = senses.classes[ray]
    for place in range(OBSERVATION_SIZE):
        observation[place] = min(max(values[place] / senses.scales[place], -1.0), 1.0)
    return source, distance
