"""The physics phase of a frame: calls Box2D's own functions, for all robots of a shard in one call from Python.

The functions are named as the C++ compiler names them in Box2D's library, which `walker.box2d_memory` loads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from walkerbench.workloads.walker.arrays import Floats, Records
from walkerbench.workloads.walker.kernels.compiling import inner, kernel

STEP_WORLD, SET_SPEED, SWITCH_MOTOR, JOINT_ANGLE, JOINT_SPEED = SYMBOLS = (
    "_ZN7b2World4StepEfii",
    "_ZN15b2RevoluteJoint13SetMotorSpeedEf",
    "_ZN15b2RevoluteJoint11EnableMotorEb",
    "_ZNK15b2RevoluteJoint13GetJointAngleEv",
    "_ZNK15b2RevoluteJoint13GetJointSpeedEv",
)
"""Names of the functions in Box2D's library."""

_step = types.ExternalFunction(STEP_WORLD, types.void(types.int64, types.float32, types.int32, types.int32))
_set_speed = types.ExternalFunction(SET_SPEED, types.void(types.int64, types.float32))
_switch_motor = types.ExternalFunction(SWITCH_MOTOR, types.void(types.int64, types.int32))
_joint_angle = types.ExternalFunction(JOINT_ANGLE, types.float32(types.int64))
_joint_speed = types.ExternalFunction(JOINT_SPEED, types.float32(types.int64))


def _load_float(typing_context: Any, address: Any) -> Any:
    """Return the signature and the code of a function that returns the float32 at an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], ir.FloatType().as_pointer()))

    return types.float32(types.int64), generate


_float_at = intrinsic(_load_float)


@kernel
def step_worlds(
    agents: Records, physics: Records, layout: Records, fall_limit: float, position: Floats, speed: Floats
) -> int:
    """Carry out each robot's commands, step its world, and read it.

    Args:
        agents: `(agents,)` records `AGENT`.
        physics: One record of the physics' settings.
        layout: One record `BODY_LAYOUT`.
        fall_limit: Height below which a robot has fallen, m.
        position: `(agents, 2)` gets the robots' positions, m.
        speed: `(agents,)` gets their speeds, m/s.

    Returns:
        How many robots have fallen.
    """
    fallen = 0
    dt = np.float32(1.0 / physics[0].frames_per_second)
    for row in range(len(agents)):
        agent = agents[row]
        if not agent.built:
            continue
        _carry_out(agent)
        _step(agent.world, dt, np.int32(physics[0].velocity_iterations), np.int32(physics[0].position_iterations))
        _read(agent, layout[0])
        position[row, 0], position[row, 1] = agent.x, agent.y
        speed[row] = np.sqrt(agent.velocity_x * agent.velocity_x + agent.velocity_y * agent.velocity_y)
        fallen += agent.y < fall_limit
    return fallen


@inner
def _carry_out(agent: Records) -> None:
    if agent.motors_switched:
        _switch_motor(agent.shoulder, np.int32(agent.motors_on))
        _switch_motor(agent.elbow, np.int32(agent.motors_on))
        agent.motors_switched = False
    if agent.speeds_changed:
        _set_speed(agent.shoulder, np.float32(agent.shoulder_command))
        _set_speed(agent.elbow, np.float32(agent.elbow_command))
        agent.speeds_changed = False


@inner
def _read(agent: Records, layout: Records) -> None:
    chassis = agent.chassis
    agent.x = _float_at(chassis + layout.position)
    agent.y = _float_at(chassis + layout.position + 4)
    agent.velocity_x = _float_at(chassis + layout.velocity)
    agent.velocity_y = _float_at(chassis + layout.velocity + 4)
    agent.angle = _float_at(chassis + layout.angle)
    agent.angular_velocity = _float_at(chassis + layout.angular_velocity)
    agent.shoulder_angle = _joint_angle(agent.shoulder)
    agent.elbow_angle = _joint_angle(agent.elbow)
    agent.shoulder_speed = _joint_speed(agent.shoulder)
    agent.elbow_speed = _joint_speed(agent.elbow)
