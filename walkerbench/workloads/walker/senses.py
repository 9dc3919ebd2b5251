"""What an agent perceives: 29 float32 values in -1…1, computed for all agents of a slot at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from walkerbench.workloads.walker import rays
from walkerbench.workloads.walker.arrays import Bools, Floats, Points
from walkerbench.workloads.walker.robot import RIM_POINTS, WHEELS, Outline
from walkerbench.workloads.walker.settings import RobotSettings, SensesSettings
from walkerbench.workloads.walker.terrain import Ground, Surface, Surroundings

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

_LEAST_FOOD_DISTANCE_M = 1e-9  # nearer than this, food has no direction
_PARTS = np.arange(WHEELS + 1) * RIM_POINTS  # where each wheel's points begin, and after them the forearm's


@dataclass(frozen=True)
class Readings:
    """Values that are read from the robots; `(agents,)` arrays. Vectors in the plane are complex numbers x + iy.

    Attributes:
        position: complex128, of the chassis, m.
        velocity: complex128, m/s.
        displacement: complex128, since the last AI update, m.
        last_action: complex128, shoulder + i elbow, each as a share of the motor's speed.
        angles: `(3, agents)` float64, rad: of the chassis, not wrapped, of the shoulder and of the elbow.
        speeds: `(3, agents)` float64, rad/s: angular velocity of the chassis, speeds of shoulder and elbow.
        own: intp, each agent's row in the published positions.
    """

    position: Points
    velocity: Points
    displacement: Points
    last_action: Points
    angles: Floats
    speeds: Floats
    own: NDArray[np.intp]


@dataclass(frozen=True)
class NearestFood:
    """The food source nearest to each agent; `(agents,)` arrays.

    Attributes:
        source: Its number, -1 where there is no food.
        distance: m, infinite where there is none.
        towards: complex128, from the agent to it, m; 0 where there is none.
    """

    source: NDArray[np.intp]
    distance: Floats
    towards: Points


class SenseOrgans:
    """Computes observations, and holds the data for this that are the same in every frame.

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
    or corner touches when it is within `contact_slop_m` of what lies below it; reading pybox2d's contact lists would
    take longer than stepping the world.

    Args:
        senses: Reach and scales.
        robot: The unmutated robot, for its joint limits.
        ground: The terrain.
    """

    def __init__(self, senses: SensesSettings, robot: RobotSettings, ground: Ground) -> None:
        self._senses = senses
        self._ground = ground
        self._around = Surroundings.of(ground, senses.ray_length_m)
        self._surface = Surface.of(ground)
        fan = np.radians(np.array(senses.ray_angles_deg))
        self._fan = np.cos(fan) + 1j * np.sin(fan)
        shoulder = math.radians(max(abs(limit) for limit in robot.shoulder_limits_deg)) or 1.0
        elbow = math.radians(max(abs(limit) for limit in robot.elbow_limits_deg)) or 1.0
        joint_speed, angular = senses.joint_speed_scale_rad_s, senses.angular_velocity_scale_rad_s
        scales = np.ones((OBSERVATION_SIZE, 1))
        scales[:4, 0] = shoulder, elbow, joint_speed, joint_speed
        scales[4:8, 0] = (senses.displacement_scale_m,) * 2 + (senses.velocity_scale_m_s,) * 2
        scales[8:11, 0] = np.pi, angular, senses.food_distance_scale_m
        scales[13] = np.pi
        scales[19::2] = senses.ray_length_m
        scales[14] = WHEELS
        self._scales = scales
        points = self._around.outlines.shape[1]
        self._kinds = np.where(np.arange(points - 1) < self._around.boxes_begin, rays.TERRAIN, rays.OBSTACLE)
        self._circles: rays.Circles | None = None

    def observe(
        self, readings: Readings, outline: Outline, rows: slice, robots: Floats, food: Floats
    ) -> tuple[NDArray[np.float32], NearestFood]:
        """Return the observations of some agents, and the food nearest to each.

        Args:
            readings: Values that were read from the agents' robots.
            outline: Outlines of the shard's robots.
            rows: The agents' rows among them.
            robots: `(all agents, 2)` published positions, m; infinite for a dead robot.
            food: `(sources, 2)` published positions, m; infinite for a source that was eaten.

        Returns:
            `(agents, 29)` float32 observations, and the food nearest to each agent.
        """
        # Rotations by the angles of chassis, upper arm and forearm; each angle is relative to the part before.
        turn = np.exp(1j * np.add.accumulate(readings.angles, axis=0))
        sources = food.view(np.complex128)[:, 0]
        nearest = _nearest_food(sources - readings.position[:, None])
        scene = self._scene(readings, robots.view(np.complex128)[:, 0], sources)
        distance, kind = rays.cast(turn[0][:, None] * self._fan, self._senses.ray_length_m, scene)
        touching = self._contacts(readings.position, turn, outline, rows)
        direction = nearest.towards / np.maximum(nearest.distance, _LEAST_FOOD_DISTANCE_M)

        values = np.empty((OBSERVATION_SIZE, len(readings.own)))
        values[:2] = readings.angles[1:]
        values[2:4] = readings.speeds[1:]
        values[4], values[5] = readings.displacement.real, readings.displacement.imag
        values[6], values[7] = readings.velocity.real, readings.velocity.imag
        values[8] = np.angle(turn[0])
        values[9] = readings.speeds[0]
        values[10] = nearest.distance
        values[11], values[12] = direction.real, direction.imag
        values[13] = np.angle(direction * turn[0].conj())
        values[14] = np.add.reduce(touching[:WHEELS], axis=0, dtype=np.float64)
        values[15] = touching[WHEELS]
        values[16] = turn[0].real
        values[17], values[18] = readings.last_action.real, readings.last_action.imag
        values[19::2] = distance.T
        values[20::2] = kind.T
        values /= self._scales
        np.minimum(values, 1.0, out=values)
        np.maximum(values, -1.0, out=values)
        return np.ascontiguousarray(values.T, np.float32), nearest

    def _scene(self, readings: Readings, robots: Points, food: Points) -> rays.Scene:
        """Return what the agents' rays can hit."""
        senses = self._senses
        if self._circles is None:  # the numbers of robots and sources never change
            self._circles = rays.Circles.of(
                len(robots), senses.robot_radius_m, len(food), senses.food_radius_m, senses.ray_length_m
            )
        return rays.Scene(
            position=readings.position,
            outlines=self._around.outlines.take(self._ground.segment_at(readings.position.real), axis=0),
            kinds=self._kinds,
            centres=np.concatenate((robots, food)),
            circles=self._circles,
            own=readings.own,
        )

    def _contacts(self, position: Points, turn: Points, outline: Outline, rows: slice) -> Bools:
        """Return which parts touch what lies below them: `(wheels + 1, agents)`, the forearm last."""
        points = np.empty((WHEELS * RIM_POINTS + len(outline.corners), len(position)), np.complex128)
        rims, corners = points[: WHEELS * RIM_POINTS], points[WHEELS * RIM_POINTS :]
        hubs = outline.hubs[:, rows] * turn[0]
        np.add(hubs[:, None], outline.rim[:, rows], out=rims.reshape(WHEELS, RIM_POINTS, -1))
        np.multiply(outline.corners[:, rows], turn[2], out=corners)
        corners += outline.shoulder[rows] * turn[0] + outline.upper_arm[rows] * turn[1]
        points += position
        touches = points.imag - self._senses.contact_slop_m <= self._surface.at(points.real)
        touching: Bools = np.logical_or.reduceat(touches, _PARTS, axis=0)
        return touching


def _nearest_food(towards: Points) -> NearestFood:
    """Return the source nearest to each agent, by `(agents, sources)` vectors from agents to sources."""
    square = towards.real * towards.real + towards.imag * towards.imag
    source = square.argmin(axis=1)
    pick = (np.arange(len(source)), source)
    distance, nearest = np.sqrt(square[pick]), towards[pick]
    missing = distance == np.inf
    if missing.any():
        source[missing] = -1
        nearest[missing] = 0.0
    return NearestFood(source, distance, nearest)
