"""One brain per agent, in arrays over the shard: a brain explores, stores experiences, learns and chooses actions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from walkerbench.workloads.walker.arrays import Floats32, Indices
from walkerbench.workloads.walker.network import Adam, NetworkPlan, Workspace, backward, forward, rows_of
from walkerbench.workloads.walker.replay import Batch, Replay
from walkerbench.workloads.walker.settings import BrainSettings
from walkerbench.workloads.walker.streams import Stream, agent_stream

# Learning may diverge: then values overflow, and the recorded figures are not available.
_OVERFLOW_IGNORED = np.errstate(over="ignore", invalid="ignore")
_EXPLORATIONS_DRAWN = 64  # ahead: one call of a generator then serves so many AI updates


def bytes_per_brain(plan: NetworkPlan, brain: BrainSettings) -> int:
    """Return the bytes of a brain and its replay: parameters, target, two moments, two observations per experience."""
    experience = 2 * plan.inputs * 4 + 1 + 4 + 8
    return 4 * plan.size * 4 + brain.replay_capacity * experience


class Brains:
    """Dueling double deep Q-networks with prioritised replay (van Hasselt et al., 2016; Wang et al., 2016).

    Args:
        brain: Settings of the brains.
        plan: Sizes of the network.
        seed: The run's seed.
        first_agent: Number of the agent in row 0.
        agents: How many.
        most_learners: The most agents that learn at once.

    Attributes:
        parameters: `(agents, size)` float32.
        epsilon: `(agents,)` share of random actions.
        loss: `(agents,)` of the last learning step, 0 before it.
        learning_steps: `(agents,)` so far in this life.
    """

    def __init__(
        self, brain: BrainSettings, plan: NetworkPlan, seed: int, first_agent: int, agents: int, most_learners: int
    ) -> None:
        self._brain = brain
        self._plan = plan
        self._seed = seed
        self._first_agent = first_agent
        self.parameters = np.zeros((agents, plan.size), np.float32)
        self._target = np.zeros((agents, plan.size), np.float32)
        self._layers = plan.layers(self.parameters)
        self._target_layers = plan.layers(self._target)
        self._adam = Adam(brain, agents, plan.size)
        self._replay = Replay(brain, agents, plan.inputs)
        self._workspace = Workspace(plan, most_learners, 2 * brain.batch_size)
        self.epsilon = np.full(agents, brain.epsilon_start)
        self.loss = np.zeros(agents)
        self._exploration = np.zeros((agents, _EXPLORATIONS_DRAWN, 2))
        self._drawn = np.zeros(agents, np.intp)
        self._explorers: list[np.random.Generator] = [np.random.default_rng(0)] * agents
        self._samplers: list[np.random.Generator] = [np.random.default_rng(0)] * agents

    @property
    def learning_steps(self) -> NDArray[np.int64]:
        """How often each agent has learned in this life."""
        return self._adam.steps

    def begin_life(self, row: int, life: int) -> None:
        """Give one agent a fresh brain."""
        agent = self._first_agent + row
        self._plan.initialise(self.parameters[row], agent_stream(self._seed, agent, life, Stream.BRAIN))
        self._target[row] = self.parameters[row]
        self._adam.reset(row)
        self._replay.reset(row)
        self.epsilon[row] = self._brain.epsilon_start
        self.loss[row] = 0.0
        self._explorers[row] = agent_stream(self._seed, agent, life, Stream.EXPLORATION)
        self._samplers[row] = agent_stream(self._seed, agent, life, Stream.REPLAY)
        self._drawn[row] = _EXPLORATIONS_DRAWN

    def remember(
        self, agents: Indices, states: Floats32, actions: Indices, rewards: Floats32, following: Floats32
    ) -> None:
        """Store one experience of each of some agents; see `Replay.store`."""
        self._replay.store(agents, states, actions, rewards, following)

    def ready(self, agents: Indices) -> NDArray[np.bool_]:
        """Return which of some agents have enough experiences to learn."""
        if not self._brain.learning:
            return np.zeros(len(agents), np.bool_)
        ready: NDArray[np.bool_] = self._replay.stored[agents] >= self._brain.learn_from_experiences
        return ready

    @_OVERFLOW_IGNORED
    def learn(self, rows: slice) -> int:
        """Do one learning step of each agent of `rows`, at most `most_learners` agents.

        Returns:
            How many of these agents then copied their network to their target network.
        """
        agents = np.arange(len(self.epsilon))[rows]
        batch = self._replay.sample(agents, self._samplers)
        errors = self._loss_gradient(rows, batch)
        self._adam.step(self.parameters, self._workspace.gradient[: len(agents)], rows)
        self._replay.reprioritise(agents, batch.places, errors)
        self.loss[rows] = np.add.reduce(batch.weights * errors * errors, axis=-1) / errors.shape[-1]
        self.epsilon[rows] = np.maximum(self._brain.epsilon_end, self.epsilon[rows] * self._brain.epsilon_decay)
        copying = agents[self._adam.steps[rows] % self._brain.target_copy_steps == 0]
        if len(copying):
            self._target[copying] = self.parameters[copying]
        return len(copying)

    @_OVERFLOW_IGNORED
    def choose(self, rows: slice, observations: Floats32, awake: NDArray[np.bool_]) -> Indices:
        """Choose actions, ε-greedily.

        Args:
            rows: The agents.
            observations: `(agents of rows, observation)`.
            awake: Which of them choose; the others draw no random numbers, and their result has no meaning.

        Returns:
            `(agents of rows,)` numbers of actions.
        """
        values, _ = forward(rows_of(self._layers, rows), observations[:, None, :])
        greedy = values[:, 0].argmax(axis=-1)
        agents = np.arange(len(self.epsilon))[rows]
        draws = self._draw(agents[awake])
        choice: Indices = greedy.copy()
        choice[awake] = np.where(
            draws[:, 0] < self.epsilon[agents[awake]], (draws[:, 1] * self._plan.actions).astype(np.intp), greedy[awake]
        )
        return choice

    def _draw(self, agents: Indices) -> NDArray[np.float64]:
        """Return two uniform numbers of each agent's own stream, `(agents, 2)`."""
        for agent in agents[self._drawn[agents] == _EXPLORATIONS_DRAWN]:
            self._exploration[agent] = self._explorers[agent].random((_EXPLORATIONS_DRAWN, 2))
            self._drawn[agent] = 0
        draws = self._exploration[agents, self._drawn[agents]]
        self._drawn[agents] += 1
        return draws

    def _loss_gradient(self, rows: slice, batch: Batch) -> Floats32:
        """Return double-Q errors `(agents, batch)`; the workspace gets the gradient of their squares' weighted mean."""
        agents, size = batch.actions.shape
        layers = rows_of(self._layers, rows)
        outputs = [each[:agents] for each in self._workspace.outputs]
        halves = [each[:agents, size:] for each in self._workspace.upstream]
        # Both states in one pass through the online network: the same products in fewer, larger calls.
        values, activations = forward(layers, batch.states, outputs)
        following, _ = forward(rows_of(self._target_layers, rows), batch.states[:, size:], halves)
        agent, place = np.arange(agents)[:, None], np.arange(size)
        future = following[agent, place, values[:, size:].argmax(axis=-1)]
        errors: Floats32 = values[agent, place, batch.actions]
        errors -= batch.rewards
        errors -= np.float32(self._brain.discount) * future
        q_gradient = np.zeros((agents, size, self._plan.actions), np.float32)
        q_gradient[agent, place, batch.actions] = errors * batch.weights * np.float32(2.0 / size)
        seen = [each[:, :size] for each in activations]
        backward(layers, seen, q_gradient, rows_of(self._workspace.gradient_layers, slice(agents)), halves)
        return errors
