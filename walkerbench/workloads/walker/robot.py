"""One robot: five bodies and four joints in a Box2D world of its own, shaped by its genome."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from walkerbench.workloads.walker.settings import RobotSettings, WalkerSettings
from walkerbench.workloads.walker.shape import FOREARM_CORNERS, Shape
from walkerbench.workloads.walker.terrain import Ground

with warnings.catch_warnings():
    # Where warnings are errors, the deprecation warnings of Box2D's binding code crash the interpreter.
    warnings.simplefilter("ignore", DeprecationWarning)
    import Box2D as Box2D  # also for `box2d_memory`


GROUND_CATEGORY = 0x0001
ROBOT_CATEGORY = 0x0002
OBSTACLE_CATEGORY = 0x0004
ROBOT_MASK = GROUND_CATEGORY | OBSTACLE_CATEGORY


def make_world(settings: WalkerSettings, ground: Ground) -> Any:
    """Return a Box2D world with its own copy of the terrain and no robot."""
    world = Box2D.b2World(gravity=(0.0, settings.physics.gravity_m_s2), doSleep=False)
    terrain = world.CreateStaticBody()
    x = ground.x_min + ground.resolution * np.arange(len(ground.heights))
    vertices = [(float(a), float(b)) for a, b in zip(x, ground.heights, strict=True)]
    _add_fixture(
        terrain,
        Box2D.b2ChainShape(vertices_chain=vertices),
        friction=settings.terrain.friction,
        categoryBits=GROUND_CATEGORY,
    )
    for box_x, box_y, half_width, half_height in ground.boxes:
        _add_fixture(
            terrain,
            Box2D.b2PolygonShape(box=(half_width, half_height, (box_x, box_y), 0.0)),
            friction=settings.terrain.obstacle_friction,
            categoryBits=OBSTACLE_CATEGORY,
        )
    return world


class RobotBody:
    """The bodies and joints of one robot in its world.

    Args:
        world: The robot's own world.
        robot: The unmutated robot's settings.
        shape: Shapes of the shard's robots.
        row: The robot's row in `shape`.
        x: Where the robot starts, m.
        ground_top: Height of the highest ground under the robot, m.
        clearance: How far above that ground the robot starts, m.
    """

    def __init__(
        self, world: Any, robot: RobotSettings, shape: Shape, row: int, x: float, ground_top: float, clearance: float
    ) -> None:
        self._world = world
        friction = float(shape.friction[row])
        wheel_x, wheel_y = float(shape.wheel_x[row]), float(shape.wheel_y[row])
        radius = float(shape.wheel_radius[row])
        y = ground_top + clearance + max(radius - wheel_y, float(shape.chassis_half_height[row]))
        anchor = (x + float(shape.anchor_x[row]), y + float(shape.anchor_y[row]))
        upper_length = float(shape.upper_length[row])
        elbow = (anchor[0] + upper_length, anchor[1])

        self.chassis = self._body(
            (x, y),
            Box2D.b2PolygonShape(box=(float(shape.chassis_half_width[row]), float(shape.chassis_half_height[row]))),
            float(shape.chassis_density[row]),
            robot.chassis_friction * friction,
        )
        self.wheels = tuple(
            self._body(
                (x + side * wheel_x, y + wheel_y),
                Box2D.b2CircleShape(radius=radius),
                robot.wheel_density_kg_m2,
                robot.wheel_friction * friction,
            )
            for side in (-1, 1)
        )
        half = upper_length / 2
        self.upper_arm = self._body(
            anchor,
            Box2D.b2PolygonShape(box=(half, float(shape.upper_half_width[row]), (half, 0.0), 0.0)),
            robot.arm_density_kg_m2,
            robot.arm_friction * friction,
        )
        length, half_width = float(shape.lower_length[row]), float(shape.lower_half_width[row])
        self.lower_arm = self._body(
            elbow,
            Box2D.b2PolygonShape(vertices=[(u * length, v * half_width) for u, v in FOREARM_CORNERS]),
            robot.arm_density_kg_m2,
            robot.arm_friction * friction,
        )
        for wheel in self.wheels:
            world.CreateRevoluteJoint(bodyA=self.chassis, bodyB=wheel, anchor=wheel.position)
        torque = float(shape.motor_torque[row])
        self.shoulder = self._motor(self.chassis, self.upper_arm, anchor, robot.shoulder_limits_deg, torque)
        self.elbow = self._motor(self.upper_arm, self.lower_arm, elbow, robot.elbow_limits_deg, torque)

    @property
    def bodies(self) -> tuple[Any, ...]:
        """All five bodies, the chassis first."""
        return (self.chassis, *self.wheels, self.upper_arm, self.lower_arm)

    def state(self) -> list[float]:
        """Return the position, angle, velocity and angular velocity of every body, 30 numbers."""
        values: list[float] = []
        for body in self.bodies:
            position, velocity = body.position, body.linearVelocity
            values += (position.x, position.y, body.angle, velocity.x, velocity.y, body.angularVelocity)
        return values

    def poses(self) -> list[float]:
        """Return the position (m) and angle (rad) of every body: x, y, angle, x, y, …."""
        values: list[float] = []
        for body in self.bodies:
            position = body.position  # reading x and y takes a third of the time of unpacking it
            values += (position.x, position.y, body.angle)
        return values

    def reading(self) -> tuple[float, ...]:
        """Return the values that are read from a robot after each step, in the order of `READING`."""
        chassis, shoulder, elbow = self.chassis, self.shoulder, self.elbow
        position, velocity = chassis.position, chassis.linearVelocity
        return (
            position.x, position.y, velocity.x, velocity.y, chassis.angle, chassis.angularVelocity,
            shoulder.angle, elbow.angle, shoulder.speed, elbow.speed,
        )  # fmt: skip

    def addresses(self) -> tuple[int, int, int, int]:
        """Return where the world, the chassis, the shoulder and the elbow lie in memory."""
        return int(self._world.this), int(self.chassis.this), int(self.shoulder.this), int(self.elbow.this)

    def switch_motors(self, on: bool) -> None:
        """Turn both motors on or off."""
        self.shoulder.motorEnabled = self.elbow.motorEnabled = on

    def command(self, shoulder: float, elbow: float) -> None:
        """Set the speeds that the motors aim for, rad/s."""
        self.shoulder.motorSpeed = shoulder
        self.elbow.motorSpeed = elbow

    def destroy(self) -> None:
        """Remove every body from the world; Box2D removes the joints with them."""
        for body in self.bodies:
            self._world.DestroyBody(body)

    def _body(self, position: tuple[float, float], shape: Any, density: float, friction: float) -> Any:
        # Per body, because bodies fall asleep in spite of the world's doSleep=False: a sleeping robot needs no time.
        body = self._world.CreateDynamicBody(position=position, allowSleep=False)
        _add_fixture(body, shape, density=density, friction=friction, categoryBits=ROBOT_CATEGORY, maskBits=ROBOT_MASK)
        return body

    def _motor(
        self, first: Any, second: Any, anchor: tuple[float, float], limits: tuple[float, float], torque: float
    ) -> Any:
        return self._world.CreateRevoluteJoint(
            bodyA=first,
            bodyB=second,
            anchor=anchor,
            enableLimit=True,
            lowerAngle=math.radians(limits[0]),
            upperAngle=math.radians(limits[1]),
            enableMotor=True,
            maxMotorTorque=torque,
            motorSpeed=0.0,
        )


def _add_fixture(body: Any, shape: Any, **definition: float) -> None:
    """Give a body its own copy of a shape."""
    body.CreateFixture(shape=shape, **definition)
    # The call took ownership of the shape from Python, and pybox2d never frees it: without the next line, every shape
    # would stay in memory until the process ends.
    shape.thisown = True
