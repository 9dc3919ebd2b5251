"""What an agent perceives: 29 float32 values in -1…1. They are computed in `kernels.senses`.

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

Every value is clipped to -1…1. Rays start at the chassis' centre and turn with it. Contacts are geometric: a wheel or
corner touches when it is within `contact_slop_m` of what lies below it; Box2D's contact lists would also hold contacts
that do not touch yet.
"""

from __future__ import annotations

import math

import numpy as np

from walkerbench.workloads.walker.arrays import Floats, Records
from walkerbench.workloads.walker.kernels.records import OBSERVATION_SIZE, SENSES, WHEELS
from walkerbench.workloads.walker.kernels.senses import Surroundings
from walkerbench.workloads.walker.settings import RobotSettings, SensesSettings
from walkerbench.workloads.walker.shape import FOREARM_CORNERS
from walkerbench.workloads.walker.terrain import Ground, Outlines, Surface

_RIM_BESIDE = np.array([-0.9, -0.6, -0.3, 0.0, 0.3, 0.6, 0.9])
_RIM = np.stack([_RIM_BESIDE, -np.sqrt(1 - _RIM_BESIDE**2)], axis=1)  # points of a wheel's lower half, in radii


def surroundings_of(
    senses: SensesSettings, robot: RobotSettings, ground: Ground, robots: Floats, food: Floats
) -> Surroundings:
    """Return what agents can sense.

    Args:
        senses: Reach and scales.
        robot: The unmutated robot, for its joint limits.
        ground: The terrain.
        robots: `(all agents, 2)` published positions, m; not copied.
        food: `(sources, 2)` published positions, m; not copied.
    """
    outlines, surface = Outlines.of(ground, senses.ray_length_m), Surface.of(ground)
    return Surroundings(
        _numbers(senses, robot, ground, outlines, surface), outlines.points, surface.heights, robots, food
    )


def _numbers(
    senses: SensesSettings, robot: RobotSettings, ground: Ground, outlines: Outlines, surface: Surface
) -> Records:
    record = np.zeros(1, SENSES)
    fan = np.radians(np.array(senses.ray_angles_deg))
    record["x_min"], record["resolution"] = ground.x_min, ground.resolution
    record["boxes_begin"] = outlines.boxes_begin
    record["surface_x_min"], record["surface_step"] = surface.x_first, surface.step
    record["ray_length"] = senses.ray_length_m
    record["robot_radius"], record["food_radius"] = senses.robot_radius_m, senses.food_radius_m
    record["contact_slop"] = senses.contact_slop_m
    record["fan"] = np.stack([np.cos(fan), np.sin(fan)], axis=1)
    record["rim"], record["corners"] = _RIM, FOREARM_CORNERS
    record["scales"] = _scales(senses, robot)
    return record


def _scales(senses: SensesSettings, robot: RobotSettings) -> Floats:
    """Return the value of each component that is sensed as 1."""
    shoulder = math.radians(max(abs(limit) for limit in robot.shoulder_limits_deg)) or 1.0
    elbow = math.radians(max(abs(limit) for limit in robot.elbow_limits_deg)) or 1.0
    joint_speed, angular = senses.joint_speed_scale_rad_s, senses.angular_velocity_scale_rad_s
    scales = np.ones(OBSERVATION_SIZE)
    scales[:4] = shoulder, elbow, joint_speed, joint_speed
    scales[4:8] = (senses.displacement_scale_m,) * 2 + (senses.velocity_scale_m_s,) * 2
    scales[8:11] = np.pi, angular, senses.food_distance_scale_m
    scales[13] = np.pi
    scales[14] = WHEELS
    scales[19::2] = senses.ray_length_m
    return scales
