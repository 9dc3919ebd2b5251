"""Rays agree with Box2D's own rays for ground and obstacles, and with plain geometry for circles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from compiled import from_python
from unmutated_robots import unmutated_agents

from walkerbench.workloads.walker.kernels import rays
from walkerbench.workloads.walker.kernels.records import OBSERVATION_SIZE, SENSES
from walkerbench.workloads.walker.kernels.senses import observe
from walkerbench.workloads.walker.robot import OBSTACLE_CATEGORY, Box2D, make_world
from walkerbench.workloads.walker.senses import surroundings_of
from walkerbench.workloads.walker.settings import RobotSettings, SensesSettings, TerrainSettings, WalkerSettings
from walkerbench.workloads.walker.terrain import Ground, build_ground

LENGTH = 8.0
CLEAR, OBSTACLE, TERRAIN, ROBOT, FOOD = -1.0, -0.5, 0.0, 0.5, 1.0


def agents_rays(
    ground: Ground, at: np.ndarray, angle: np.ndarray, senses: SensesSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Return distances in m and classes `(agents, 5)` as agents observe them, each alone on the ground."""
    agents = unmutated_agents(len(at))
    agents["x"], agents["y"], agents["angle"] = at.real, at.imag, angle
    far = np.full((len(at), 2), np.inf)
    around = surroundings_of(senses, RobotSettings(), ground, far, far[:1])
    values = np.full((len(at), OBSERVATION_SIZE), np.nan, np.float32)
    for row in range(len(at)):
        from_python(observe)(agents[row], row, around, values[row])
    return values[:, 19::2] * senses.ray_length_m, values[:, 20::2]


class Nearest(Box2D.b2RayCastCallback):  # type: ignore[misc]
    """Remembers what Box2D's ray hit first: share of its length, and class."""

    share, kind = 1.0, CLEAR

    def ReportFixture(self, fixture: Any, point: Any, normal: Any, fraction: float) -> float:  # noqa: N802
        self.share = fraction
        self.kind = OBSTACLE if fixture.filterData.categoryBits == OBSTACLE_CATEGORY else TERRAIN
        return fraction  # ignore everything beyond this hit


def box2d_ray(world: Any, start: complex, direction: complex) -> tuple[float, float]:
    """Return the distance in m and the class of what Box2D's ray hits first."""
    nearest = Nearest()
    end = start + LENGTH * direction
    world.RayCast(nearest, (start.real, start.imag), (end.real, end.imag))
    return nearest.share * LENGTH, nearest.kind


@pytest.mark.parametrize(
    "terrain",
    [
        TerrainSettings(style="rough", rough_deviation_m=1.0, obstacle_half_height_m=0.8, obstacle_half_width_m=0.7),
        TerrainSettings(style="mixed"),
        TerrainSettings(style="mixed", resolution_m=0.37, obstacle_half_height_m=0.5),
        TerrainSettings(style="flat", obstacle_half_height_m=1.0, obstacle_half_width_m=1.0),
    ],
    ids=["rough", "mixed", "fine", "flat"],
)
def test_rays_agree_with_those_of_box2d(terrain: TerrainSettings) -> None:
    settings = WalkerSettings(terrain=terrain)
    ground = build_ground(terrain, 30, seed=5)
    world = make_world(settings, ground)
    rng = np.random.default_rng(11)
    # Half of the agents are near an obstacle: otherwise few rays would hit one.
    x = rng.uniform(ground.x_min - 3, ground.x_max + 3, 2000)
    x[::2] = rng.choice(ground.boxes[:, 0], 1000) + rng.uniform(-3, 3, 1000)
    inside = np.clip(x, ground.x_min, ground.x_max)
    top = np.array([ground.top_between(each - 0.01, each + 0.01) for each in inside])
    at = x + 1j * (top + rng.uniform(0.05, 6, 2000))
    angle = rng.uniform(-math.pi, math.pi, 2000)
    distance, kind = agents_rays(ground, at, angle, settings.senses)

    directions = np.exp(1j * (angle[:, None] + np.radians(settings.senses.ray_angles_deg)))
    expected = np.array([[box2d_ray(world, a, d) for d in row] for a, row in zip(at, directions, strict=True)])
    assert {CLEAR, OBSTACLE, TERRAIN} == set(expected[..., 1].flat), "all three are met"
    assert (expected[..., 1] == OBSTACLE).sum() > 100
    np.testing.assert_allclose(distance, expected[..., 0], rtol=0, atol=1e-3)  # Box2D computes in float32
    np.testing.assert_array_equal(kind, expected[..., 1])


def corners(x: float, y: float, half_width: float, half_height: float) -> list[complex]:
    """Return NaN, then a box's closed outline, clockwise from its lower left corner."""
    signs = [(-1, -1), (-1, 1), (1, 1), (1, -1), (-1, -1)]
    return [complex(np.nan, np.nan), *(complex(x + a * half_width, y + b * half_height) for a, b in signs)]


@dataclass(frozen=True)
class Scene:
    """What an agent at the origin, 100 m above the ground, can see.

    Attributes:
        robots: Centres of robots of radius 1 m.
        food: Centres of sources.
        food_radius: Their radius, m.
        own: Number of the agent's own robot.
        boxes: Of each box: centre x, centre y, half-width, half-height, m.
    """

    robots: Sequence[complex] = (0,)
    food: Sequence[complex] = ()
    food_radius: float = 1.0
    own: int = 0
    boxes: Sequence[tuple[float, float, float, float]] = ()


GROUND = (-50 - 100j, 50 - 100j)


def points(centres: Sequence[complex]) -> np.ndarray:
    """Return centres as `(centres, 2)`."""
    return np.array([(centre.real, centre.imag) for centre in centres], np.float64).reshape(-1, 2)


def cast_all(directions: np.ndarray, at: complex, what: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Return distances and classes of five rays, `(5,)` each, from the directions x + iy `(5,)` or one for all."""
    senses = np.zeros(1, SENSES)
    senses["ray_length"], senses["robot_radius"], senses["food_radius"] = LENGTH, 1.0, what.food_radius
    senses["directions"] = np.stack([directions.real, directions.imag], axis=-1)
    outline = np.array([*GROUND, *(corner for box in what.boxes for corner in corners(*box))], np.complex128)
    senses["boxes_begin"] = len(GROUND)
    from_python(rays.cast_rays)(at.real, at.imag, senses[0], outline, points(what.robots), what.own, points(what.food))
    return senses["distances"][0], senses["classes"][0]


UP = math.cos(math.pi / 3) + 1j * math.sin(math.pi / 3)


@pytest.mark.parametrize(
    ("direction", "what", "expected"),
    [
        # Straight at a circle of radius 1 whose centre is 5 m ahead.
        (1 + 0j, Scene(robots=[0, 5]), (4.0, ROBOT)),
        # 0.6 m beside its centre: the hit is half a chord, 0.8 m, before the centre.
        (1 + 0j, Scene(robots=[0, 5 + 0.6j]), (4.2, ROBOT)),
        (1 + 0j, Scene(robots=[0, 5 - 0.6j]), (4.2, ROBOT)),
        # Just beside the circle; a circle behind the ray; a circle out of reach.
        (1 + 0j, Scene(robots=[0, 5 + 1.01j]), (LENGTH, CLEAR)),
        (1 + 0j, Scene(robots=[0, -5]), (LENGTH, CLEAR)),
        (1 + 0j, Scene(robots=[0, 9.01]), (LENGTH, CLEAR)),
        (1 + 0j, Scene(robots=[0, 8.99]), (7.99, ROBOT)),
        # Aslant.
        (UP, Scene(robots=[0, 5 * UP]), (4.0, ROBOT)),
        (UP, Scene(robots=[0, 5 * UP + 0.6j * UP]), (4.2, ROBOT)),
        # Straight up and straight down, where a line has no slope.
        (1j, Scene(robots=[0, 5j]), (4.0, ROBOT)),
        (-1j, Scene(food=[-5j]), (4.0, FOOD)),
        # An agent's own circle is not seen, at any number.
        (1 + 0j, Scene(robots=[5, 0], own=0), (LENGTH, CLEAR)),
        # A ray that starts within a circle does not see it, as in Box2D.
        (1 + 0j, Scene(robots=[0, 0.5]), (LENGTH, CLEAR)),
        # The nearest of several counts, of any class; a circle at infinity is not hit.
        (1 + 0j, Scene(robots=[0, 5, 7], food=[3], food_radius=0.5), (2.5, FOOD)),
        (1 + 0j, Scene(robots=[0, 5, 7], food=[6], food_radius=0.5), (4.0, ROBOT)),
        (1 + 0j, Scene(robots=[0, complex(np.inf, np.inf)]), (LENGTH, CLEAR)),
        # A box from x = 2 to 4 and y = -1 to 1: its near side; its edge; from behind it; from within it.
        (1 + 0j, Scene(boxes=[(3, 0, 1, 1)]), (2.0, OBSTACLE)),
        (UP, Scene(boxes=[(2, 3, 1.5, 1)]), (2 / math.sin(math.pi / 3), OBSTACLE)),
        (1 + 0j, Scene(boxes=[(3, 1.1, 1, 1)]), (LENGTH, CLEAR)),
        (1 + 0j, Scene(boxes=[(-3, 0, 1, 1)]), (LENGTH, CLEAR)),
        (1 + 0j, Scene(boxes=[(0, 0, 1, 1)]), (LENGTH, CLEAR)),
        # At equal distance, the class that comes first.
        (1 + 0j, Scene(robots=[0, 3], boxes=[(3, 0, 1, 1)]), (2.0, OBSTACLE)),
    ],
)  # fmt: skip
def test_a_ray_agrees_with_geometry(direction: complex, what: Scene, expected: tuple[float, float]) -> None:
    distances, classes = cast_all(np.full(5, direction, np.complex128), 0j, what)
    assert distances == pytest.approx([expected[0]] * 5, abs=1e-9)
    assert classes.tolist() == [expected[1]] * 5


@pytest.mark.parametrize(
    ("x", "angle", "distance"),
    [
        # 2 m above the foot of a slope of 1 (from (0, 0) to (8, 8)), horizontally towards the slope: 2 m.
        (0.0, 0.0, 2.0),
        # Straight down.
        (0.0, -math.pi / 2, 2.0),
        # Perpendicular to the slope: 2 cos 45°.
        (0.0, -math.pi / 4, math.sqrt(2)),
        # Away from the slope, over the flat ground: no hit.
        (-8.0, math.pi, LENGTH),
        # Beyond the last vertex there is no ground.
        (9.0, -math.pi / 2, LENGTH),
    ],
)
def test_the_distance_of_ground_agrees_with_geometry(x: float, angle: float, distance: float) -> None:
    heights = np.concatenate([np.zeros(16), np.arange(9.0)])  # flat from -16 to 0, then up to (8, 8)
    ground = Ground(x_min=-16.0, resolution=1.0, heights=heights, boxes=np.empty((0, 4)), starts=np.zeros(1))
    senses = SensesSettings(ray_angles_deg=(0.0,) * 5)
    found, _ = agents_rays(ground, np.array([x + 2j]), np.array([angle]), senses)
    assert found[0] == pytest.approx([distance] * 5, abs=1e-5)


def test_many_circles_agree_with_one_at_a_time() -> None:
    rng = np.random.default_rng(3)
    agents, robots, food = 7, 12, 8
    centres = rng.uniform(-9, 9, robots + food) + 1j * rng.uniform(-9, 9, robots + food)
    radius = np.repeat([1.0, 0.6], [robots, food])
    position = centres[:agents] + rng.uniform(-0.1, 0.1, agents)
    directions = np.exp(1j * rng.uniform(-math.pi, math.pi, (agents, 5)))
    met = set()
    for agent in range(agents):
        what = Scene(centres[:robots].tolist(), centres[robots:].tolist(), 0.6, own=agent)
        distances, classes = cast_all(directions[agent], complex(position[agent]), what)
        met |= set(classes.tolist())
        for ray in range(5):
            # The smaller root of |t·d - c|² = r², for one circle after the other.
            nearest, kind = LENGTH, CLEAR
            for circle in range(robots + food):
                centre = centres[circle] - position[agent]
                along = (centre * directions[agent, ray].conjugate()).real
                root = along**2 - abs(centre) ** 2 + radius[circle] ** 2
                if circle != agent and root >= 0 and 0 <= along - math.sqrt(root) < nearest:
                    nearest, kind = along - math.sqrt(root), ROBOT if circle < robots else FOOD
            assert (distances[ray], classes[ray]) == pytest.approx((nearest, kind))
    assert met == {CLEAR, ROBOT, FOOD}


@pytest.mark.parametrize("at", [complex(math.nan, math.nan), complex(math.inf, 0), complex(0, -math.inf)])
def test_rays_from_nowhere_are_clear(at: complex) -> None:
    what = Scene([0, 5, complex(math.inf, math.inf)], [3], own=0, boxes=[(3, 0, 1, 1)])
    distances, classes = cast_all(np.exp(1j * np.arange(5)), at, what)
    assert distances.tolist() == [LENGTH] * 5
    assert classes.tolist() == [CLEAR] * 5
