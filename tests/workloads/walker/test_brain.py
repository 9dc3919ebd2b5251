"""Each brain by itself explores, learns by double Q-learning, and copies to its target network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from walkerbench.workloads.walker.brain import Brains
from walkerbench.workloads.walker.network import NetworkPlan, forward
from walkerbench.workloads.walker.settings import BrainSettings
from walkerbench.workloads.walker.streams import Stream, agent_stream

ALL = slice(0, 1)
ONE = np.array([0])
SMALL: dict[str, Any] = {"hidden_units": (6, 5), "head_units": 4}
PLAN = NetworkPlan(inputs=3, hidden=(6, 5), head=4, actions=3)


def make(brain: BrainSettings, plan: NetworkPlan = PLAN, agents: int = 1, first: int = 0) -> Brains:
    brains = Brains(brain, plan, seed=7, first_agent=first, agents=agents, most_learners=agents)
    for row in range(agents):
        brains.begin_life(row, 0)
    return brains


def experiences(count: int, plan: NetworkPlan = PLAN, seed: int = 1) -> list[tuple[np.ndarray, int, float, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [
        (
            rng.normal(size=plan.inputs),
            int(rng.integers(plan.actions)),
            float(rng.normal()),
            rng.normal(size=plan.inputs),
        )
        for _ in range(count)
    ]


def remember(brains: Brains, lived: list[tuple[np.ndarray, int, float, np.ndarray]], row: int = 0) -> None:
    for state, action, reward, following in lived:
        brains.remember(
            np.array([row]), state[None].astype(np.float32), np.array([action]),
            np.array([reward], np.float32), following[None].astype(np.float32),
        )  # fmt: skip


def q_of(flat: np.ndarray, states: np.ndarray, plan: NetworkPlan = PLAN) -> np.ndarray:
    """Return Q in float64, `(batch, actions)`; test_network.py tests the formula itself."""
    q: np.ndarray = forward(plan.layers(flat[None].astype(np.float64)), states[None].astype(np.float64))[0][0]
    return q


def test_the_target_networks_value_of_the_online_choice_is_used() -> None:
    brains = make(BrainSettings(**SMALL, batch_size=1, learn_from_experiences=1, discount=0.9))
    # The online network differs from the target network, which stays as it was at the beginning of the life.
    target = brains.parameters[0].copy()
    brains.parameters[0] = np.random.default_rng(21).normal(size=PLAN.size) * 0.7
    online = brains.parameters[0].copy()
    ((state, action, reward, following),) = lived = experiences(1, seed=4)
    remember(brains, lived)

    next_online, next_target = q_of(online, following[None])[0], q_of(target, following[None])[0]
    chosen = next_online.argmax()
    assert chosen != next_target.argmax(), "or plain Q-learning would do the same"
    error = q_of(online, state[None])[0, action] - (reward + 0.9 * next_target[chosen])
    brains.learn(ALL)
    # The only experience is always drawn and has the weight 1: the loss is its squared error.
    assert brains.loss[0] == pytest.approx(error**2, rel=1e-4)


class Textbook:
    """The same brain in float64: one line per sentence of the papers, and gradients by central differences."""

    def __init__(
        self, brain: BrainSettings, parameters: np.ndarray, lived: list[tuple[np.ndarray, int, float, np.ndarray]]
    ) -> None:
        self.brain = brain
        self.online = parameters.astype(np.float64)
        self.target = self.online.copy()
        self.states, self.actions, self.rewards, self.following = (np.array(part) for part in zip(*lived, strict=True))
        self.priorities = np.ones(len(lived))
        self.beta = brain.importance_start
        self.m = self.v = np.zeros_like(self.online)
        self.steps = 0
        self.stream = agent_stream(7, 0, 0, Stream.REPLAY)

    def learn(self) -> float:
        brain, size, held = self.brain, self.brain.batch_size, len(self.priorities)
        probabilities = self.priorities / self.priorities.sum()
        draws = (np.arange(size) + self.stream.random(size)) / size
        batch = np.searchsorted(np.cumsum(probabilities), draws, side="right")
        weights = (held * probabilities[batch]) ** -self.beta
        weights /= weights.max()
        self.beta = min(1.0, self.beta + brain.importance_step)

        best = q_of(self.online, self.following[batch]).argmax(axis=1)
        future = q_of(self.target, self.following[batch])[np.arange(size), best]
        goal = self.rewards[batch] + brain.discount * future

        def errors(flat: np.ndarray) -> np.ndarray:
            found: np.ndarray = q_of(flat, self.states[batch])[np.arange(size), self.actions[batch]] - goal
            return found

        gradient, step = np.empty_like(self.online), 1e-6
        for at in range(len(self.online)):
            nudge = np.zeros_like(self.online)
            nudge[at] = step
            up, down = errors(self.online + nudge), errors(self.online - nudge)
            gradient[at] = (weights * (up**2 - down**2)).mean() / (2 * step)
        found = errors(self.online)
        loss = float((weights * found**2).mean())
        self.priorities[batch] = (np.abs(found) + brain.priority_floor) ** brain.priority_exponent

        gradient *= min(1.0, brain.gradient_norm_limit / float(np.linalg.norm(gradient)))
        self.steps += 1
        self.m = brain.adam_beta1 * self.m + (1 - brain.adam_beta1) * gradient
        self.v = brain.adam_beta2 * self.v + (1 - brain.adam_beta2) * gradient**2
        m_hat = self.m / (1 - brain.adam_beta1**self.steps)
        v_hat = self.v / (1 - brain.adam_beta2**self.steps)
        self.online = self.online - brain.learning_rate * m_hat / (np.sqrt(v_hat) + brain.adam_epsilon)
        if self.steps % brain.target_copy_steps == 0:
            self.target = self.online.copy()
        return loss


def test_many_learning_steps_agree_with_the_textbook() -> None:
    # Adam's ε is large, so that float32 noise in gradients near 0 does not become whole steps.
    brain = BrainSettings(
        **SMALL, batch_size=8, target_copy_steps=3, learning_rate=0.02, adam_epsilon=1e-2, importance_step=0.2,
        gradient_norm_limit=0.8,
    )  # fmt: skip
    brains, lived = make(brain), experiences(12)
    remember(brains, lived)
    book = Textbook(brain, brains.parameters[0], lived)
    losses = []
    for _ in range(12):
        losses.append(book.learn())
        brains.learn(ALL)
        assert brains.loss[0] == pytest.approx(losses[-1], rel=2e-3)
        np.testing.assert_allclose(brains.parameters[0], book.online, rtol=0, atol=2e-4)
    assert min(losses) < 0.8 * losses[0]


def test_a_target_is_copied_every_fifty_learning_steps() -> None:
    brains = make(BrainSettings(**SMALL))
    remember(brains, experiences(40))
    born = brains.parameters[0].copy()
    copied = [brains.learn(ALL) for _ in range(49)]
    assert copied == [0] * 49
    np.testing.assert_array_equal(brains._target[0], born)
    assert brains.learn(ALL) == 1
    np.testing.assert_array_equal(brains._target[0], brains.parameters[0])
    assert not np.array_equal(brains.parameters[0], born)
    assert [step for step in range(51, 201) if brains.learn(ALL)] == [100, 150, 200]


def test_epsilon_decays_with_each_learning_step_to_its_minimum() -> None:
    brains = make(BrainSettings(**SMALL, batch_size=2))
    remember(brains, experiences(32))
    assert brains.epsilon[0] == 1.0
    for step in range(1, 931):
        brains.learn(ALL)
        if step in (1, 2, 100, 900):
            assert brains.epsilon[0] == pytest.approx(0.995**step)
    # 0.995^919 is the first below 0.01.
    assert brains.epsilon[0] == 0.01
    assert brains.learning_steps.tolist() == [930]


def test_learning_begins_with_thirty_two_experiences() -> None:
    brains = make(BrainSettings(**SMALL), agents=2)
    remember(brains, experiences(31))
    assert brains.ready(np.array([0, 1])).tolist() == [False, False]
    remember(brains, experiences(1))
    assert brains.ready(np.array([0, 1])).tolist() == [True, False]
    never = make(BrainSettings(**SMALL, learning=False))
    remember(never, experiences(40))
    assert not never.ready(ONE).any()


def choices(brains: Brains, epsilon: float, count: int, state: np.ndarray) -> np.ndarray:
    brains.epsilon[:] = epsilon
    observed = np.tile(state.astype(np.float32), (len(brains.epsilon), 1))
    awake = np.ones(len(brains.epsilon), np.bool_)
    return np.array([brains.choose(slice(None), observed, awake) for _ in range(count)])


def test_choices_are_greedy_except_for_a_share_of_epsilon() -> None:
    state = np.array([0.3, -0.8, 0.5])
    brains = make(BrainSettings(**SMALL))
    greedy = int(q_of(brains.parameters[0], state[None])[0].argmax())
    assert set(choices(brains, 0.0, 200, state).flat) == {greedy}
    at_random = np.bincount(choices(brains, 1.0, 6000, state).ravel(), minlength=3) / 6000
    np.testing.assert_allclose(at_random, 1 / 3, atol=0.03)
    mixed = np.bincount(choices(brains, 0.3, 6000, state).ravel(), minlength=3) / 6000
    # One third of the 0.3 random choices is the greedy action, too.
    assert mixed[greedy] == pytest.approx(0.8, abs=0.03)
    assert np.delete(mixed, greedy) == pytest.approx([0.1, 0.1], abs=0.03)


def test_an_agent_that_does_not_choose_draws_no_random_numbers() -> None:
    # The second agent sleeps for a hundred updates; then it chooses like an agent that begins at that time.
    state = np.zeros((2, 3), np.float32)
    sleeper, fresh = make(BrainSettings(**SMALL), agents=2), make(BrainSettings(**SMALL), agents=2)
    for _ in range(100):
        sleeper.choose(slice(0, 2), state, np.array([True, False]))
    later = [sleeper.choose(slice(0, 2), state, np.array([True, True]))[1] for _ in range(100)]
    first = [fresh.choose(slice(0, 2), state, np.array([True, True]))[1] for _ in range(100)]
    assert later == first
    assert len(set(first)) == 3


def test_stacked_brains_have_the_same_bits_as_single_brains() -> None:
    brain = BrainSettings()
    plan = NetworkPlan.of(brain, 29, 15)
    together = make(brain, plan, agents=5)
    alone = [make(brain, plan, first=agent) for agent in range(5)]
    for row in range(5):
        lived = experiences(50, plan, seed=row)
        remember(together, lived, row)
        remember(alone[row], lived)
    for _ in range(3):
        together.learn(slice(0, 5, 2))
        together.learn(slice(1, 5, 2))
        for each in alone:
            each.learn(ALL)
    np.testing.assert_array_equal(together.parameters, np.concatenate([each.parameters for each in alone]))
    np.testing.assert_array_equal(together.loss, np.concatenate([each.loss for each in alone]))
    assert len({parameters.tobytes() for parameters in together.parameters}) == 5


def test_a_new_life_begins_with_a_fresh_brain() -> None:
    brains, untouched = make(BrainSettings(**SMALL), agents=2), make(BrainSettings(**SMALL), agents=2)
    for row in range(2):
        remember(brains, experiences(40), row)
    brains.learn(slice(0, 2))
    learned = brains.parameters[1].copy()
    brains.begin_life(0, 1)
    assert (brains.epsilon.tolist(), brains.learning_steps.tolist()) == ([1.0, 0.995], [0, 1])
    assert (brains.loss[0], brains.ready(np.array([0, 1])).tolist()) == (0.0, [False, True])
    assert not np.array_equal(brains.parameters[0], untouched.parameters[0]), "another life, another brain"
    np.testing.assert_array_equal(brains._target[0], brains.parameters[0])
    np.testing.assert_array_equal(brains.parameters[1], learned)
    brains.begin_life(0, 0)
    np.testing.assert_array_equal(brains.parameters[0], untouched.parameters[0])


def test_a_brain_prefers_a_later_large_reward_to_a_small_one() -> None:
    # A corridor of four places. Action 0 goes back to the first place, with the reward 0.1. Action 1 goes on; from the
    # last place it goes back to the first, with the reward 1. Four steps earn 1 by going on, but 0.4 by action 0.
    plan = NetworkPlan(inputs=4, hidden=(16,), head=8, actions=2)
    brains = make(
        BrainSettings(hidden_units=(16,), head_units=8, discount=0.9, target_copy_steps=20, learning_rate=3e-3), plan
    )
    places = np.eye(4, dtype=np.float32)
    rng = np.random.default_rng(0)
    for _ in range(400):
        at, action = int(rng.integers(4)), int(rng.integers(2))
        reward, to = (0.1, 0) if action == 0 else ((1.0, 0) if at == 3 else (0.0, at + 1))
        remember(brains, [(places[at], action, reward, places[to])])
    awake = np.ones(1, np.bool_)

    def greedy() -> list[int]:
        brains.epsilon[:] = 0
        return [int(brains.choose(ALL, place[None], awake)[0]) for place in places]

    assert greedy() != [1, 1, 1, 1]
    for _ in range(600):
        brains.learn(ALL)
    assert greedy() == [1, 1, 1, 1]
    # Value of the first place: 0.9³ + 0.9⁷ + … = 0.729 / (1 - 0.9⁴) = 2.12; of the last place: 1 / (1 - 0.9⁴) = 2.91.
    values = q_of(brains.parameters[0], places, plan)
    assert values[[0, 3], 1] == pytest.approx([2.12, 2.91], abs=0.1)
