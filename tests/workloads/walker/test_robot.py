"""The robot has the measures of the design, is never asleep, and is alone in its world."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pytest
from herds import IDLE, PLAIN, SMALL_BRAIN, Herd

from walkerbench.workloads.walker.robot import RobotBody, make_world
from walkerbench.workloads.walker.settings import GENES, RobotSettings, TerrainSettings, WalkerSettings
from walkerbench.workloads.walker.shape import Shape
from walkerbench.workloads.walker.terrain import build_ground

DEFAULT = WalkerSettings()
FLAT = WalkerSettings(terrain=TerrainSettings(style="flat"))


@pytest.fixture
def robot() -> RobotBody:
    """Return the unmutated robot, 0.2 m above flat ground, at x = 10."""
    shape = Shape.of(DEFAULT.robot, np.ones((1, len(GENES))))
    world = make_world(FLAT, build_ground(FLAT.terrain, 1, seed=1))
    return RobotBody(world, DEFAULT.robot, shape, 0, x=10.0, ground_top=0.0, clearance=0.2)


def near(*values: float) -> Any:
    return pytest.approx(values, abs=1e-5)


def corners(body: Any) -> list[tuple[float, float]]:
    return sorted(body.fixtures[0].shape.vertices)


def test_five_bodies_stand_where_the_design_puts_them(robot: RobotBody) -> None:
    # The lowest points are the wheels' rims, 0.75 + 0.5 m below the chassis' centre: so the centre is at 0.2 + 1.25 m.
    assert tuple(robot.chassis.position) == near(10.0, 1.45)
    assert [tuple(wheel.position) for wheel in robot.wheels] == [near(9.0, 0.7), near(11.0, 0.7)]
    assert tuple(robot.upper_arm.position) == near(9.0, 2.45)
    # The elbow is at the upper arm's far end, two half-lengths of 1.0 m from the shoulder.
    assert tuple(robot.lower_arm.position) == near(11.0, 2.45)
    assert len(robot.bodies) == robot._world.bodyCount - 1 == 5


def test_its_parts_have_the_shapes_of_the_design(robot: RobotBody) -> None:
    assert corners(robot.chassis) == [near(*c) for c in ((-1.5, -0.75), (-1.5, 0.75), (1.5, -0.75), (1.5, 0.75))]
    assert [wheel.fixtures[0].shape.radius for wheel in robot.wheels] == [0.5, 0.5]
    # A box of half-extents 1.0 and 0.2 that begins at the shoulder.
    assert corners(robot.upper_arm) == [near(*c) for c in ((0.0, -0.2), (0.0, 0.2), (2.0, -0.2), (2.0, 0.2))]
    lower = corners(robot.lower_arm)
    assert len(lower) == 5
    assert (lower[0][0], lower[-1]) == (0.0, near(2.0, 0.0))
    widths = [abs(y) for _, y in lower]
    assert widths[0] > widths[2] > widths[4], "the forearm tapers"


def test_its_masses_are_areas_times_densities(robot: RobotBody) -> None:
    assert robot.chassis.mass == pytest.approx(3.0 * 1.5 * 4.0)
    assert [wheel.mass for wheel in robot.wheels] == pytest.approx([math.pi * 0.25 * 8.0] * 2)
    assert robot.upper_arm.mass == pytest.approx(2.0 * 0.4 * 0.1)
    # Half-widths 0.15 at 0, 0.09 at 1.4 m, 0 at 2 m: two trapezoids of (0.30 + 0.18) / 2 · 1.4 and 0.18 / 2 · 0.6.
    assert robot.lower_arm.mass == pytest.approx((0.336 + 0.054) * 0.1)


def test_its_frictions_are_those_of_the_design(robot: RobotBody) -> None:
    frictions = [body.fixtures[0].friction for body in robot.bodies]
    assert frictions == pytest.approx([0.8, 0.9, 0.9, 0.6, 0.6])


def test_two_of_the_four_joints_have_motors_and_limits(robot: RobotBody) -> None:
    joints = robot._world.joints
    assert len(joints) == 4
    assert sum(joint.motorEnabled for joint in joints) == sum(joint.limitEnabled for joint in joints) == 2
    assert np.degrees(robot.shoulder.limits) == pytest.approx([-90, 90])
    assert np.degrees(robot.elbow.limits) == pytest.approx([0, 135])
    assert [joint.motorSpeed for joint in (robot.shoulder, robot.elbow)] == [0.0, 0.0]


def test_a_motor_pushes_with_the_torque_of_the_design(robot: RobotBody) -> None:
    # The elbow's limit at 0° stops its motor, which then pushes with its greatest torque.
    robot.switch_motors(True)
    robot.command(0.0, -3.0)
    for _ in range(60):
        robot._world.Step(1 / 60, 8, 3)
    assert robot.elbow.GetMotorTorque(60.0) == pytest.approx(-150.0)


def test_robots_collide_with_ground_and_obstacles_only(robot: RobotBody) -> None:
    filters = [body.fixtures[0].filterData for body in robot.bodies]
    assert {(each.categoryBits, each.maskBits) for each in filters} == {(0x0002, 0x0005)}
    herd = Herd(3, WalkerSettings(brain=SMALL_BRAIN))
    ground = herd.shards[0]._worlds[0].bodies[0]
    assert {each.filterData.categoryBits for each in ground.fixtures} == {0x0001, 0x0004}
    assert len({id(world) for world in herd.shards[0]._worlds}) == 3, "each has a world of its own"


def test_robots_at_the_same_place_do_not_touch() -> None:
    crowd = WalkerSettings(
        terrain=TerrainSettings(style="flat", start_spacing_m=0.5, obstacle_half_height_m=0.001),
        brain=SMALL_BRAIN,
        ecosystem=IDLE,
    )
    herd = Herd(2, crowd)
    herd.step(120)
    bodies = [body for robot in herd.robots() for body in robot.bodies]
    touched = {contact.other for body in bodies for contact in body.contacts if contact.contact.touching}
    ground = {world.bodies[0] for world in herd.shards[0]._worlds}
    assert touched == ground


@pytest.mark.parametrize("style", ["flat", "mixed"])
def test_no_body_is_asleep_after_a_thousand_frames(style: Literal["flat", "mixed"]) -> None:
    still = WalkerSettings(
        terrain=TerrainSettings(style=style),
        brain=SMALL_BRAIN,
        ecosystem=IDLE,
        robot=RobotSettings(motor_speed_rad_s=1e-9),
    )
    herd = Herd(4, still)
    herd.step(1000)
    bodies = [body for robot in herd.robots() for body in robot.bodies]
    assert len(bodies) == 20
    assert all(body.awake for body in bodies)
    assert not any(body.sleepingAllowed for body in bodies)


def test_a_genome_multiplies_the_defaults() -> None:
    genome = dict.fromkeys(GENES, 1.0) | {"scale": 1.2, "arm_length": 0.5, "torque": 1.3, "wheel_spread": 1.1}
    shape = Shape.of(DEFAULT.robot, np.array([[genome[name] for name in GENES]]))
    assert shape.chassis_half_width[0] == pytest.approx(1.5 * 1.2)
    assert shape.upper_length[0] == pytest.approx(2.0 * 1.2 * 0.5)
    assert shape.lower_length[0] == pytest.approx(2.0 * 1.2)
    assert shape.motor_torque[0] == pytest.approx(150 * 1.3)
    assert shape.wheel_x[0] == pytest.approx(1.0 * 1.2 * 1.1)
    assert shape.motor_speed[0] == 3.0


@pytest.mark.parametrize("gene", GENES)
def test_every_gene_changes_the_shape(gene: str) -> None:
    genomes = np.ones((2, len(GENES)))
    genomes[1, GENES.index(gene)] = 1.1
    shape = Shape.of(DEFAULT.robot, genomes)
    changed = [name for name in Shape.__dataclass_fields__ if getattr(shape, name)[0] != getattr(shape, name)[1]]
    assert changed


def test_joints_stay_within_their_limits_while_motors_push() -> None:
    herd = Herd(6, PLAIN)
    seen = []
    for _ in range(600):
        herd.step()
        seen += [(robot.shoulder.angle, robot.elbow.angle) for robot in herd.robots()]
    shoulder, elbow = np.degrees(np.array(seen)).T
    # In Box2D a joint passes its limit a little while it is pushed.
    assert -100 < shoulder.min() < -85
    assert 85 < shoulder.max() < 100
    assert -10 < elbow.min() < 5
    assert 130 < elbow.max() < 145
