"""The records that kernels read and write: agents, experiences, batches, memory, and settings."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from walkerbench.workloads.walker.arrays import Records

WHEELS = 2
BODIES = WHEELS + 3
"""Bodies of a robot: chassis, wheels, upper arm, lower arm."""

RAYS = 5
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
    *(f"ray{number}_{what}" for number in range(RAYS) for what in ("distance", "class")),
)
"""Names of the components of an observation, in order; `walker.senses` describes them."""

OBSERVATION_SIZE = len(OBSERVATION)
KINDS = ("obstacle", "terrain", "robot", "food")
"""What a ray can hit. The class of a kind, as an observation holds it, is its number ÷ 2 - 0.5: from -0.5 to 1."""

CLEAR_CLASS = -1.0
"""The class of nothing."""

NETWORK_PARTS = 4
"""Arrays of the size of an agent's parameters: the parameters, those of the target network, Adam's two moments."""

READING = (
    "x", "y", "velocity_x", "velocity_y", "angle", "angular_velocity",
    "shoulder_angle", "elbow_angle", "shoulder_speed", "elbow_speed",
)  # fmt: skip
"""What is read from a robot after each step: its chassis' position (m), velocity (m/s), angle (rad, not wrapped) and
angular velocity (rad/s); its joints' angles (rad) and speeds (rad/s)."""

MEASURES = (
    "wheel_x", "wheel_y", "wheel_radius", "anchor_x", "anchor_y",
    "upper_length", "lower_length", "lower_half_width", "motor_speed",
)  # fmt: skip
"""Measures of a robot, as in `Shape`, that kernels need."""

AGENT = np.dtype(
    [
        ("life", "i8"),  # number of its life
        ("built", "?"),  # whether it has a robot
        # Addresses of its Box2D world, its chassis and its joints; without meaning where it has no robot.
        ("world", "i8"),
        ("chassis", "i8"),
        ("shoulder", "i8"),
        ("elbow", "i8"),
        ("immobile", "?"),  # whether it is immobilised
        *((name, "f8") for name in READING),
        *((name, "f8") for name in MEASURES),
        # Commands to its motors: speeds in rad/s, and what was changed since the last step.
        ("motors_on", "?"),
        ("motors_switched", "?"),
        ("speeds_changed", "?"),
        ("shoulder_command", "f8"),
        ("elbow_command", "f8"),
        # The action in force, its number, and its parts as shares of the motors' speed; the last reward.
        ("action", "i8"),
        ("shoulder_action", "f8"),
        ("elbow_action", "f8"),
        ("reward", "f8"),
        # What its last AI update sensed, for the reward of the next one; without meaning where `remembers` is False.
        ("remembers", "?"),
        ("seen", "f4", (OBSERVATION_SIZE,)),
        ("seen_x", "f8"),
        ("seen_y", "f8"),
        ("seen_food", "i8"),
        ("seen_food_distance", "f8"),
        ("seen_meals", "i8"),
        # Its brain: share of random actions, loss of the last learning step (0 before it), learning steps, experiences
        # stored, the highest priority so far, exponent of the importance weights.
        ("epsilon", "f8"),
        ("loss", "f8"),
        ("learning_steps", "i8"),
        ("stored", "i8"),
        ("highest_priority", "f8"),
        ("importance", "f8"),
        # How many of the random numbers that were drawn ahead are used, for exploring and for batches.
        ("explorations_used", "i8"),
        ("batches_used", "i8"),
    ],
    align=True,
)
"""All that a shard knows of an agent, apart from its network and its experiences. Lengths are in m."""

EXPERIENCE = np.dtype([("priority", "f8"), ("reward", "f4"), ("action", "i4")], align=True)
"""An experience without its observations; the priority is already raised to its exponent."""

DRAWN = np.dtype([("place", "i8"), ("action", "i8"), ("reward", "f4"), ("weight", "f4"), ("error", "f4")], align=True)
"""An experience drawn for learning: its place in its agent's memory, its importance weight, of which the largest in a
batch is 1, and its temporal-difference error."""

SENSES = np.dtype(
    [
        ("x_min", "f8"),  # x of the ground's first vertex, m
        ("resolution", "f8"),  # between two vertices, m
        ("boxes_begin", "i8"),  # number of the first point of an outline that belongs to a box
        ("surface_x_min", "f8"),  # x where the table of heights begins, m
        ("surface_step", "f8"),  # between two entries of this table, m
        ("ray_length", "f8"),
        ("robot_radius", "f8"),
        ("food_radius", "f8"),
        ("contact_slop", "f8"),  # distance from the ground that still counts as contact, m
        ("fan", "f8", (RAYS, 2)),  # direction of each ray in the chassis' frame
        ("rim", "f8", (7, 2)),  # points of a wheel's lower half, from its hub, in radii
        ("corners", "f8", (5, 2)),  # of the forearm, from the elbow: x in lengths, y in half-widths
        ("scales", "f8", (OBSERVATION_SIZE,)),  # the value that is sensed as 1
        # Memory for one agent:
        ("directions", "f8", (RAYS, 2)),
        ("hits", "f8", (len(KINDS), RAYS)),  # distance of the nearest thing of each kind, m
        ("distances", "f8", (RAYS,)),
        ("classes", "f8", (RAYS,)),
        ("values", "f8", (OBSERVATION_SIZE,)),
    ],
    align=True,
)
"""The numbers that the senses of all agents have in common, and memory in which one agent's senses are computed."""


BODY_LAYOUT = np.dtype([(name, "i8") for name in ("position", "angle", "velocity", "angular_velocity")])
"""Where the fields of a body lie in Box2D's memory, in bytes from its address."""


def settings_record(settings: Any) -> Records:
    """Return the numbers of a settings dataclass as an array of one record, whose fields have the settings' names."""
    kinds = {bool: "?", int: "i8", float: "f8"}
    fields = [each for each in dataclasses.fields(settings) if type(each.default) in kinds]
    # The default's type counts: a whole number given for a float must not need another compilation.
    dtype = np.dtype([(each.name, kinds[type(each.default)]) for each in fields])
    return np.array([tuple(getattr(settings, each.name) for each in fields)], dtype)
