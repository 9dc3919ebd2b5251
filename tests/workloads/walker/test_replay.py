"""Prioritised replay: how often experiences are drawn, and their weights, against computations by hand."""

from __future__ import annotations

import numpy as np
import pytest
from walkerbench.workloads.walker.replay import Replay

from walkerbench.workloads.walker.settings import BrainSettings

ONE = np.array([0])


def filled(brain: BrainSettings, errors: list[float], agents: int = 1) -> Replay:
    """Return a replay whose experience k has reward k, action k, state (k, k), next state (-k, -k) and its error."""
    replay = Replay(brain, agents, 2)
    for k in range(len(errors)):
        state = np.full((1, 2), k, np.float32)
        replay.store(ONE, state, np.array([k]), np.array([k], np.float32), -state)
    replay.reprioritise(ONE, np.arange(len(errors))[None], np.array([errors], np.float32))
    return replay


def test_an_experience_comes_back_whole() -> None:
    replay = filled(BrainSettings(batch_size=64), [1.0] * 5)
    batch = replay.sample(ONE, [np.random.default_rng(0)])
    places = batch.places[0]
    assert set(places) == set(range(5))
    assert batch.actions[0].tolist() == places.tolist()
    assert batch.rewards[0].tolist() == places.tolist()
    assert batch.states[0, :64].tolist() == [[k, k] for k in places]
    assert batch.states[0, 64:].tolist() == [[-k, -k] for k in places]


def test_probabilities_are_the_priorities_raised_to_their_exponent() -> None:
    # (|TD error| + 1e-6) to the power of 0.6, divided by their sum.
    errors = [0.1, -1.0, 2.0, 0.0]
    raised = [(abs(error) + 1e-6) ** 0.6 for error in errors]
    expected = np.array(raised) / sum(raised)
    batch = filled(BrainSettings(batch_size=20_000), errors).sample(ONE, [np.random.default_rng(0)])
    share = np.bincount(batch.places[0], minlength=4) / 20_000
    # One draw from each of 20,000 equal strata: an experience's share is wrong by at most the two strata at its ends.
    np.testing.assert_allclose(share, expected, atol=2 / 20_000)
    assert 0 < expected[3] < 0.001


def test_importance_weights_agree_with_a_computation_by_hand() -> None:
    # With an exponent of 1, errors of 3 and 1 are drawn with 3/4 and 1/4. w = (2 · p)^-β with β = 0.5:
    # (1.5)^-0.5 and (0.5)^-0.5, divided by the larger: √(0.5 / 1.5) = 0.57735 and 1.
    brain = BrainSettings(batch_size=8, priority_exponent=1.0, priority_floor=1e-12, importance_start=0.5)
    batch = filled(brain, [3.0, 1.0]).sample(ONE, [np.random.default_rng(0)])
    # Eight strata: 0 to 5 draw the first experience, 6 and 7 the second.
    assert batch.places[0].tolist() == [0] * 6 + [1] * 2
    assert batch.weights[0] == pytest.approx([0.577350] * 6 + [1.0] * 2, abs=1e-6)


def test_beta_rises_with_each_batch_up_to_one() -> None:
    brain = BrainSettings(
        batch_size=8, priority_exponent=1.0, priority_floor=1e-12, importance_start=0.5, importance_step=0.3
    )
    replay = filled(brain, [3.0, 1.0])
    rng = [np.random.default_rng(0)]
    lighter = [replay.sample(ONE, rng).weights[0, 0] for _ in range(4)]
    # (1 / 3)^β for β = 0.5, 0.8, 1 and 1.
    assert lighter == pytest.approx([3**-0.5, 3**-0.8, 1 / 3, 1 / 3])


def test_the_defaults_are_those_of_the_design() -> None:
    brain = BrainSettings()
    assert (brain.replay_capacity, brain.batch_size, brain.learn_from_experiences) == (2000, 32, 32)
    assert (brain.priority_exponent, brain.importance_start, brain.importance_step) == (0.6, 0.4, 0.001)


def test_a_new_experience_has_the_highest_priority_so_far() -> None:
    brain = BrainSettings(batch_size=10, priority_exponent=1.0, priority_floor=1e-12)
    replay = filled(brain, [4.0, 0.0, 0.0])
    replay.store(ONE, np.zeros((1, 2), np.float32), ONE, np.zeros(1, np.float32), np.zeros((1, 2), np.float32))
    # Priorities 4, 0, 0 and 4: each of the two is half of the draws.
    assert replay.sample(ONE, [np.random.default_rng(0)]).places[0].tolist() == [0] * 5 + [3] * 5


def test_the_oldest_experiences_are_overwritten_first() -> None:
    brain = BrainSettings(replay_capacity=4, learn_from_experiences=4, batch_size=64)
    batch = filled(brain, [1.0] * 4)
    for k in (4, 5):
        batch.store(
            ONE, np.zeros((1, 2), np.float32), np.array([k]), np.array([k], np.float32), np.zeros((1, 2), np.float32)
        )
    assert set(batch.sample(ONE, [np.random.default_rng(0)]).rewards[0]) == {2.0, 3.0, 4.0, 5.0}
    assert batch.stored.tolist() == [6]


def test_agents_share_no_experiences_and_no_streams() -> None:
    brain = BrainSettings(batch_size=16)
    replay = Replay(brain, 3, 2)
    for agent, reward in ((0, 1.0), (2, 2.0)):
        replay.store(
            np.array([agent]),
            np.ones((1, 2), np.float32),
            ONE,
            np.array([reward], np.float32),
            np.ones((1, 2), np.float32),
        )
    assert replay.stored.tolist() == [1, 0, 1]
    streams = [np.random.default_rng(agent) for agent in range(3)]
    batch = replay.sample(np.array([0, 2]), streams)
    assert batch.rewards.tolist() == [[1.0] * 16, [2.0] * 16]
    # Each agent drew from its own stream, and the agent without a batch drew nothing.
    drawn = [stream.random() for stream in streams]
    fresh = [np.random.default_rng(agent) for agent in range(3)]
    for agent in (0, 2):
        fresh[agent].random(16)
    assert drawn == [stream.random() for stream in fresh]


def test_a_reset_forgets_experiences_priorities_and_beta() -> None:
    brain = BrainSettings(batch_size=4, priority_exponent=1.0, importance_start=0.5, importance_step=0.5)
    replay = filled(brain, [9.0, 1.0])
    replay.sample(ONE, [np.random.default_rng(0)])
    replay.reset(0)
    assert replay.stored.tolist() == [0]
    for k in range(2):
        replay.store(ONE, np.zeros((1, 2), np.float32), ONE, np.array([k], np.float32), np.zeros((1, 2), np.float32))
    replay.reprioritise(ONE, np.array([[0]]), np.array([[3.0]], np.float32))
    # If the error 9 were remembered, the second would have a larger weight; its priority is 1. β is back at its start.
    batch = replay.sample(ONE, [np.random.default_rng(0)])
    assert batch.places[0].tolist() == [0, 0, 0, 1]
    assert batch.weights[0] == pytest.approx([3**-0.5] * 3 + [1.0], rel=1e-5)
