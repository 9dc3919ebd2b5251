"""What an agent perceives: 29 float32 values in -1…1, computed for all agents of a slot at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from walkerbench.environment import rays
from walkerbench.environment.robot import FOREARM_CORNERS, Shape
from walkerbench.environment.settings import Robot, Senses
from walkerbench.environment.terrain import BoxWindow, Ground

Floats = NDArray[np.float64]

OBSERVATION = (
    "shoulder_angle",
    "elbow_angle",
    "shoulder_speed",
    "elbow_speed",
    "displacement_x",
    "displacement_y",
    "velocity_x",
    "velocity_y",
    "body_angle",
    "angular_velocity",
    "food_distance",
    "food_direction_x",
    "food_direction_y",
    "food_approach",
    "ground_contact",
    "arm_contact",
    "stability",
    "last_shoulder",
    "last_elbow",
    *(f"ray{number}_{what}" for number in range(5) for what in ("distance", "class")),
)
"""Names of the components, in order."""

OBSERVATION_SIZE = len(OBSERVATION)

_NEIGHBOURS = np.array([-1, 0, 1])


@dataclass(frozen=True)
class Readings:
    """What is read of the robots themselves; every array is `(agents,)` float64 but where another shape is given.

    Attributes:
        position: `(2, agents)` of the chassis, m.
        velocity: `(2, agents)`, m/s.
        angle: Of the chassis, rad, not wrapped.
        angular_velocity: rad/s.
        shoulder: Joint angle, rad.
        elbow: Joint angle, rad.
        shoulder_speed: rad/s.
        elbow_speed: rad/s.
        displacement: `(2, agents)` since the last AI update, m.
        last_action: `(2, agents)`, shares of the motors' speed.
        own: Each agent's row in the published positions.
    """

    position: Floats
    velocity: Floats
    angle: Floats
    angular_velocity: Floats
    shoulder: Floats
    elbow: Floats
    shoulder_speed: Floats
    elbow_speed: Floats
    displacement: Floats
    last_action: Floats
    own: NDArray[np.intp]


@dataclass(frozen=True)
class NearestFood:
    """The food source nearest to each agent; `(agents,)` arrays.

    Attributes:
        source: Its number, -1 where there is none to be found.
        distance: m, infinite where there is none.
        x: Towards it from the agent, m.
        y: Likewise.
    """

    source: NDArray[np.int64]
    distance: Floats
    x: Floats
    y: Floats


class SenseOrgans:
    """Computes observations; holds what does not change from frame to frame.

    ==== ================= =====================================================================================
    at   component         value
    ==== ================= =====================================================================================
    0    shoulder_angle    shoulder angle ÷ the larger of its limits
    1    elbow_angle       elbow angle ÷ the larger of its limits
    2-3  …_speed           joint speed ÷ `joint_speed_scale_rad_s`
    4-5  displacement_…    movement since the last AI update ÷ `displacement_scale_m`
    6-7  velocity_…        velocity ÷ `velocity_scale_m_s`
    8    body_angle        chassis angle, wrapped into -π…π, ÷ π
    9    angular_velocity  ÷ `angular_velocity_scale_rad_s`
    10   food_distance     distance to the nearest food ÷ `food_distance_scale_m`; 1 where there is none
    11   food_direction_x  x of the unit vector to it; 0 where there is none
    12   food_direction_y  y of that vector
    13   food_approach     angle from the chassis' own x axis to that vector, wrapped, ÷ π
    14   ground_contact    share of the two wheels that touch terrain or an obstacle
    15   arm_contact       1 where a corner of the forearm touches terrain or an obstacle, else 0
    16   stability         cosine of the body angle: 1 upright, -1 upside down
    17   last_shoulder     last action, share of the motor's speed
    18   last_elbow        likewise
    19.. rayN_distance     distance that the ray is clear ÷ `ray_length_m`
    20.. rayN_class        what it hit first: clear -1, obstacle -0.5, terrain 0, robot 0.5, food 1
    ==== ================= =====================================================================================

    Every value is clipped to -1…1. Rays start at the chassis' centre and turn with it. Contacts are geometric: a wheel
    touches when its rim is within `contact_slop_m` of a surface; pybox2d's contact lists would cost more than a step.

    Args:
        senses: Reach and scales.
        robot: The unmutated robot, for its joint limits.
        ground: The terrain.
    """

    def __init__(self, senses: Senses, robot: Robot, ground: Ground) -> None:
        self._senses = senses
        self._ground = ground
        self._fan = np.radians(np.array(senses.ray_angles_deg))
        self._boxes = BoxWindow.over(ground, max(senses.ray_length_m, 6.0 * robot.chassis_half_width_m))
        self._shoulder_scale = math.radians(max(abs(limit) for limit in robot.shoulder_limits_deg)) or 1.0
        self._elbow_scale = math.radians(max(abs(limit) for limit in robot.elbow_limits_deg)) or 1.0
        self._corners = np.array(FOREARM_CORNERS).T[:, :, None]

    def observe(
        self, readings: Readings, shape: Shape, rows: slice, robots: Floats, food: Floats
    ) -> tuple[NDArray[np.float32], NearestFood]:
        """Observe.

        Args:
            readings: What was read of the agents' own robots.
            shape: Shapes of the shard's robots.
            rows: Which of them the agents are.
            robots: `(all agents, 2)` published positions, m; infinite for a robot that is not there.
            food: `(sources, 2)` published positions, m; infinite for a source that was eaten.

        Returns:
            `(agents, 29)` float32 observations, and the food nearest to each agent.
        """
        senses = self._senses
        x, y = readings.position
        upper = readings.angle + readings.shoulder
        angles = np.stack((readings.angle, upper, upper + readings.elbow))
        cosines, sines = np.cos(angles), np.sin(angles)
        circles = self._circles(readings, robots, food)
        nearest = _nearest_food(circles.x[:, len(robots) :], circles.y[:, len(robots) :])
        boxes = self._boxes.near(x)
        wheels, arm = self._contacts(readings, shape, rows, boxes, cosines, sines)
        heading = readings.angle[:, None] + self._fan
        directions = np.empty((2, *heading.shape))
        np.cos(heading, out=directions[0])
        np.sin(heading, out=directions[1])
        distance, kind = rays.cast(
            readings.position, directions, senses.ray_length_m, self._ground, boxes, circles
        )

        cosine, sine = cosines[0], sines[0]
        apart = np.maximum(nearest.distance, 1e-9)
        direction_x, direction_y = nearest.x / apart, nearest.y / apart
        approach = np.arctan2(direction_y * cosine - direction_x * sine, direction_x * cosine + direction_y * sine)
        values = np.empty((OBSERVATION_SIZE, len(x)))
        values[0] = readings.shoulder / self._shoulder_scale
        values[1] = readings.elbow / self._elbow_scale
        values[2] = readings.shoulder_speed / senses.joint_speed_scale_rad_s
        values[3] = readings.elbow_speed / senses.joint_speed_scale_rad_s
        values[4:6] = readings.displacement / senses.displacement_scale_m
        values[6:8] = readings.velocity / senses.velocity_scale_m_s
        values[8] = np.arctan2(sine, cosine) / np.pi
        values[9] = readings.angular_velocity / senses.angular_velocity_scale_rad_s
        values[10] = nearest.distance / senses.food_distance_scale_m
        values[11] = direction_x
        values[12] = direction_y
        values[13] = approach / np.pi
        values[14] = wheels
        values[15] = arm
        values[16] = cosine
        values[17:19] = readings.last_action
        values[19::2] = distance.T / senses.ray_length_m
        values[20::2] = kind.T
        np.minimum(values, 1.0, out=values)
        np.maximum(values, -1.0, out=values)
        return np.ascontiguousarray(values.T, np.float32), nearest

    def _circles(self, readings: Readings, robots: Floats, food: Floats) -> rays.Circles:
        centres = np.concatenate((robots, food))
        radius = np.full(len(centres), self._senses.food_radius_m)
        radius[: len(robots)] = self._senses.robot_radius_m
        x = centres[:, 0] - readings.position[0][:, None]
        y = centres[:, 1] - readings.position[1][:, None]
        return rays.Circles(x, y, radius, len(robots), readings.own)

    def _contacts(
        self, readings: Readings, shape: Shape, rows: slice, boxes: Floats, cosines: Floats, sines: Floats
    ) -> tuple[Floats, Floats]:
        """Share of wheels that touch, and 1 where the forearm does."""
        (cosine, upper_cosine, lower_cosine), (sine, upper_sine, lower_sine) = cosines, sines
        x, y = readings.position
        wheel_x, wheel_y = shape.wheel_x[rows], shape.wheel_y[rows]
        anchor_x, anchor_y, length = shape.anchor_x[rows], shape.anchor_y[rows], shape.upper_length[rows]
        along = np.stack((-wheel_x, wheel_x))
        points = np.empty((2, 2 + len(FOREARM_CORNERS), len(x)))
        points[0, :2] = x + along * cosine - wheel_y * sine
        points[1, :2] = y + along * sine + wheel_y * cosine
        elbow_x = x + anchor_x * cosine - anchor_y * sine + length * upper_cosine
        elbow_y = y + anchor_x * sine + anchor_y * cosine + length * upper_sine
        corner_x = self._corners[0] * shape.lower_length[rows]
        corner_y = self._corners[1] * shape.lower_half_width[rows]
        points[0, 2:] = elbow_x + corner_x * lower_cosine - corner_y * lower_sine
        points[1, 2:] = elbow_y + corner_x * lower_sine + corner_y * lower_cosine
        radius = np.full(points.shape[1:], self._senses.contact_slop_m)
        radius[:2] += shape.wheel_radius[rows]

        touching = _touches_boxes(points, radius, boxes)
        touching[:2] |= _touches_ground(points[:, :2], radius[:2], self._ground)
        # A corner has no size: how far it is over the ground says enough, and in fewer steps.
        corners_x, corners_y = points[:, 2:]
        over_ground = (corners_x >= self._ground.x_min) & (corners_x <= self._ground.x_max)
        touching[2:] |= (corners_y <= self._ground.height_at(corners_x) + radius[2:]) & over_ground
        return (touching[0] * 0.5) + (touching[1] * 0.5), touching[2:].any(axis=0).astype(np.float64)


def _nearest_food(x: Floats, y: Floats) -> NearestFood:
    square = x * x + y * y
    source = square.argmin(axis=1)
    pick = (np.arange(len(source)), source)
    found_x, found_y, distance = x[pick], y[pick], np.sqrt(square[pick])
    missing = distance == np.inf
    if missing.any():
        source[missing] = -1
        found_x[missing] = found_y[missing] = 0.0
    return NearestFood(source, distance, found_x, found_y)


def _touches_ground(points: Floats, radius: Floats, ground: Ground) -> NDArray[np.bool_]:
    """Which circles touch the ground or have their centre under it.

    Args:
        points: `(2, circles, agents)` centres, m.
        radius: `(circles, agents)`, m.
        ground: The terrain.

    Returns:
        `(circles, agents)`.
    """
    x, y = points
    cell, _ = ground.locate(x)
    cells = cell[..., None] + _NEIGHBOURS
    np.minimum(np.maximum(cells, 0, out=cells), len(ground.heights) - 2, out=cells)
    left, run = ground.heights[cells], ground.resolution
    rise = ground.heights[cells + 1] - left
    from_x = (x - ground.x_min)[..., None] - run * cells
    from_y = y[..., None] - left
    # Distance to a segment: to the foot of the perpendicular, held between its ends.
    foot = (from_x * run + from_y * rise) / (run * run + rise * rise)
    np.minimum(np.maximum(foot, 0.0, out=foot), 1.0, out=foot)
    away_x, away_y = from_x - foot * run, from_y - foot * rise
    near: NDArray[np.bool_] = (away_x * away_x + away_y * away_y).min(axis=-1) <= radius * radius
    under = from_y[..., 1] < rise[..., 1] * from_x[..., 1] / run
    return near | (under & (x >= ground.x_min) & (x <= ground.x_max))


def _touches_boxes(points: Floats, radius: Floats, boxes: Floats) -> NDArray[np.bool_]:
    """Which circles touch an obstacle: `(circles, agents)`, of arguments as above and `(4, agents, boxes)`."""
    gaps = np.abs(points[..., None] - boxes[:2, None]) - boxes[2:, None]
    np.maximum(gaps, 0.0, out=gaps)
    gaps *= gaps
    touching: NDArray[np.bool_] = gaps.sum(axis=0).min(axis=-1) <= radius * radius
    return touching
