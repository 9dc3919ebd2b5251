"""Each brain by itself explores, learns by double Q-learning, and copies to its target network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled import from_python
from float64_networks import q_values

from walkerbench.workloads.walker.brain import Brains
from walkerbench.workloads.walker.kernels import learning, replay
from walkerbench.workloads.walker.kernels.records import AGENT, settings_record
from walkerbench.workloads.walker.network import NetworkPlan
from walkerbench.workloads.walker.settings import BrainSettings
from walkerbench.workloads.walker.streams import Stream, agent_stream

SMALL: dict[str, Any] = {"hidden_units": (6, 5), "head_units": 4}
PLAN = NetworkPlan(inputs=3, hidden=(6, 5), head=4, actions=3)

Experience = tuple[np.ndarray, int, float, np.ndarray]
"""An observation, the number of the action, its reward, and the observation that followed."""


class Minds:
    """Agents that do nothing but think: their records and brains, and the kernels that work on them."""

    def __init__(self, brain: BrainSettings, plan: NetworkPlan = PLAN, agents: int = 1, first: int = 0) -> None:
        self.agents = np.zeros(agents, AGENT)
        self.brains = Brains(brain, plan, seed=7, first_agent=first, agents=self.agents)
        self._settings = settings_record(brain)
        for row in range(agents):
            self.brains.begin_life(row, 0)

    @property
    def parameters(self) -> np.ndarray:
        return self.brains.parameters

    @property
    def networks(self) -> np.ndarray:
        return self.brains.arrays.networks

    def remember(self, lived: list[Experience], row: int = 0) -> None:
        experiences, pairs = self.brains.arrays.experiences[row], self.brains.arrays.pairs[row]
        for state, action, reward, following in lived:
            self.agents["action"][row] = action
            from_python(replay.store)(
                self.agents[row], experiences, pairs, state.astype(np.float32), reward, following.astype(np.float32)
            )

    def learn(self, row: int = 0) -> bool:
        self.brains.draw_ahead()
        return from_python(learning.learn)(
            self.agents[row], row, self.brains.arrays, self._settings[0], self.brains.memory
        )

    def choose(self, state: np.ndarray, row: int = 0) -> int:
        self.brains.draw_ahead()
        self.brains.memory.states[0] = state
        return from_python(learning.choose)(self.agents[row], row, self.brains.arrays, self.brains.memory)


def experiences(count: int, plan: NetworkPlan = PLAN, seed: int = 1) -> list[Experience]:
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


def test_the_target_networks_value_of_the_online_choice_is_used() -> None:
    minds = Minds(BrainSettings(**SMALL, batch_size=1, learn_from_experiences=1, discount=0.9))
    # The online network differs from the target network, which stays as it was at the beginning of the life.
    target = minds.parameters[0].copy()
    minds.parameters[0] = np.random.default_rng(21).normal(size=PLAN.size) * 0.7
    online = minds.parameters[0].copy()
    ((state, action, reward, following),) = lived = experiences(1, seed=4)
    minds.remember(lived)

    next_online = q_values(online, following[None], PLAN)[0]
    next_target = q_values(target, following[None], PLAN)[0]
    chosen = next_online.argmax()
    assert chosen != next_target.argmax(), "or plain Q-learning would do the same"
    error = q_values(online, state[None], PLAN)[0, action] - (reward + 0.9 * next_target[chosen])
    minds.learn()
    # The only experience is always drawn and has the weight 1: the loss is its squared error.
    assert minds.agents["loss"][0] == pytest.approx(error**2, rel=1e-4)


class Textbook:
    """The same brain in float64: one line per sentence of the papers, and gradients by central differences."""

    def __init__(self, brain: BrainSettings, parameters: np.ndarray, lived: list[Experience]) -> None:
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

        best = q_values(self.online, self.following[batch], PLAN).argmax(axis=1)
        future = q_values(self.target, self.following[batch], PLAN)[np.arange(size), best]
        goal = self.rewards[batch] + brain.discount * future

        def errors(flat: np.ndarray) -> np.ndarray:
            found: np.ndarray = q_values(flat, self.states[batch], PLAN)[np.arange(size), self.actions[batch]] - goal
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
    minds, lived = Minds(brain), experiences(12)
    minds.remember(lived)
    book = Textbook(brain, minds.parameters[0], lived)
    losses = []
    for _ in range(12):
        losses.append(book.learn())
        minds.learn()
        assert minds.agents["loss"][0] == pytest.approx(losses[-1], rel=2e-3)
        np.testing.assert_allclose(minds.parameters[0], book.online, rtol=0, atol=2e-4)
    assert min(losses) < 0.8 * losses[0]


def test_a_target_is_copied_every_fifty_learning_steps() -> None:
    minds = Minds(BrainSettings(**SMALL))
    minds.remember(experiences(40))
    born = minds.parameters[0].copy()
    copied = [minds.learn() for _ in range(49)]
    assert copied == [False] * 49
    np.testing.assert_array_equal(minds.networks[0, learning.TARGET], born)
    assert minds.learn() is True
    np.testing.assert_array_equal(minds.networks[0, learning.TARGET], minds.parameters[0])
    assert not np.array_equal(minds.parameters[0], born)
    assert [step for step in range(51, 201) if minds.learn()] == [100, 150, 200]


def test_epsilon_decays_with_each_learning_step_to_its_minimum() -> None:
    minds = Minds(BrainSettings(**SMALL, batch_size=2))
    minds.remember(experiences(32))
    assert minds.agents["epsilon"][0] == 1.0
    for step in range(1, 931):
        minds.learn()
        if step in (1, 2, 100, 900):
            assert minds.agents["epsilon"][0] == pytest.approx(0.995**step)
    # 0.995^919 is the first below 0.01.
    assert minds.agents["epsilon"][0] == 0.01
    assert minds.agents["learning_steps"].tolist() == [930]


def test_only_the_agent_that_learns_changes_and_counts_a_step() -> None:
    minds = Minds(BrainSettings(**SMALL), agents=3)
    for row in range(3):
        minds.remember(experiences(40, seed=row), row)
    minds.brains.draw_ahead()
    arrays = minds.brains.arrays
    before = [each.copy() for each in (minds.agents, arrays.networks, arrays.experiences, arrays.pairs)]
    for _ in range(6):
        minds.learn(1)
    assert minds.agents["learning_steps"].tolist() == [0, 6, 0]
    after = [minds.agents, arrays.networks, arrays.experiences, arrays.pairs]
    for ours, theirs in zip(after, before, strict=True):
        np.testing.assert_array_equal(ours[[0, 2]], theirs[[0, 2]])
    assert (arrays.networks[1] != before[1][1]).any(axis=1).tolist() == [True, False, True, True]
    assert (arrays.experiences[1] != before[2][1]).any(), "it has other priorities"
    np.testing.assert_array_equal(arrays.pairs, before[3])


def choices(minds: Minds, epsilon: float, count: int, state: np.ndarray) -> np.ndarray:
    minds.agents["epsilon"] = epsilon
    return np.array([minds.choose(state) for _ in range(count)])


def test_choices_are_greedy_except_for_a_share_of_epsilon() -> None:
    state = np.array([0.3, -0.8, 0.5])
    minds = Minds(BrainSettings(**SMALL))
    greedy = int(q_values(minds.parameters[0], state[None], PLAN)[0].argmax())
    assert set(choices(minds, 0.0, 200, state).flat) == {greedy}
    at_random = np.bincount(choices(minds, 1.0, 6000, state), minlength=3) / 6000
    np.testing.assert_allclose(at_random, 1 / 3, atol=0.03)
    mixed = np.bincount(choices(minds, 0.3, 6000, state), minlength=3) / 6000
    # One third of the 0.3 random choices is the greedy action, too.
    assert mixed[greedy] == pytest.approx(0.8, abs=0.03)
    assert np.delete(mixed, greedy) == pytest.approx([0.1, 0.1], abs=0.03)


def test_the_first_of_equal_values_is_chosen() -> None:
    minds = Minds(BrainSettings(**SMALL))
    minds.parameters[0] = 0  # then every action has the value 0
    assert set(choices(minds, 0.0, 10, np.ones(3))) == {0}


def test_an_agent_that_does_not_choose_draws_no_random_numbers() -> None:
    # The second agent sleeps for a hundred updates; then it chooses like an agent that begins at that time.
    state = np.zeros(3, np.float32)
    sleeper, fresh = Minds(BrainSettings(**SMALL), agents=2), Minds(BrainSettings(**SMALL), agents=2)
    for _ in range(100):
        sleeper.choose(state, 0)
    later = [sleeper.choose(state, 1) for _ in range(100)]
    first = [fresh.choose(state, 1) for _ in range(100)]
    assert later == first
    assert len(set(first)) == 3


@pytest.mark.parametrize(
    ("stream", "field", "counter"),
    [(Stream.EXPLORATION, "explorations", "explorations_used"), (Stream.REPLAY, "batch_draws", "batches_used")],
)
def test_numbers_are_drawn_ahead_from_each_agents_own_stream(stream: Stream, field: str, counter: str) -> None:
    minds = Minds(BrainSettings(**SMALL, batch_size=4), agents=3, first=5)
    drawn = getattr(minds.brains.arrays, field)
    streams = [agent_stream(7, 5 + row, 0, stream) for row in range(3)]
    minds.brains.draw_ahead()
    for row in range(3):
        np.testing.assert_array_equal(drawn[row], streams[row].random(drawn[row].shape))
    # The second agent has used all of its numbers: it alone draws again, and goes on where it stopped.
    kept = drawn[[0, 2]].copy()
    minds.agents[counter] = [drawn.shape[1] - 1, drawn.shape[1], 0]
    minds.brains.draw_ahead()
    np.testing.assert_array_equal(drawn[[0, 2]], kept)
    np.testing.assert_array_equal(drawn[1], streams[1].random(drawn[1].shape))
    assert minds.agents[counter].tolist() == [drawn.shape[1] - 1, 0, 0]


def test_each_draw_is_used_once() -> None:
    minds = Minds(BrainSettings(**SMALL))
    minds.remember(experiences(40))
    minds.brains.draw_ahead()
    for number in range(1, 4):
        minds.choose(np.zeros(3))
        minds.learn()
        assert (minds.agents["explorations_used"][0], minds.agents["batches_used"][0]) == (number, number)


def test_brains_in_one_shard_have_the_same_bits_as_brains_alone() -> None:
    brain = BrainSettings()
    plan = NetworkPlan.of(brain, 29, 15)
    together = Minds(brain, plan, agents=5)
    alone = [Minds(brain, plan, first=agent) for agent in range(5)]
    for row in range(5):
        lived = experiences(50, plan, seed=row)
        together.remember(lived, row)
        alone[row].remember(lived)
    for _ in range(3):
        for row in (0, 2, 4, 1, 3):
            together.learn(row)
        for each in alone:
            each.learn()
    np.testing.assert_array_equal(together.networks, np.concatenate([each.networks for each in alone]))
    np.testing.assert_array_equal(together.agents["loss"], np.concatenate([each.agents["loss"] for each in alone]))
    assert len({parameters.tobytes() for parameters in together.parameters}) == 5


def test_a_new_life_begins_with_a_fresh_brain() -> None:
    minds, untouched = Minds(BrainSettings(**SMALL), agents=2), Minds(BrainSettings(**SMALL), agents=2)
    for row in range(2):
        minds.remember(experiences(40), row)
        minds.learn(row)
    learned = minds.networks[1].copy()
    minds.brains.begin_life(0, 1)
    agents = minds.agents
    assert (agents["epsilon"].tolist(), agents["learning_steps"].tolist()) == ([1.0, 0.995], [0, 1])
    assert (agents["loss"][0], agents["stored"].tolist()) == (0.0, [0, 40])
    assert agents["loss"][1] > 0
    assert not np.array_equal(minds.parameters[0], untouched.parameters[0]), "another life, another brain"
    np.testing.assert_array_equal(minds.networks[0, learning.TARGET], minds.parameters[0])
    assert not minds.networks[0, learning.FIRST].any()
    assert not minds.networks[0, learning.SECOND].any()
    assert learned[learning.FIRST].any()
    assert learned[learning.SECOND].any()
    np.testing.assert_array_equal(minds.networks[1], learned)
    minds.brains.begin_life(0, 0)
    np.testing.assert_array_equal(minds.parameters[0], untouched.parameters[0])


def test_a_new_life_draws_from_its_own_streams() -> None:
    minds = Minds(BrainSettings(**SMALL))
    minds.brains.draw_ahead()
    minds.agents["explorations_used"] = minds.agents["batches_used"] = 3
    minds.brains.begin_life(0, 1)
    minds.brains.draw_ahead()
    arrays = minds.brains.arrays
    for stream, drawn in ((Stream.EXPLORATION, arrays.explorations[0]), (Stream.REPLAY, arrays.batch_draws[0])):
        np.testing.assert_array_equal(drawn, agent_stream(7, 0, 1, stream).random(drawn.shape))


def test_a_brain_prefers_a_later_large_reward_to_a_small_one() -> None:
    # A corridor of four places. Action 0 goes back to the first place, with the reward 0.1. Action 1 goes on; from the
    # last place it goes back to the first, with the reward 1. Four steps earn 1 by going on, but 0.4 by action 0.
    plan = NetworkPlan(inputs=4, hidden=(16,), head=8, actions=2)
    minds = Minds(
        BrainSettings(hidden_units=(16,), head_units=8, discount=0.9, target_copy_steps=20, learning_rate=3e-3), plan
    )
    places = np.eye(4, dtype=np.float32)
    rng = np.random.default_rng(0)
    for _ in range(400):
        at, action = int(rng.integers(4)), int(rng.integers(2))
        reward, to = (0.1, 0) if action == 0 else ((1.0, 0) if at == 3 else (0.0, at + 1))
        minds.remember([(places[at], action, reward, places[to])])

    def greedy() -> list[int]:
        minds.agents["epsilon"] = 0
        return [minds.choose(place) for place in places]

    assert greedy() != [1, 1, 1, 1]
    for _ in range(600):
        minds.learn()
    assert greedy() == [1, 1, 1, 1]
    # Value of the first place: 0.9³ + 0.9⁷ + … = 0.729 / (1 - 0.9⁴) = 2.12; of the last place: 1 / (1 - 0.9⁴) = 2.91.
    values = q_values(minds.parameters[0], places, plan)
    assert values[[0, 3], 1] == pytest.approx([2.12, 2.91], abs=0.1)
