"""What an agent perceives: 29 float32 values in -1…1, computed for all agents of a slot at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from walkerbench.environment import rays
from walkerbench.environment.robot import Outline
from walkerbench.environment.settings import Robot, Senses
from walkerbench.environment.terrain import Ground, Surface, Surroundings

Floats = NDArray[np.float64]
Points = NDArray[np.complex128]
Bools = NDArray[np.bool_]

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

_LEAST_M = 1e-9  # nearer than this, food has no direction

# Where a wheel is held against the surface: so many radii beside its centre, and so many below it.
_RIM_BESIDE = np.array([-0.9, -0.6, -0.3, 0.0, 0.3, 0.6, 0.9])
_RIM = (_RIM_BESIDE + 1j * np.sqrt(1 - _RIM_BESIDE**2))[:, None, None]


@dataclass(frozen=True)
class Readings:
    """What is read of the robots themselves; `(agents,)` arrays. Vectors in the plane are complex numbers x + iy.

    Attributes:
        position: complex128, of the chassis, m.
        velocity: complex128, m/s.
        displacement: complex128, since the last AI update, m.
        last_action: complex128, shoulder + i elbow, shares of the motors' speed.
        angle: float64, of the chassis, rad, not wrapped.
        angular_velocity: float64, rad/s.
        joints: `(4, agents)` float64: angles of shoulder and elbow, rad, then their speeds, rad/s.
        own: intp, each agent's row in the published positions.
    """

    position: Points
    velocity: Points
    displacement: Points
    last_action: Points
    angle: Floats
    angular_velocity: Floats
    joints: Floats
    own: NDArray[np.intp]


@dataclass(frozen=True)
class NearestFood:
    """The food source nearest to each agent; `(agents,)` arrays.

    Attributes:
        source: Its number, -1 where there is none to be found.
        distance: m, infinite where there is none.
        towards: complex128, from the agent to it, m; 0 where there is none.
    """

    source: NDArray[np.intp]
    distance: Floats
    towards: Points


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
    or corner touches when it is within `contact_slop_m` of what lies below it; pybox2d's contact lists would cost more
    than the step.

    Args:
        senses: Reach and scales.
        robot: The unmutated robot, for its joint limits.
        ground: The terrain.
    """

    def __init__(self, senses: Senses, robot: Robot, ground: Ground) -> None:
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
        self._scales = scales

    def observe(
        self, readings: Readings, outline: Outline, rows: slice, robots: Floats, food: Floats
    ) -> tuple[NDArray[np.float32], NearestFood]:
        """Observe.

        Args:
            readings: What was read of the agents' own robots.
            outline: Of the shard's robots.
            rows: Which of them the agents are.
            robots: `(all agents, 2)` published positions, m; infinite for a robot that is not there.
            food: `(sources, 2)` published positions, m; infinite for a source that was eaten.

        Returns:
            `(agents, 29)` float32 observations, and the food nearest to each agent.
        """
        turn = _turns(readings)
        scene = self._scene(readings, robots, food)
        nearest = _nearest_food(scene.circles[:, len(robots) :])
        wheels, arm = self._contacts(readings.position, turn, outline, rows)
        distance, kind = rays.cast(turn[0][:, None] * self._fan, self._senses.ray_length_m, scene)
        direction = nearest.towards / np.maximum(nearest.distance, _LEAST_M)
        ahead = direction * turn[0].conj()

        values = np.empty((OBSERVATION_SIZE, len(readings.own)))
        values[:4] = readings.joints
        values[4], values[5] = readings.displacement.real, readings.displacement.imag
        values[6], values[7] = readings.velocity.real, readings.velocity.imag
        np.arctan2(turn[0].imag, turn[0].real, out=values[8])
        values[9] = readings.angular_velocity
        values[10] = nearest.distance
        values[11], values[12] = direction.real, direction.imag
        np.arctan2(ahead.imag, ahead.real, out=values[13])
        values[14] = wheels
        values[15] = arm
        values[16] = turn[0].real
        values[17], values[18] = readings.last_action.real, readings.last_action.imag
        values[19::2] = distance.T
        values[20::2] = kind.T
        values /= self._scales
        np.minimum(values, 1.0, out=values)
        np.maximum(values, -1.0, out=values)
        return np.ascontiguousarray(values.T, np.float32), nearest

    def _scene(self, readings: Readings, robots: Floats, food: Floats) -> rays.Scene:
        """What the agents' rays can hit, from where they are."""
        position = readings.position
        x, y = position.real, position.imag
        segment = self._ground.segment_at(x)
        left = (self._ground.x_min + self._ground.resolution * segment) - x
        boxes = self._around.boxes[segment].transpose(1, 0, 2).copy()
        boxes[0] -= x[:, None]
        boxes[1] -= y[:, None]
        centres = np.concatenate((robots, food)).view(np.complex128)[:, 0]
        radius = np.full(len(centres), self._senses.food_radius_m)
        radius[: len(robots)] = self._senses.robot_radius_m
        return rays.Scene(
            vertices_x=left[:, None] + self._around.steps,
            vertices_y=self._around.vertices[segment] - y[:, None],
            boxes=boxes,
            circles=centres - position[:, None],
            radius=radius,
            robots=len(robots),
            own=readings.own,
        )

    def _contacts(self, position: Points, turn: Points, outline: Outline, rows: slice) -> tuple[Floats, Bools]:
        """Share of wheels that touch, and whether the forearm does."""
        slop = self._senses.contact_slop_m
        centres = outline.wheels[:, rows] * turn[0]
        centres += position
        reach = outline.wheel_radius[rows] + slop
        rims_x = centres.real + _RIM.real * reach
        rims_y = centres.imag - _RIM.imag * reach
        wheels = np.logical_or.reduce(rims_y <= self._surface.at(rims_x), axis=0)
        corners = outline.corners[:, rows] * turn[2]
        corners += position + outline.shoulder[rows] * turn[0] + outline.upper_arm[rows] * turn[1]
        arm: Bools = np.logical_or.reduce(corners.imag - slop <= self._surface.at(corners.real), axis=0)
        return np.add.reduce(wheels, axis=0, dtype=np.float64) / len(wheels), arm


def _turns(readings: Readings) -> Points:
    """Rotations `(3, agents)` by the angles of chassis, upper arm and forearm."""
    angles = np.empty((3, len(readings.angle)))
    angles[0] = readings.angle
    np.add(readings.angle, readings.joints[0], out=angles[1])
    np.add(angles[1], readings.joints[1], out=angles[2])
    turn = np.empty(angles.shape, np.complex128)
    turn.real = np.cos(angles)
    turn.imag = np.sin(angles)
    return turn


def _nearest_food(towards: Points) -> NearestFood:
    """The nearest of sources, given as `(agents, sources)` from each agent."""
    square = towards.real * towards.real + towards.imag * towards.imag
    source = square.argmin(axis=1)
    pick = (np.arange(len(source)), source)
    distance, nearest = np.sqrt(square[pick]), towards[pick]
    missing = distance == np.inf
    if missing.any():
        source[missing] = -1
        nearest[missing] = 0.0
    return NearestFood(source, distance, nearest)
