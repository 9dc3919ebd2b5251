"""For each of the 29 components: scenes with robots and food placed by the test, and values computed by hand.

The scene of every case, unless it says otherwise: flat ground at y = 0 from x = -20 to 20 with a vertex each metre;
the unmutated robot at (0, 1.25), where both wheels (0.75 below and 0.5 in radius) just touch; arm stretched out along
x, 2.25 m up; no food, no other agent. Default scales: joints by 90° and 135°, joint speeds 10 rad/s, displacement 1 m,
velocity 10 m/s, angular velocity 10 rad/s, food 50 m, rays 8 m at -60°, -30°, 0°, 30° and 60°.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from walkerbench.workloads.walker.robot import Outline, Shape
from walkerbench.workloads.walker.senses import OBSERVATION, OBSERVATION_SIZE, NearestFood, Readings, SenseOrgans
from walkerbench.workloads.walker.settings import GENES, RobotSettings, SensesSettings
from walkerbench.workloads.walker.terrain import Ground

PI = math.pi
HEIGHT = 1.25
"""Height of the chassis' centre above flat ground that both wheels touch, m."""

RAY_DOWN = HEIGHT / math.sin(PI / 3)
"""Distance at which the ray at -60° hits the flat ground, m."""


def flat_ground(*boxes: tuple[float, float, float, float], heights: np.ndarray | None = None) -> Ground:
    """Return a ground from x = -20 to 20, flat unless heights are given."""
    return Ground(
        x_min=-20.0,
        resolution=1.0,
        heights=np.zeros(41) if heights is None else heights,
        boxes=np.array(boxes, np.float64).reshape(-1, 4),
        starts=np.zeros(1),
    )


def observe(
    ground: Ground | None = None,
    at: complex = 1j * HEIGHT,
    food: list[tuple[float, float]] | None = None,
    others: list[tuple[float, float]] | None = None,
    **read: Any,
) -> tuple[dict[str, float], NearestFood]:
    """Return the observation of one robot, by the components' names."""
    senses = SenseOrgans(SensesSettings(), RobotSettings(), ground or flat_ground())
    outline = Outline.of(Shape.of(RobotSettings(), np.ones((1, len(GENES)))))
    shoulder, elbow, shoulder_speed, elbow_speed = read.get("joints", (0.0, 0.0, 0.0, 0.0))
    readings = Readings(
        position=np.array([at]),
        velocity=np.array([read.get("velocity", 0j)], np.complex128),
        displacement=np.array([read.get("displacement", 0j)], np.complex128),
        last_action=np.array([read.get("last_action", 0j)], np.complex128),
        angles=np.array([[read.get("angle", 0.0)], [shoulder], [elbow]]),
        speeds=np.array([[read.get("angular_velocity", 0.0)], [shoulder_speed], [elbow_speed]]),
        own=np.array([0]),
    )
    robots = np.array([(at.real, at.imag), *(others or [])])
    sources = np.array(food or [(np.inf, np.inf)])
    values, nearest = senses.observe(readings, outline, slice(0, 1), robots, sources)
    assert values.shape == (1, OBSERVATION_SIZE) == (1, 29)
    assert values.dtype == np.float32
    return dict(zip(OBSERVATION, values[0].tolist(), strict=True)), nearest


CASES: dict[str, list[tuple[dict[str, Any], float]]] = {
    # The shoulder's limit is 90°, and 45° is half of it.
    "shoulder_angle": [({"joints": (PI / 4, 0, 0, 0)}, 0.5), ({"joints": (-PI / 2, 0, 0, 0)}, -1.0)],
    # 45° of 135°.
    "elbow_angle": [({"joints": (0, PI / 4, 0, 0)}, 1 / 3)],
    # 3 rad/s of 10; 15 rad/s is clipped.
    "shoulder_speed": [({"joints": (0, 0, 3, 0)}, 0.3), ({"joints": (0, 0, 15, 0)}, 1.0)],
    "elbow_speed": [({"joints": (0, 0, 0, -2)}, -0.2), ({"joints": (0, 0, 0, -15)}, -1.0)],
    # Moved by (0.25, -0.125) m of 1 m.
    "displacement_x": [({"displacement": 0.25 - 0.125j}, 0.25), ({"displacement": 3 + 0j}, 1.0)],
    "displacement_y": [({"displacement": 0.25 - 0.125j}, -0.125)],
    # (2, -5) m/s of 10.
    "velocity_x": [({"velocity": 2 - 5j}, 0.2), ({"velocity": -12 + 0j}, -1.0)],
    "velocity_y": [({"velocity": 2 - 5j}, -0.5)],
    # 45° of 180°; 360° + 90° is 90°; 270° is -90°.
    "body_angle": [({"angle": PI / 4}, 0.25), ({"angle": 2.5 * PI}, 0.5), ({"angle": 1.5 * PI}, -0.5)],
    # 4 rad/s of 10.
    "angular_velocity": [({"angular_velocity": 4.0}, 0.4)],
    # (3, 4) m from the chassis' centre is 5 m, of 50; 80 m is clipped to 1; without food the value is 1. Of two sources
    # the nearer one counts.
    "food_distance": [
        ({"food": [(3.0, HEIGHT + 4.0)]}, 0.1),
        ({"food": [(80.0, HEIGHT)]}, 1.0),
        ({}, 1.0),
        ({"food": [(30.0, HEIGHT), (-10.0, HEIGHT)]}, 0.2),
    ],
    # (3, 4) ÷ 5.
    "food_direction_x": [({"food": [(3.0, HEIGHT + 4.0)]}, 0.6), ({}, 0.0)],
    "food_direction_y": [({"food": [(3.0, HEIGHT + 4.0)]}, 0.8), ({"food": [(3.0, HEIGHT - 4.0)]}, -0.8), ({}, 0.0)],
    # Straight up is 90°, half of 180°. If the chassis leans by 90°, straight up is straight ahead. To the left of a
    # chassis that leans by -135° is 180° - (-135°) = 315°, which is -45°.
    "food_approach": [
        ({"food": [(0.0, HEIGHT + 6.0)]}, 0.5),
        ({"food": [(0.0, HEIGHT + 6.0)], "angle": PI / 2}, 0.0),
        ({"food": [(-6.0, HEIGHT)], "angle": -0.75 * PI}, -0.25),
    ],
    # Both wheels; no wheel, 0.1 m up; one wheel, 0.1 m up, with a box 0.1 m high under this wheel.
    "ground_contact": [
        ({}, 1.0),
        ({"at": 1j * (HEIGHT + 0.1)}, 0.0),
        ({"at": 1j * (HEIGHT + 0.1), "ground": flat_ground((1.0, 0.05, 0.4, 0.05))}, 0.5),
    ],
    # The stretched arm is 2.25 m up. The shoulder is at (-1, 2.25). If the upper arm hangs straight down, the elbow is
    # at (-1, 0.25). A forearm that is bent to lie along x then has its lowest corner 0.15 m lower, 0.1 m above the
    # ground, and does not touch; a forearm that is not bent ends at y = -1.75, in the ground.
    "arm_contact": [
        ({}, 0.0),
        ({"joints": (-PI / 2, PI / 2, 0, 0)}, 0.0),
        ({"joints": (-PI / 2, 0, 0, 0)}, 1.0),
    ],
    # Cosines of 0°, 60° and 180°.
    "stability": [({}, 1.0), ({"angle": PI / 3}, 0.5), ({"angle": PI}, -1.0)],
    "last_shoulder": [({"last_action": 0.8 - 0.2j}, 0.8)],
    "last_elbow": [({"last_action": 0.8 - 0.2j}, -0.2)],
    # -60°: 1.25 / sin 60° = 1.4434 m to the ground, of 8 m. Ten metres up, the ground is out of reach.
    "ray0_distance": [({}, RAY_DOWN / 8), ({"at": 10j}, 1.0)],
    "ray0_class": [({}, 0.0), ({"at": 10j}, -1.0)],
    # -30°: 1.25 / sin 30° = 2.5 m. A box with its top at 0.5 m where the ray comes down to that, 1.5 cos 30° = 1.299 m
    # away: 0.75 / sin 30° = 1.5 m.
    "ray1_distance": [({}, 2.5 / 8), ({"ground": flat_ground((1.3, 0.25, 0.2, 0.25))}, 1.5 / 8)],
    "ray1_class": [({}, 0.0), ({"ground": flat_ground((1.3, 0.25, 0.2, 0.25))}, -0.5)],
    # 0°: nothing over flat ground; a box's wall at x = 4 - 0.5; another robot (radius 1.5) 6 m ahead; food (radius 0.5)
    # 3 m ahead; food behind another robot is not hit.
    "ray2_distance": [
        ({}, 1.0),
        ({"ground": flat_ground((4.0, 1.0, 0.5, 1.0))}, 3.5 / 8),
        ({"others": [(6.0, HEIGHT)]}, 4.5 / 8),
        ({"food": [(3.0, HEIGHT)]}, 2.5 / 8),
        ({"others": [(4.0, HEIGHT)], "food": [(6.0, HEIGHT)]}, 2.5 / 8),
    ],
    "ray2_class": [
        ({}, -1.0),
        ({"ground": flat_ground((4.0, 1.0, 0.5, 1.0))}, -0.5),
        ({"others": [(6.0, HEIGHT)]}, 0.5),
        ({"food": [(3.0, HEIGHT)]}, 1.0),
        ({"others": [(4.0, HEIGHT)], "food": [(6.0, HEIGHT)]}, 0.5),
        # From x = 2 the ground rises by 1 m per metre: the horizontal ray hits it at x = 3.25, with the class terrain.
        ({"ground": flat_ground(heights=np.maximum(0.0, np.arange(-20.0, 21.0) - 2.0))}, 0.0),
    ],
    # 30°: food 4 m out on the ray's line, (4 cos 30°, 4 sin 30°) from the chassis: 3.5 m.
    "ray3_distance": [
        ({}, 1.0),
        ({"food": [(4 * math.cos(PI / 6), HEIGHT + 2.0)]}, 3.5 / 8),
        # Rays turn with the chassis: if it leans by -60°, this ray points 30° down.
        ({"angle": -PI / 3}, 2.5 / 8),
    ],
    "ray3_class": [({}, -1.0), ({"food": [(4 * math.cos(PI / 6), HEIGHT + 2.0)]}, 1.0), ({"angle": -PI / 3}, 0.0)],
    # 60°: another robot, 5 m along the ray and 0.9 m beside it: the hit is half a chord, √(1.5² - 0.9²) = 1.2 m, before
    # these 5 m. The robot is at (5 cos 60° - 0.9 sin 60°, 5 sin 60° + 0.9 cos 60°).
    "ray4_distance": [
        ({}, 1.0),
        ({"others": [(2.5 - 0.9 * math.sin(PI / 3), HEIGHT + 5 * math.sin(PI / 3) + 0.45)]}, 3.8 / 8),
    ],
    "ray4_class": [
        ({}, -1.0),
        ({"others": [(2.5 - 0.9 * math.sin(PI / 3), HEIGHT + 5 * math.sin(PI / 3) + 0.45)]}, 0.5),
    ],
}


def test_every_component_has_a_case() -> None:
    assert tuple(CASES) == OBSERVATION
    assert len(OBSERVATION) == 29


@pytest.mark.parametrize(
    ("component", "scene", "value"),
    [
        pytest.param(component, scene, value, id=f"{component}-{number}")
        for component, cases in CASES.items()
        for number, (scene, value) in enumerate(cases)
    ],
)
def test_a_component_agrees_with_a_computation_by_hand(component: str, scene: dict[str, Any], value: float) -> None:
    seen, _ = observe(**scene)
    assert seen[component] == pytest.approx(value, abs=1e-6)


def test_components_without_a_cause_are_zero() -> None:
    seen, _ = observe()
    assert {name for name, value in seen.items() if value == 0} == {
        *OBSERVATION[:10], "food_direction_x", "food_direction_y", "food_approach", "arm_contact",
        "last_shoulder", "last_elbow", "ray0_class", "ray1_class",
    }  # fmt: skip


def test_the_nearest_food_is_returned_for_the_reward() -> None:
    _, nearest = observe(food=[(np.inf, np.inf), (6.0, HEIGHT + 8.0), (40.0, 0.0)])
    assert (nearest.source[0], nearest.distance[0], nearest.towards[0]) == (1, 10.0, 6 + 8j)
    _, nothing = observe(food=[(np.inf, np.inf)])
    assert (nothing.source[0], nothing.distance[0], nothing.towards[0]) == (-1, np.inf, 0)


@pytest.mark.parametrize("lift", [0.0, 0.025])
def test_a_wheel_touches_within_the_slop(lift: float) -> None:
    assert observe(at=1j * (HEIGHT + lift))[0]["ground_contact"] == 1.0


@pytest.mark.parametrize(("angle", "touching"), [(0.1, 0.5), (-0.1, 0.5), (0.0, 1.0)])
def test_a_robot_that_leans_touches_with_one_wheel(angle: float, touching: float) -> None:
    # The robot leans, and so one wheel is 2 sin 0.1 = 0.2 m higher than the other. With the lower rim on the ground the
    # centre is at 0.75 cos 0.1 + sin 0.1 + 0.5.
    height = 0.75 * math.cos(angle) + abs(math.sin(angle)) + 0.5
    assert observe(at=1j * height, angle=angle)[0]["ground_contact"] == touching


def test_the_arm_touches_an_obstacle() -> None:
    # The arm is bent as in the case without contact, 0.1 m above the ground from x = -1: a box 0.3 m high does.
    bent: dict[str, Any] = {"joints": (-PI / 2, PI / 2, 0, 0)}
    assert observe(ground=flat_ground((1.0, 0.15, 0.3, 0.15)), **bent)[0]["arm_contact"] == 1.0
    assert observe(ground=flat_ground((4.0, 0.15, 0.3, 0.15)), **bent)[0]["arm_contact"] == 0.0


def test_each_of_several_agents_senses_from_its_own_place() -> None:
    senses = SenseOrgans(SensesSettings(), RobotSettings(), flat_ground())
    outline = Outline.of(Shape.of(RobotSettings(), np.ones((4, len(GENES)))))
    x = np.array([-6.0, 0.0, 6.0, 12.0])
    robots = np.stack([x, np.full(4, HEIGHT)], axis=1)
    nothing = np.zeros(2, np.complex128)
    rows = slice(1, 4, 2)  # the second and the last of the shard
    readings = Readings(
        robots[rows].copy().view(np.complex128)[:, 0], nothing, nothing, nothing,
        np.zeros((3, 2)), np.zeros((3, 2)), np.array([1, 3]),
    )  # fmt: skip
    values, nearest = senses.observe(readings, outline, rows, robots, np.array([(9.0, HEIGHT)]))
    ahead = OBSERVATION.index("ray2_distance")
    # The third is 6 m ahead of the second, minus its radius; no robot is ahead of the last, and food is 3 m behind it.
    assert values[:, ahead] == pytest.approx([4.5 / 8, 1.0])
    assert values[:, ahead + 1].tolist() == [0.5, -1.0]
    assert nearest.towards.tolist() == [9, -3]
