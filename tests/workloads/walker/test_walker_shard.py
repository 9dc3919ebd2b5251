"""How a shard treats its agents: the schedule, and exhausted, fallen, dead and new agents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from herds import IDLE, PLAIN, SMALL_BRAIN, Herd

from walkerbench.workloads.walker import WalkerSettings
from walkerbench.workloads.walker.kernels.records import OBSERVATION
from walkerbench.workloads.walker.settings import TerrainSettings

CALM = replace(PLAIN, ecosystem=IDLE, brain=replace(SMALL_BRAIN, learn_from_experiences=2))
"""An ecosystem in which agents only walk and learn."""


def updates(herd: Herd) -> np.ndarray:
    return herd.buffers.current["updates"].copy()


def learning_steps(herd: Herd) -> np.ndarray:
    return np.concatenate([shard._agents["learning_steps"] for shard in herd.shards])


@pytest.mark.parametrize("shards", [1, 3])
def test_every_4th_frame_is_an_update_and_every_10th_update_learns(shards: int) -> None:
    herd = Herd(43, CALM, shards=shards)
    agents = np.arange(43)
    herd.step(40)  # now every agent has the two experiences that learning needs
    for frame in range(40, 120):
        thought, learned = updates(herd), learning_steps(herd)
        herd.step()
        assert (updates(herd) - thought).tolist() == ((agents - frame) % 4 == 0).astype(int).tolist()
        # Agent i counts its updates from 0, at frame i mod 4, and learns at those whose number is (i // 4) modulo 10.
        turn = (frame - agents % 4) / 4
        assert (learning_steps(herd) - learned).tolist() == (turn % 10 == agents // 4 % 10).astype(int).tolist()


def test_every_shard_has_an_even_share_of_updates_in_every_frame() -> None:
    herd = Herd(90, CALM, shards=2)
    herd.step(40)
    for _ in range(80):
        herd.step()
        for shard in range(2):
            counted = herd.last_of(shard)
            assert counted["ai_updates"] in (11, 12), "a quarter of 45"
            assert counted["learned"] in (1, 2), "a fortieth of 45"
            assert counted["ai_updates"] + counted["physics_only"] == 45


def test_an_action_stays_in_force_until_the_next_update() -> None:
    herd = Herd(4, CALM)
    robots = herd.robots()
    seen = []
    for _ in range(200):
        herd.step()
        seen.append([(robot.shoulder.motorSpeed, robot.elbow.motorSpeed) for robot in robots])
    speeds = np.array(seen)
    changes = (speeds[1:] != speeds[:-1]).any(axis=2)
    for agent in range(4):
        frames = np.flatnonzero(changes[:, agent]) + 1
        assert len(frames) > 20
        assert set(frames % 4) == {agent}
    # The speed is the action times the motor's own speed.
    shard = herd.shards[0]
    own = shard._shape.motor_speed
    pairs = {tuple(np.round(pair, 6)) for pair in herd.workload.settings.action.pairs}
    assert {tuple(np.round(pair, 6)) for pair in (speeds[100] / own[:, None])} <= pairs
    assert all(robot.shoulder.motorEnabled for robot in robots)


def motors(herd: Herd, agent: int) -> list[tuple[bool, float]]:
    robot = herd.robots()[agent]
    return [(joint.motorEnabled, joint.motorSpeed) for joint in (robot.shoulder, robot.elbow)]


def test_exhausted_agents_neither_move_nor_think_until_they_recover() -> None:
    herd = Herd(4, CALM)
    energy = herd.buffers.published["energy"]
    herd.step(41)
    thought, learned = updates(herd), learning_steps(herd)
    energy[1] = 0.1499 - 0.02
    for _ in range(80):
        herd.step()
        assert motors(herd, 1) == [(False, 0.0), (False, 0.0)]
        assert herd.last["immobilised"] == 1
        assert herd.last["ai_updates"] + herd.last["physics_only"] == 3
    # The others kept their turns; none of them has its AI updates in the frames of the exhausted agent.
    assert (updates(herd) - thought).tolist() == [20, 0, 20, 20]
    assert (learning_steps(herd) - learned).tolist() == [2, 0, 2, 2]
    energy[1] = 0.15
    herd.step()
    assert herd.last["recovered"] == 1
    assert herd.last["immobilised"] == 0
    assert [on for on, _ in motors(herd, 1)] == [True, True]
    herd.step(40)
    assert updates(herd)[1] - thought[1] == 11, "one in the frame of its recovery, and every fourth from then on"
    assert any(speed for _, speed in motors(herd, 1))


@pytest.mark.parametrize(
    ("exhausted", "learner"),
    [
        ((1,), 5),
        ((1, 5), 9),
        ((37,), 1),  # after the last agent of a block comes its first
        ((1, 5, 9, 13, 17, 21, 25, 29, 33, 37), None),
        ((41,), None),  # the agents of another block learn in slots of their own
    ],
)
def test_the_next_able_agent_of_a_block_learns_in_its_place(exhausted: tuple[int, ...], learner: int | None) -> None:
    herd = Herd(43, CALM)
    herd.step(80)
    herd.buffers.published["energy"][list(exhausted)] = 0.1
    herd.step(1)  # in this frame, an exhausted agent is not yet known to be one
    before, others = learning_steps(herd), [each for each in range(43) if each not in exhausted]
    for _ in range(40):
        frame, learned = herd.frame, learning_steps(herd)
        herd.step()
        gained = learning_steps(herd) - learned
        assert set(np.flatnonzero(gained) % 4) <= {frame % 4}, "in a frame of its own AI updates"
    gained = learning_steps(herd) - before
    assert gained.sum() == len(others) + (len(exhausted) if learner is not None else 0)
    assert [agent for agent in others if gained[agent] != 1] == ([] if learner is None else [learner])


def test_an_agent_that_has_just_been_born_learns_in_no_slot() -> None:
    herd = Herd(8, CALM)
    herd.step(80)
    herd.ecosystem._enqueue(np.array([1]))
    herd.step(1)
    learned = learning_steps(herd)
    assert herd.last["replaced"] == 1
    herd.step(1)  # frame 81 is the slot of agent 1, which has no experiences yet
    assert np.flatnonzero(learning_steps(herd) > learned).tolist() == [5]
    assert learning_steps(herd)[1] == 0


def test_recovered_agents_move_on_with_their_last_action() -> None:
    herd = Herd(4, CALM)
    energy = herd.buffers.published["energy"]
    herd.step(42)
    before = motors(herd, 0)
    while not all(speed for _, speed in before):  # until an action moves both joints
        herd.step(4)
        before = motors(herd, 0)
    energy[0] = 0.1
    herd.step()  # frame 42 + 4n: agent 2's turn, not agent 0's
    assert motors(herd, 0) == [(False, 0.0)] * 2
    energy[0] = 1.0
    herd.step()
    assert motors(herd, 0) == before


def test_a_fall_puts_a_robot_back_with_its_learning_kept() -> None:
    herd = Herd(4, CALM)
    shard = herd.shards[0]
    herd.step(160)
    for body in herd.robots()[2].bodies:
        body.position = (body.position.x, body.position.y - 25)
    numbers = ["learning_steps", "epsilon", "stored", "life"]
    network, mind = shard._brains.parameters[2].copy(), shard._agents[numbers][2].copy()
    assert mind["learning_steps"] > 0
    assert mind["epsilon"] < 1
    herd.work()
    herd.settle()
    assert herd.last["falls"] == 1
    x, y = herd.buffers.current["position"][2]
    assert x == pytest.approx(herd.workload._ground.starts[2])
    assert 1 < y < 2.5
    assert motors(herd, 2) == [(True, 0.0), (True, 0.0)]
    np.testing.assert_array_equal(shard._brains.parameters[2], network)
    assert shard._agents[numbers][2] == mind
    assert shard._worlds[2].bodyCount == 6
    # The way from the pit back to the start is not an experience: the first update after a fall stores none.
    herd.step(4)
    assert shard._agents["stored"][2] == mind["stored"]
    herd.step(4)
    assert shard._agents["stored"][2] == mind["stored"] + 1


def test_a_robot_falls_off_the_edge_of_the_ground() -> None:
    edge = TerrainSettings(style="flat", x_min_m=-20, x_max_m=20, start_margin_m=0.5, obstacle_half_height_m=0.001)
    herd = Herd(3, replace(CALM, terrain=edge))
    robot = herd.robots()[2]
    for body in robot.bodies:
        body.linearVelocity = (4.0, 0.0)
    lowest = 0.0
    for _ in range(600):
        herd.step()
        if herd.last["falls"]:
            break
        lowest = min(lowest, herd.buffers.current["position"][2, 1])
    assert herd.last["falls"] == 1, "it never fell"
    assert -20 < lowest < -15, "its fall ends at 20 m below"
    assert herd.buffers.current["position"][2, 0] == pytest.approx(herd.workload._ground.starts[2], abs=0.5)


def test_dead_agents_are_skipped_and_come_back_as_new_lives() -> None:
    herd = Herd(4, CALM)
    shard, published = herd.shards[0], herd.buffers.published
    herd.step(160)
    old = shard._brains.parameters.copy()
    published["alive"][1] = 0
    thought = updates(herd)
    for _ in range(8):
        herd.step()
        assert shard._robots[1] is None
        assert shard._worlds[1].bodyCount == 1, "only the ground is left"
        assert herd.last["ai_updates"] + herd.last["physics_only"] + herd.last["immobilised"] == 3
    assert (updates(herd) - thought).tolist() == [2, 0, 2, 2]

    published["genome"][1] = 0.8
    published["alive"][1] = published["life"][1] = 1
    herd.step()
    robot = herd.robots()[1]
    assert robot.wheels[0].fixtures[0].shape.radius == pytest.approx(0.5 * 0.8 * 0.8), "scale and the wheels' own gene"
    assert shard._worlds[1].bodyCount == 6
    assert not np.array_equal(shard._brains.parameters[1], old[1])
    assert shard._agents[["epsilon", "learning_steps", "stored"]][1].item() == (1.0, 0, 0)
    np.testing.assert_array_equal(learning_steps(herd)[[0, 2, 3]], 4)
    assert herd.buffers.current["position"][1, 0] == pytest.approx(herd.workload._ground.starts[1], abs=0.01)
    herd.step(4)
    assert updates(herd)[1] == 1, "counted again in each life"


def sensed(herd: Herd) -> np.ndarray:
    """Return `(agents, 29)` what each agent has sensed in the last frame; NaN for those that have not sensed then."""
    agents = herd.shards[0]._agents
    turn = (np.arange(len(agents)) - (herd.frame - 1)) % herd.workload.settings.schedule.ai_interval_frames == 0
    active = turn & agents["built"] & agents["remembers"] & ~agents["immobile"]
    return np.where(active[:, None], agents["seen"], np.float32(np.nan))


def test_every_component_varies_and_stays_in_its_range() -> None:
    herd = Herd(60, WalkerSettings())
    seen = np.full((1000, 60, len(OBSERVATION)), np.nan, np.float32)
    for frame in range(1000):
        herd.step()
        seen[frame] = sensed(herd)
    everything = seen[np.isfinite(seen).all(axis=2)]
    assert len(everything) == np.isfinite(seen).any(axis=2).sum(), "every component is a number"
    assert len(everything) > 0.7 * 60 * 250, "some agents are immobilised, and do not sense"
    assert everything.min() >= -1
    assert everything.max() <= 1
    spread = np.ptp(everything, axis=0)
    assert {name: value for name, value in zip(OBSERVATION, spread, strict=True) if value < 0.1} == {}
    # Each varies for every single agent, too, and not only from one agent to another.
    varying = (np.nanmax(seen, axis=0) > np.nanmin(seen, axis=0)).mean(axis=0)
    assert {name: value for name, value in zip(OBSERVATION, varying, strict=True) if value < 0.2} == {}
