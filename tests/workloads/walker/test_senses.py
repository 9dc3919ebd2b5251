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
from compiled import from_python
from hypothesis import given
from hypothesis import strategies as st
from unmutated_robots import unmutated_agents

from walkerbench.workloads.walker.kernels import senses as kernels
from walkerbench.workloads.walker.kernels.records import OBSERVATION, OBSERVATION_SIZE
from walkerbench.workloads.walker.senses import surroundings_of
from walkerbench.workloads.walker.settings import RobotSettings, SensesSettings
from walkerbench.workloads.walker.terrain import Ground

PI = math.pi
HEIGHT = 1.25
"""Height of the chassis' centre above flat ground that both wheels touch, m."""

JOINTS = ("shoulder_angle", "elbow_angle", "shoulder_speed", "elbow_speed")

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


Nearest = tuple[int, float]
"""Number and distance (m) of the nearest source."""


def observe(
    ground: Ground | None = None,
    at: complex = 1j * HEIGHT,
    food: list[tuple[float, float]] | None = None,
    others: list[tuple[float, float]] | None = None,
    **read: Any,
) -> tuple[dict[str, float], Nearest]:
    """Return the observation of one robot, by the components' names, and the food that is nearest to it."""
    agents = unmutated_agents(1)
    displacement, velocity, action = (read.get(name, 0j) for name in ("displacement", "velocity", "last_action"))
    agents["x"], agents["y"] = at.real, at.imag
    agents["remembers"] = "displacement" in read
    agents["seen_x"], agents["seen_y"] = at.real - displacement.real, at.imag - displacement.imag
    agents["velocity_x"], agents["velocity_y"] = velocity.real, velocity.imag
    agents["shoulder_action"], agents["elbow_action"] = action.real, action.imag
    agents["angle"], agents["angular_velocity"] = read.get("angle", 0.0), read.get("angular_velocity", 0.0)
    for name, value in zip(JOINTS, read.get("joints", (0.0, 0.0, 0.0, 0.0)), strict=True):
        agents[name] = value
    robots = np.array([(at.real, at.imag), *(others or [])])
    sources = np.array(food or [(np.inf, np.inf)])
    around = surroundings_of(SensesSettings(), RobotSettings(), ground or flat_ground(), robots, sources)
    values = np.full(OBSERVATION_SIZE, np.nan, np.float32)
    nearest = from_python(kernels.observe)(agents[0], 0, around, values)
    assert OBSERVATION_SIZE == 29
    return dict(zip(OBSERVATION, values.tolist(), strict=True)), nearest


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
    food = [(np.inf, np.inf), (6.0, HEIGHT + 8.0), (40.0, 0.0)]
    assert observe(food=food)[1] == (1, 10.0)
    assert observe(food=[(np.inf, np.inf)])[1] == (-1, np.inf)
    nearest_food = from_python(kernels.nearest_food)
    assert nearest_food(0.0, HEIGHT, np.array(food)) == (1, 10.0, 6.0, 8.0)
    assert nearest_food(0.0, HEIGHT, np.array([(np.inf, np.inf)])) == (-1, np.inf, 0.0, 0.0)


def test_of_food_at_equal_distances_the_first_is_the_nearest() -> None:
    assert observe(food=[(np.inf, np.inf), (-6.0, HEIGHT), (6.0, HEIGHT)])[1] == (1, 6.0)


def test_the_first_update_senses_no_displacement() -> None:
    # Before it, nothing is remembered: what the record holds of the last update has no meaning.
    agents = unmutated_agents(1)
    agents["x"], agents["y"], agents["seen_x"], agents["seen_y"] = 0.5, HEIGHT, 0.25, HEIGHT - 0.5
    far = np.full((1, 2), np.inf)
    around = surroundings_of(SensesSettings(), RobotSettings(), flat_ground(), far, far)
    values = np.zeros((2, OBSERVATION_SIZE), np.float32)
    for row, remembers in enumerate((False, True)):
        agents["remembers"] = remembers
        from_python(kernels.observe)(agents[0], 0, around, values[row])
    assert values[:, 4:6].tolist() == [[0.0, 0.0], [0.25, 0.5]]


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
    agents = unmutated_agents(2)  # of four: the second and the last
    robots = np.stack([np.array([-6.0, 0.0, 6.0, 12.0]), np.full(4, HEIGHT)], axis=1)
    agents["x"], agents["y"] = robots[[1, 3]].T
    around = surroundings_of(SensesSettings(), RobotSettings(), flat_ground(), robots, np.array([(9.0, HEIGHT)]))
    values = np.zeros((2, OBSERVATION_SIZE), np.float32)
    nearest = [from_python(kernels.observe)(agents[row], (1, 3)[row], around, values[row]) for row in range(2)]
    ahead = OBSERVATION.index("ray2_distance")
    # The third is 6 m ahead of the second, minus its radius; no robot is ahead of the last, and food is 3 m behind it.
    assert values[:, ahead] == pytest.approx([4.5 / 8, 1.0])
    assert values[:, ahead + 1].tolist() == [0.5, -1.0]
    assert nearest == [(0, 9.0), (0, 3.0)]
    towards = OBSERVATION.index("food_direction_x")
    assert values[:, towards].tolist() == [1.0, -1.0]


ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)
NOT_FINITE = [math.nan, math.inf, -math.inf]


@given(x=ANY_FLOAT, first=ANY_FLOAT, step=st.floats(1e-3, 1e3), places=st.integers(1, 100_000))
def test_a_look_up_is_within_its_table_for_every_number(x: float, first: float, step: float, places: int) -> None:
    place = from_python(kernels.place_in)(x, first, step, places)
    assert 0 <= place < places
    if math.isfinite(x) and math.isfinite(first) and math.isfinite((x - first) / step):
        assert place == min(max(math.floor((x - first) / step), 0), places - 1)


@pytest.mark.parametrize(("x", "place"), [(math.nan, 0), (-math.inf, 0), (math.inf, 9), (1e300, 9), (-1e300, 0)])
def test_beyond_a_table_its_first_or_last_step_is_found(x: float, place: int) -> None:
    assert from_python(kernels.place_in)(x, -20.0, 1.0, 10) == place


@pytest.mark.parametrize(
    ("x", "y"), [*((x, HEIGHT) for x in NOT_FINITE), (0.0, math.nan), (0.0, math.inf), (math.nan, math.nan)]
)
def test_a_robot_that_is_nowhere_touches_and_sees_nothing(x: float, y: float) -> None:
    seen, nearest = observe(at=complex(x, y), food=[(3.0, HEIGHT)], others=[(4.0, HEIGHT)], angle=0.3)
    assert [seen[f"ray{ray}_class"] for ray in range(5)] == [-1.0] * 5
    assert [seen[f"ray{ray}_distance"] for ray in range(5)] == [1.0] * 5
    assert seen["ground_contact"] == seen["arm_contact"] == 0.0
    assert nearest == (-1, math.inf)
