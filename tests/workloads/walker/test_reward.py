"""Every term of the reward agrees with a computation by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from compiled import from_python
from herds import IDLE, PLAIN, Herd

from walkerbench.workloads.walker.kernels.records import settings_record
from walkerbench.workloads.walker.kernels.reward import reward_of
from walkerbench.workloads.walker.settings import RewardSettings, RobotSettings

LEANING = 0.5
"""An angle at which a robot is neither upright nor toppled, and gets no reward for it, rad."""


def reward(
    forward: float = 0.0,
    nearer: float = 0.0,
    meals: int = 0,
    angle: float = LEANING,
    velocity: float = 0.0,
    settings: RewardSettings | None = None,
) -> float:
    rates = settings_record(settings or RewardSettings())[0]
    return from_python(reward_of)(rates, forward, nearer, meals, angle, velocity)


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ({}, 0.0),
        # +7 per metre forward, -2 per metre back.
        ({"forward": 0.1}, 0.7),
        ({"forward": -0.1}, -0.2),
        # +2 per metre nearer to food, -0.5 per metre farther.
        ({"nearer": 0.1}, 0.2),
        ({"nearer": -0.1}, -0.05),
        # +0.5 per meal.
        ({"meals": 1}, 0.5),
        ({"meals": 2}, 1.0),
        # +0.05 upright: less than 0.2 rad to either side, also after whole turns.
        ({"angle": 0.0}, 0.05),
        ({"angle": 0.19}, 0.05),
        ({"angle": -0.19}, 0.05),
        ({"angle": 0.21}, 0.0),
        ({"angle": -0.21}, 0.0),
        ({"angle": 4 * math.pi + 0.1}, 0.05),
        ({"angle": -2 * math.pi + 0.1}, 0.05),
        # -0.02 toppled: more than 1.5 rad to either side.
        ({"angle": 1.49}, 0.0),
        ({"angle": 1.51}, -0.02),
        ({"angle": -1.51}, -0.02),
        ({"angle": math.pi}, -0.02),
        # After 3/2 turns minus 0.1 rad the robot lies on its back; after 7/4 turns it leans by a quarter turn.
        ({"angle": 3 * math.pi - 0.1}, -0.02),
        ({"angle": 3.5 * math.pi}, -0.02),
        # min(0.1, 0.1 · vx) above 0.1 m/s, and only forward.
        ({"velocity": 0.1}, 0.0),
        ({"velocity": 0.11}, 0.011),
        ({"velocity": 0.5}, 0.05),
        ({"velocity": 1.0}, 0.1),
        ({"velocity": 9.0}, 0.1),
        ({"velocity": -9.0}, 0.0),
        # All terms together: 0.35 + 0.1 + 0.05 + 0.05.
        ({"forward": 0.05, "nearer": 0.05, "angle": 0.0, "velocity": 0.5}, 0.55),
        # Clipped to ±1.
        ({"forward": 1.0}, 1.0),
        ({"forward": -3.0}, -1.0),
        ({"forward": 0.1, "meals": 1}, 1.0),
        ({"forward": -0.6, "meals": 1}, -0.7),
    ],
)
def test_a_reward_agrees_with_a_computation_by_hand(what: dict[str, Any], value: float) -> None:
    assert reward(**what) == pytest.approx(value, abs=1e-12)


def test_each_agent_is_rewarded_for_its_own_behaviour() -> None:
    # Three agents at rest: one is pushed forward, one is pushed back, and one has eaten.
    herd = Herd(3, replace(PLAIN, ecosystem=replace(IDLE, food_sources=1, eat_within_m=1e-3)))
    herd.buffers.published["food"][:] = np.inf
    herd.step(8)
    agents, before = herd.shards[0]._agents, herd.buffers.current["reward_sum"].copy()
    agents["x"] = agents["seen_x"] + [0.1, -0.1, 0.0]
    agents["angle"], agents["velocity_x"] = LEANING, 0.0
    herd.buffers.published["meals"][2] += 1
    for frame in range(8, 12):  # without a step of the physics
        herd.shards[0].act(frame)
    assert herd.buffers.current["reward_sum"] - before == pytest.approx([0.7, -0.2, 0.5])
    assert agents["reward"] == pytest.approx([0.7, -0.2, 0.5])


def test_every_number_is_a_setting() -> None:
    settings = RewardSettings(
        forward_per_m=1, backward_per_m=-3, nearer_food_per_m=5, farther_food_per_m=-4, meal=6, upright=0.2,
        upright_below_rad=0.6, toppled=-0.4, toppled_above_rad=1.0, speed_per_m_s=2, speed_above_m_s=1, speed_most=3,
        limit=100,
    )  # fmt: skip
    found = [
        reward(2.0, 2.0, 0, 0.5, 1.4, settings),
        reward(-2.0, -2.0, 1, 1.1, 9.0, settings),
        reward(0.0, 0.0, 20, 0.8, 0.9, settings),
    ]
    # 2 · 1 + 2 · 5 + 0.2 + 1.4 · 2; -2 · 3 - 2 · 4 + 6 - 0.4 + 3; 20 · 6 alone, and this is above the limit.
    assert found == pytest.approx([15.0, -5.4, 100.0])


class Still:
    """One robot at rest; tests change its food and its meals between its AI updates."""

    def __init__(self) -> None:
        settings = replace(
            PLAIN,
            robot=RobotSettings(motor_speed_rad_s=1e-9),
            ecosystem=replace(IDLE, food_sources=2, eat_within_m=1e-3),
        )
        self.herd = Herd(1, settings)
        self.food = self.herd.buffers.published["food"]
        self.meals = self.herd.buffers.published["meals"]
        self.food[:] = [[10.0, 0.0], [30.0, 0.0]]
        self.herd.step(600)
        self.update()

    def update(self) -> float:
        """Run four frames, the first with the robot's next AI update, and return the reward of this update."""
        before = self.herd.buffers.current["reward_sum"][0]
        self.herd.step(4)
        return float(self.herd.buffers.current["reward_sum"][0] - before)


def test_a_robot_at_rest_is_rewarded_for_food_and_meals() -> None:
    still = Still()
    upright = 0.05
    assert still.update() == pytest.approx(upright, abs=1e-3)
    still.food[0, 0] -= 0.1  # almost 0.1 m nearer: robot and food differ by 1.2 m in height
    assert still.update() == pytest.approx(upright + 0.2, abs=3e-3)
    assert still.update() == pytest.approx(upright, abs=1e-3)
    still.food[0, 0] += 0.1
    assert still.update() == pytest.approx(upright - 0.05, abs=1e-3)
    still.meals[0] += 1
    assert still.update() == pytest.approx(upright + 0.5, abs=1e-3)
    assert still.update() == pytest.approx(upright, abs=1e-3)


def test_a_change_of_the_nearest_source_gives_no_reward() -> None:
    still = Still()
    still.food[0] = np.inf  # eaten: the other source, 20 m farther, is the nearest now
    assert still.update() == pytest.approx(0.05, abs=1e-3)
    still.food[0] = [5.0, 0.0]  # grown again, 25 m nearer
    assert still.update() == pytest.approx(0.05, abs=1e-3)
    still.food[:] = np.inf
    assert still.update() == pytest.approx(0.05, abs=1e-3)
    assert still.update() == pytest.approx(0.05, abs=1e-3)


def test_a_moving_robot_is_rewarded_for_its_way_between_updates() -> None:
    still = Still()
    still.food[:] = np.inf
    still.update()
    position = still.herd.buffers.current["position"]
    (robot,) = still.herd.robots()
    for speed in (0.8, -0.8):
        for body in robot.bodies:
            body.linearVelocity = (speed, 0.0)
        before = position[0, 0]
        still.update()  # looks back on the time before the push, then lets four frames pass
        way, velocity = position[0, 0] - before, float(robot.chassis.linearVelocity.x)
        assert way * speed > 0.02
        expected = 0.05 + (7 * way + 0.1 * velocity if way > 0 else 2 * way)
        assert still.update() == pytest.approx(expected, abs=1e-4)
