"""The ground, its obstacles and the starts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled import from_python

from walkerbench.workloads.walker.kernels.senses import place_in
from walkerbench.workloads.walker.robot import GROUND_CATEGORY, make_world
from walkerbench.workloads.walker.settings import TerrainSettings, WalkerSettings
from walkerbench.workloads.walker.terrain import Ground, Outlines, Surface, build_ground, start_positions


def test_the_default_ground_is_that_of_the_design() -> None:
    ground = build_ground(TerrainSettings(), 60, seed=1)
    assert (ground.x_min, ground.x_max, ground.resolution, len(ground.heights)) == (-250, 250, 1.0, 501)
    assert TerrainSettings().style == "mixed"


@pytest.mark.parametrize("style", ["flat", "rolling", "rough", "mixed"])
def test_box2d_holds_exactly_the_same_ground(style: Any) -> None:
    terrain = TerrainSettings(style=style, x_min_m=-30, x_max_m=31, resolution_m=0.7)
    ground = build_ground(terrain, 4, seed=3)
    world = make_world(WalkerSettings(terrain=terrain), ground)  # the variable keeps its bodies alive
    (chain,) = (each.shape for each in world.bodies[0].fixtures if each.filterData.categoryBits == GROUND_CATEGORY)
    vertices = np.array(chain.vertices)
    np.testing.assert_array_equal(vertices[:, 1], ground.heights)
    np.testing.assert_allclose(vertices[:, 0], np.linspace(-30, 31, len(vertices)), atol=1e-5)


def test_styles_differ_as_their_names_say() -> None:
    heights = {
        style: build_ground(TerrainSettings(style=style), 9, 1).heights
        for style in ("flat", "rolling", "rough", "mixed")
    }
    assert not heights["flat"].any()
    rolling, rough = heights["rolling"], heights["rough"]
    # Rolling ground is high and smooth, rough ground low and jagged.
    assert np.ptp(rolling) > 2
    assert np.abs(np.diff(rolling, 2)).max() < 0.2
    assert np.ptp(rough) < 2
    assert np.abs(np.diff(rough, 2)).mean() > 0.2
    assert np.ptp(heights["mixed"]) > 1


def test_a_ground_depends_on_its_seed() -> None:
    one, same, other = (build_ground(TerrainSettings(), 9, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.heights, same.heights)
    assert not np.array_equal(one.heights, other.heights)


def test_starts_are_twelve_metres_apart_or_as_the_width_allows() -> None:
    few = start_positions(TerrainSettings(), 5)
    assert few.tolist() == [-24, -12, 0, 12, 24]
    many = start_positions(TerrainSettings(), 83)
    # 500 m minus 4 m at each end, divided by 82 gaps: 6 m each.
    assert many[[0, 1, -1]] == pytest.approx([-246, -240, 246])
    assert start_positions(TerrainSettings(), 1).tolist() == [0]


def test_obstacles_stand_on_the_ground_between_the_starts() -> None:
    ground = build_ground(TerrainSettings(), 20, seed=1)
    assert len(ground.boxes) >= 9
    x, y, half_width, half_height = ground.boxes.T
    assert np.abs(x[:, None] - ground.starts).min() == pytest.approx(6.0)
    np.testing.assert_allclose(y - half_height, ground.height_at(x), atol=1e-5)
    assert np.diff(x).min() >= 24.0
    assert set(half_width) == {0.3}


RAMP = Ground(  # rises by 1 m from x = 0 to 1, is level up to 3, and has a box from 1.5 to 2.5 that is 0.5 m high
    x_min=0.0, resolution=1.0, heights=np.array([0.0, 1.0, 1.0, 1.0]), boxes=np.array([[2.0, 1.25, 0.5, 0.25]]),
    starts=np.zeros(1),
)  # fmt: skip


def test_heights_agree_with_a_computation_by_hand() -> None:
    assert RAMP.height_at(np.array([0.0, 0.25, 1.0, 2.0, 3.0])) == pytest.approx([0, 0.25, 1, 1, 1])
    assert RAMP.height_at(np.array([-0.01, 3.01])).tolist() == [-np.inf, -np.inf]


@pytest.mark.parametrize(
    ("left", "right", "top"),
    [(0.1, 0.3, 0.3), (0.1, 1.2, 1.0), (0.1, 1.6, 1.5), (1.8, 2.2, 1.5), (2.6, 3.0, 1.0), (2.6, 4.0, 1.0)],
)
def test_the_highest_point_is_that_of_ground_and_obstacles(left: float, right: float, top: float) -> None:
    assert RAMP.top_between(left, right) == pytest.approx(top)


def surface_at(surface: Surface, x: float) -> float:
    """Return the height that compiled code looks up, m."""
    return float(surface.heights[from_python(place_in)(x, surface.x_first, surface.step, len(surface.heights))])


def test_the_surface_is_that_of_ground_and_obstacles() -> None:
    surface = Surface.of(RAMP)
    at = [surface_at(surface, x) for x in (0.5, 1.2, 1.6, 2.4, 2.6, -0.1, 3.1)]
    # The steps are 1/32 m: on the slope of 1 the error is at most 1/64 m.
    assert at[0] == pytest.approx(0.5, abs=1 / 64)
    assert at[1:] == [1.0, 1.5, 1.5, 1.0, -np.inf, -np.inf]


@pytest.mark.parametrize("x", [np.nan, np.inf, -np.inf, 1e300, -1e300])
def test_there_is_no_surface_where_a_place_is_not_finite_or_far(x: float) -> None:
    assert surface_at(Surface.of(RAMP), x) == -np.inf


@pytest.mark.parametrize(("x", "segment"), [(-1.0, 0), (0.0, 0), (0.9, 0), (1.0, 1), (2.9, 2), (3.0, 2), (9.0, 2)])
def test_compiled_code_and_the_ground_agree_on_the_segment(x: float, segment: int) -> None:
    outlines = Outlines.of(RAMP, reach_m=1.0).points
    assert len(outlines) == 3
    assert from_python(place_in)(x, RAMP.x_min, RAMP.resolution, len(outlines)) == segment
    assert RAMP.segment_at(np.array([x])).tolist() == [segment]
