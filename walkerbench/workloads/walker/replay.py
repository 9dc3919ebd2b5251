"""Prioritised experience replay of a stack of agents (Schaul et al., 2016, proportional variant)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from walkerbench.workloads.walker.arrays import Floats32, Indices
from walkerbench.workloads.walker.settings import BrainSettings


@dataclass(frozen=True)
class Batch:
    """Experiences drawn for learning.

    Attributes:
        places: `(agents, batch)` index of each in its agent's memory.
        states: `(agents, 2 * batch, observation)` float32: all observations, then the observations that followed them.
        actions: `(agents, batch)`.
        rewards: `(agents, batch)` float32.
        weights: `(agents, batch)` float32 importance weights; each agent's largest weight is 1.
    """

    places: Indices
    states: Floats32
    actions: Indices
    rewards: Floats32
    weights: Floats32


class Replay:
    """Stores the experiences of every agent; a new experience overwrites the oldest one where the memory is full.

    Args:
        brain: Capacity, exponents and batch size.
        agents: Number of stacked agents.
        observation: Size of an observation.
    """

    def __init__(self, brain: BrainSettings, agents: int, observation: int) -> None:
        capacity = brain.replay_capacity
        self._brain = brain
        # Filled, because memory from `zeros` causes a page fault in the frame that first writes to a page, and the
        # process would grow until all memories are full.
        self._states = np.full((agents, capacity, 2, observation), 0.0, np.float32)
        self._actions = np.full((agents, capacity), 0, np.uint8)
        self._rewards = np.full((agents, capacity), 0.0, np.float32)
        self._priorities = np.full((agents, capacity), 0.0, np.float64)  # already raised to the exponent
        self._highest = np.ones(agents, np.float64)
        self._stored = np.zeros(agents, np.int64)
        self._importance = np.full(agents, brain.importance_start)

    @property
    def stored(self) -> NDArray[np.int64]:
        """How many experiences each agent has stored so far, overwritten ones included."""
        return self._stored

    def reset(self, row: int) -> None:
        """Forget one agent's experiences."""
        self._stored[row] = 0
        self._highest[row] = 1.0
        self._importance[row] = self._brain.importance_start

    def store(
        self, agents: Indices, states: Floats32, actions: Indices, rewards: Floats32, following: Floats32
    ) -> None:
        """Store one experience for each of some agents, with the highest priority that the agent has had.

        Args:
            agents: `(k,)` rows.
            states: `(k, observation)`.
            actions: `(k,)`.
            rewards: `(k,)`.
            following: `(k, observation)`.
        """
        place = self._stored[agents] % self._brain.replay_capacity
        self._states[agents, place, 0] = states
        self._states[agents, place, 1] = following
        self._actions[agents, place] = actions
        self._rewards[agents, place] = rewards
        self._priorities[agents, place] = self._highest[agents]
        self._stored[agents] += 1

    def sample(self, agents: Indices, streams: list[np.random.Generator]) -> Batch:
        """Draw a batch for each of some agents, one experience from each of `batch_size` equal strata.

        Args:
            agents: `(k,)` rows, each with at least one experience.
            streams: Generator of every stacked agent.
        """
        size = self._brain.batch_size
        strata = np.arange(size)
        places = np.empty((len(agents), size), np.intp)
        shares = np.empty((len(agents), size))
        # A loop over agents, because NumPy has no searchsorted over rows, and each agent draws from its own stream.
        for k, agent in enumerate(agents):
            held = min(int(self._stored[agent]), self._brain.replay_capacity)
            priorities = self._priorities[agent, :held]
            summed = priorities.cumsum()
            wanted = (strata + streams[agent].random(size)) * (summed[-1] / size)
            places[k] = np.minimum(summed.searchsorted(wanted, side="right"), held - 1)
            shares[k] = priorities[places[k]] * (held / summed[-1])
        weights = shares ** -self._importance[agents][:, None]
        weights /= weights.max(axis=1, keepdims=True)
        self._importance[agents] = np.minimum(1.0, self._importance[agents] + self._brain.importance_step)
        rows = agents[:, None]
        pairs = self._states[rows, places]
        return Batch(
            places,
            pairs.swapaxes(1, 2).reshape(len(agents), 2 * size, -1),
            self._actions[rows, places].astype(np.intp),
            self._rewards[rows, places],
            weights.astype(np.float32),
        )

    def reprioritise(self, agents: Indices, places: Indices, errors: Floats32) -> None:
        """Set the priorities of sampled experiences from their temporal-difference errors, `(k, batch)`."""
        raised = (np.abs(errors).astype(np.float64) + self._brain.priority_floor) ** self._brain.priority_exponent
        self._priorities[agents[:, None], places] = raised
        self._highest[agents] = np.maximum(self._highest[agents], raised.max(axis=1))
