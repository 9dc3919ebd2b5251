"""Robots are drawn at their places and with their shapes."""

from __future__ import annotations

import json
import math
import pickle
from typing import Any

import numpy as np
import pytest

from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.workloads.picture import Picture
from walkerbench.workloads.walker.shape import Shape
from walkerbench.workloads.walker.workload import WalkerWorkload

AGENTS, FRAMES = 5, 40


@pytest.fixture(scope="module")
def workload() -> WalkerWorkload:
    return WalkerWorkload(AGENTS, seed=3)


@pytest.fixture(scope="module")
def picture(workload: WalkerWorkload) -> Picture:
    return workload.picture()


@pytest.fixture(scope="module")
def snapshot(workload: WalkerWorkload) -> dict[str, Any]:
    with TrainingEnvironment(mode="threaded", num_workers=2, workload=workload) as environment:
        for _ in range(FRAMES):
            environment.step()
        return environment.snapshot()


def test_the_scenery_is_the_ground_that_robots_stand_on(workload: WalkerWorkload, picture: Picture) -> None:
    scenery = picture.scenery()
    assert scenery.ground.shape == (501, 2)
    assert np.array_equal(scenery.ground[:, 1], workload._ground.heights)
    assert scenery.ground[[0, -1], 0].tolist() == [-250.0, 250.0]
    assert np.array_equal(scenery.boxes, workload._ground.boxes)


def test_robots_are_drawn_where_they_are(workload: WalkerWorkload, picture: Picture, snapshot: dict[str, Any]) -> None:
    drawing = picture.drawing(snapshot)
    assert drawing.poses.shape == (AGENTS, 5, 3)
    assert np.array_equal(drawing.poses[:, 0, :2], snapshot["position"])
    assert np.array_equal(drawing.levels, np.stack([snapshot["energy"], snapshot["health"]], axis=1))
    assert np.array_equal(drawing.scores[:, 0], snapshot["position"][:, 0] - workload._ground.starts)
    assert len(drawing.places) == np.isfinite(snapshot["food"][:, 0]).sum() > 0


def test_joined_bodies_meet_where_they_are_drawn(
    workload: WalkerWorkload, picture: Picture, snapshot: dict[str, Any]
) -> None:
    shape = Shape.of(workload.settings.robot, snapshot["genome"])
    for agent in range(AGENTS):
        chassis, left, right, upper, lower = snapshot["bodies"][agent]
        box, wheel, _, arm, forearm = picture.outlines(snapshot, agent)
        hub = np.array([shape.wheel_x[agent], shape.wheel_y[agent]])
        for place, side in ((left, -1), (right, 1)):
            assert placed(chassis, hub * (side, 1)) == pytest.approx(place[:2], abs=0.02)
        shoulder = placed(chassis, np.array([shape.anchor_x[agent], shape.anchor_y[agent]]))
        assert shoulder == pytest.approx(upper[:2], abs=0.02)
        elbow = placed(upper, arm[1:3].mean(axis=0))  # the middle of the far side
        assert elbow == pytest.approx(lower[:2], abs=0.02)
        assert box.max(axis=0).tolist() == [shape.chassis_half_width[agent], shape.chassis_half_height[agent]]
        assert np.hypot(*wheel[:-1].T) == pytest.approx(shape.wheel_radius[agent])
        assert forearm[:, 0].max() == shape.lower_length[agent]


def placed(pose: Any, point: Any) -> Any:
    """Return the place in the world of a point of a body's frame."""
    x, y, angle = pose
    turn = np.array([(math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))])
    return turn @ point + (x, y)


def test_an_agents_details_are_what_it_last_sensed(picture: Picture, snapshot: dict[str, Any]) -> None:
    for agent in range(AGENTS):
        detail = picture.detail(snapshot, agent)
        senses, state = detail.figures["senses"], detail.figures["state"]
        assert list(senses.values()) == snapshot["senses"][agent].tolist()
        assert (state["energy"], state["last_reward"]) == (snapshot["energy"][agent], snapshot["reward"][agent])
        assert [length for _, length, _ in detail.rays] == [8.0 * senses[f"ray{ray}_distance"] for ray in range(5)]
        assert {hit for _, _, hit in detail.rays} <= {"obstacle", "terrain", "robot", "food", "nothing"}
        assert all((hit == "nothing") == (length == 8.0) for _, length, hit in detail.rays)
        place = snapshot["bodies"][agent, 0, :2]
        distances = np.hypot(*(snapshot["food"] - place).T)
        assert math.dist(detail.target or (), place) == distances.min()
        json.dumps(detail.figures)


def test_a_dead_robot_has_no_target(picture: Picture, snapshot: dict[str, Any]) -> None:
    bodies = snapshot["bodies"].copy()
    bodies[2] = np.nan
    assert picture.detail(snapshot | {"bodies": bodies}, 2).target is None
    eaten = np.full_like(snapshot["food"], np.inf)
    assert picture.detail(snapshot | {"food": eaten}, 2).target is None


def test_a_picture_can_be_pickled(picture: Picture, snapshot: dict[str, Any]) -> None:
    other = pickle.loads(pickle.dumps(picture))
    assert np.array_equal(other.drawing(snapshot).scores, picture.drawing(snapshot).scores)
