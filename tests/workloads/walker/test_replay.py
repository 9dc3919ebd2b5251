"""Prioritised replay: how often experiences are drawn, and their weights, against computations by hand."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import from_python

from walkerbench.workloads.walker.brain import Brains
from walkerbench.workloads.walker.kernels import replay as kernels
from walkerbench.workloads.walker.kernels.records import AGENT, DRAWN, settings_record
from walkerbench.workloads.walker.network import NetworkPlan
from walkerbench.workloads.walker.settings import BrainSettings

PLAN = NetworkPlan(inputs=2, hidden=(1,), head=1, actions=2)


class Replay:
    """The experiences of agents whose observations have two components, and the kernels that work on them."""

    def __init__(self, brain: BrainSettings, agents: int = 1) -> None:
        self._settings = settings_record(brain)
        self.agents = np.zeros(agents, AGENT)
        self.brains = Brains(brain, PLAN, 1, 0, self.agents)
        for row in range(agents):
            self.brains.begin_life(row, 0)
        self.batch = np.zeros(brain.batch_size, DRAWN)
        self.states = np.full((2 * brain.batch_size, 2), np.nan, np.float32)
        self._rng = np.random.default_rng(0)

    def store(self, k: int, row: int = 0) -> None:
        """Store an experience with reward k, action k, state (k, k) and next state (-k, -k)."""
        state, arrays = np.full(2, k, np.float32), self.brains.arrays
        self.agents["action"][row] = k
        from_python(kernels.store)(
            self.agents[row], arrays.experiences[row], arrays.pairs[row], state, float(k), -state
        )

    def sample(self, row: int = 0, draws: np.ndarray | None = None) -> np.ndarray:
        """Draw a batch into `states`, by the given numbers or by random ones, and return its records."""
        arrays = self.brains.arrays
        from_python(kernels.sample)(
            self.agents[row], arrays.experiences[row], arrays.pairs[row],
            self._rng.random(len(self.batch)) if draws is None else draws,
            float(self._settings["importance_step"][0]), self.batch, self.states,
        )  # fmt: skip
        return self.batch

    def reprioritise(self, places: list[int], errors: list[float]) -> None:
        """Set the errors of some experiences of the first agent."""
        batch = np.zeros(len(places), DRAWN)
        batch["place"], batch["error"] = places, errors
        from_python(kernels.reprioritise)(self.agents[0], self.brains.arrays.experiences[0], self._settings[0], batch)


def filled(brain: BrainSettings, errors: list[float]) -> Replay:
    """Return a replay whose experience k was stored as `Replay.store` says, and has its error."""
    replay = Replay(brain)
    for k in range(len(errors)):
        replay.store(k)
    replay.reprioritise(list(range(len(errors))), errors)
    return replay


def test_an_experience_comes_back_whole() -> None:
    replay = filled(BrainSettings(batch_size=64), [1.0] * 5)
    batch = replay.sample()
    places = batch["place"].tolist()
    assert set(places) == set(range(5))
    assert batch["action"].tolist() == places
    assert batch["reward"].tolist() == places
    assert replay.states[:64].tolist() == [[k, k] for k in places]
    assert replay.states[64:].tolist() == [[-k, -k] for k in places]


def test_probabilities_are_the_priorities_raised_to_their_exponent() -> None:
    # (|TD error| + 1e-6) to the power of 0.6, divided by their sum.
    errors = [0.1, -1.0, 2.0, 0.0]
    raised = [(abs(error) + 1e-6) ** 0.6 for error in errors]
    expected = np.array(raised) / sum(raised)
    batch = filled(BrainSettings(batch_size=20_000), errors).sample()
    share = np.bincount(batch["place"], minlength=4) / 20_000
    # One draw from each of 20,000 equal strata: an experience's share is wrong by at most the two strata at its ends.
    np.testing.assert_allclose(share, expected, atol=2 / 20_000)
    assert 0 < expected[3] < 0.001


def test_each_stratum_is_searched_by_its_own_draw() -> None:
    # Four equal priorities and two strata: the first covers experiences 0 and 1, the second 2 and 3.
    brain = BrainSettings(batch_size=2, learn_from_experiences=2)
    replay = filled(brain, [1.0] * 4)
    for draws, places in (([0.2, 0.7], [0, 3]), ([0.8, 0.1], [1, 2]), ([0.0, 1.0], [0, 3])):
        assert replay.sample(draws=np.array(draws))["place"].tolist() == places


def test_a_draw_at_the_end_of_a_share_belongs_to_the_next_one() -> None:
    # Two equal priorities and two strata: a draw of 0 is exactly where the share of each begins.
    replay = filled(BrainSettings(batch_size=2, learn_from_experiences=2), [1.0] * 2)
    assert replay.sample(draws=np.zeros(2))["place"].tolist() == [0, 1]


def test_importance_weights_agree_with_a_computation_by_hand() -> None:
    # With an exponent of 1, errors of 3 and 1 are drawn with 3/4 and 1/4. w = (2 · p)^-β with β = 0.5:
    # (1.5)^-0.5 and (0.5)^-0.5, divided by the larger: √(0.5 / 1.5) = 0.57735 and 1.
    brain = BrainSettings(batch_size=8, priority_exponent=1.0, priority_floor=1e-12, importance_start=0.5)
    batch = filled(brain, [3.0, 1.0]).sample()
    # Eight strata: 0 to 5 draw the first experience, 6 and 7 the second.
    assert batch["place"].tolist() == [0] * 6 + [1] * 2
    assert batch["weight"] == pytest.approx([0.577350] * 6 + [1.0] * 2, abs=1e-6)


def test_beta_rises_with_each_batch_up_to_one() -> None:
    brain = BrainSettings(
        batch_size=8, priority_exponent=1.0, priority_floor=1e-12, importance_start=0.5, importance_step=0.3
    )
    replay = filled(brain, [3.0, 1.0])
    lighter = [float(replay.sample()["weight"][0]) for _ in range(4)]
    # (1 / 3)^β for β = 0.5, 0.8, 1 and 1.
    assert lighter == pytest.approx([3**-0.5, 3**-0.8, 1 / 3, 1 / 3])


def test_the_defaults_are_those_of_the_design() -> None:
    brain = BrainSettings()
    assert (brain.replay_capacity, brain.batch_size, brain.learn_from_experiences) == (2000, 32, 32)
    assert (brain.priority_exponent, brain.importance_start, brain.importance_step) == (0.6, 0.4, 0.001)


def test_a_new_experience_has_the_highest_priority_so_far() -> None:
    brain = BrainSettings(batch_size=10, priority_exponent=1.0, priority_floor=1e-12)
    replay = filled(brain, [4.0, 0.0, 0.0])
    replay.store(3)
    # Priorities 4, 0, 0 and 4: each of the two is half of the draws.
    assert replay.sample()["place"].tolist() == [0] * 5 + [3] * 5


def test_the_oldest_experiences_are_overwritten_first() -> None:
    brain = BrainSettings(replay_capacity=4, learn_from_experiences=4, batch_size=64)
    replay = filled(brain, [1.0] * 4)
    for k in (4, 5):
        replay.store(k)
    assert set(replay.sample()["reward"].tolist()) == {2.0, 3.0, 4.0, 5.0}
    assert replay.agents["stored"].tolist() == [6]


def test_agents_share_no_experiences() -> None:
    replay = Replay(BrainSettings(batch_size=16), agents=3)
    replay.store(1, row=0)
    replay.store(2, row=2)
    assert replay.agents["stored"].tolist() == [1, 0, 1]
    assert replay.sample(0)["reward"].tolist() == [1.0] * 16
    assert replay.sample(2)["reward"].tolist() == [2.0] * 16
    # The exponent of the weights rises for those that drew a batch.
    assert replay.agents["importance"] == pytest.approx([0.401, 0.4, 0.401])


def test_a_new_life_forgets_experiences_priorities_and_beta() -> None:
    brain = BrainSettings(batch_size=4, priority_exponent=1.0, importance_start=0.5, importance_step=0.5)
    replay = filled(brain, [9.0, 1.0])
    replay.sample()
    replay.brains.begin_life(0, 1)
    assert replay.agents["stored"].tolist() == [0]
    for k in range(2):
        replay.store(k)
    replay.reprioritise([0], [3.0])
    # If the error 9 were remembered, the second would have a larger weight; its priority is 1. β is back at its start.
    batch = replay.sample()
    assert batch["place"].tolist() == [0, 0, 0, 1]
    assert batch["weight"] == pytest.approx([3**-0.5] * 3 + [1.0], rel=1e-5)


@pytest.mark.parametrize("error", [np.nan, np.inf, 0.0])
def test_a_batch_is_within_the_memory_whatever_the_errors_are(error: float) -> None:
    # Learning may diverge, and then errors are not finite; with the exponent 0.6, 0 is the floor's priority.
    replay = filled(BrainSettings(batch_size=64), [1.0, error, 2.0])
    batch = replay.sample()
    assert set(batch["place"].tolist()) <= {0, 1, 2}
    replay.store(3)
    assert set(replay.sample()["place"].tolist()) <= {0, 1, 2, 3}
