"""Steps the environments of a shard in a plain loop, each with random streams of its own.

Observations and rewards are those that `gymnasium.vector.SyncVectorEnv` gives for the same seeds and actions: the frame
after the last frame of an episode resets the environment, ignores the action and has the reward 0.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.workloads.contract import FrameBuffers
from walkerbench.workloads.value_digests import digest_value

PHASES = ("policy", "step")
COUNTERS = ("terminated", "truncated")
DIGEST_FIELDS = ("observation", "reward", *COUNTERS)

Policy = Callable[[Any, np.random.Generator], Any]
"""Returns an agent's action for its observation; draws random numbers from the agent's own generator."""

_DRAWN_AT_ONCE = 64  # random actions: drawing one at a time would take longer than the step of many environments
_SEED_BITS = 31  # simulators take seeds of at most this size


class _Stream(IntEnum):
    """What an agent's random stream is for."""

    ENVIRONMENT = 0
    POLICY = 1


def environment_seed(seed: int, agent: int) -> int:
    """Return the seed of an agent's first reset: 31 bits of the agent's own stream, the same in every shard."""
    words = _sequence(seed, agent, _Stream.ENVIRONMENT).generate_state(1, np.uint32)
    return int(words[0]) >> (32 - _SEED_BITS)


def policy_generator(seed: int, agent: int) -> np.random.Generator:
    """Return the generator that an agent's policy draws from."""
    return np.random.default_rng(_sequence(seed, agent, _Stream.POLICY))


def random_actions(space: Any, seed: int, agent: int) -> Iterator[Any]:
    """Yield actions of an agent's random policy without end, each equally likely where the space is bounded.

    Args:
        space: A Gymnasium space; not changed.
        seed: The run's seed.
        agent: The agent's number.
    """
    generator = policy_generator(seed, agent)
    draw = _block_sampler(space, generator)
    if draw is None:
        own = copy.deepcopy(space)  # environments may share one
        own.seed(int(generator.integers(2**_SEED_BITS)))
        while True:
            yield own.sample()
    # Blocks of different agents end in different frames, so that no frame draws for all of them.
    yield from draw(agent % _DRAWN_AT_ONCE + 1)
    while True:
        yield from draw(_DRAWN_AT_ONCE)


def _block_sampler(space: Any, generator: np.random.Generator) -> Callable[[int], Any] | None:
    """Return a function that draws so many actions of a space at once; None where only the space can draw them."""
    if type(space).__name__ == "Discrete":
        first, last = int(space.start), int(space.start) + int(space.n) - 1
        return lambda count: generator.integers(first, last, count, dtype=space.dtype, endpoint=True)
    if type(space).__name__ == "Box" and np.issubdtype(space.dtype, np.floating):
        low, high = space.low.astype(np.float64), space.high.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            bounded = bool(np.all(np.isfinite(high - low)))
        if bounded:
            return lambda count: generator.uniform(low, high, (count, *space.shape)).astype(space.dtype)
    return None


class GymnasiumShard:
    """Steps the environments of some agents.

    Args:
        environments: As `gymnasium.make` returns them, one per agent; the constructor resets them.
        agents: The agents' numbers.
        seed: The run's seed.
        policy: Chooses actions; None for random ones.
        buffers: The arrays that cross shards.
        worker: The shard's row of counters.

    Attributes:
        observations: The last observation of each agent.
        actions: The last action of each agent.
        rewards: The reward of each agent in the last frame.
        terminated: Whether the last frame ended the episode, for each agent.
        truncated: Whether the last frame cut the episode off, for each agent.
    """

    def __init__(
        self,
        environments: Sequence[Any],
        agents: range,
        seed: int,
        policy: Policy | None,
        buffers: FrameBuffers,
        worker: int,
    ) -> None:
        self._agents = agents
        self._steps = [each.step for each in environments]
        self._resets = [each.reset for each in environments]
        self.observations = [
            each.reset(seed=environment_seed(seed, agent))[0] for agent, each in zip(agents, environments, strict=True)
        ]
        self.actions: list[Any] = [None] * len(agents)
        self.rewards = [0.0] * len(agents)
        self.terminated = [False] * len(agents)
        self.truncated = [False] * len(agents)
        self._over = [False] * len(agents)
        self._total_rewards = [0.0] * len(agents)
        self._endings = np.zeros((len(agents), len(COUNTERS)), np.int64)
        self._counters: NDArray[np.int64] = buffers.counters[worker]
        self._digests = buffers.digests
        self._policy = policy
        self._generators = [policy_generator(seed, agent) for agent in agents] if policy is not None else []
        self._random = [
            random_actions(each.action_space, seed, agent) for agent, each in zip(agents, environments, strict=True)
        ]

    def phases(self) -> Mapping[str, Callable[[int], None]]:
        """Return the two phases: the policy chooses actions, then the environments are stepped."""
        return {PHASES[0]: self._draw_actions if self._policy is None else self._choose_actions, PHASES[1]: self._step}

    def _draw_actions(self, frame: int) -> None:
        self.actions = [next(stream) for stream in self._random]

    def _choose_actions(self, frame: int) -> None:
        policy = self._policy
        assert policy is not None  # noqa: S101  `phases` implies it
        pairs = zip(self.observations, self._generators, strict=True)
        self.actions = [policy(observation, generator) for observation, generator in pairs]

    def _step(self, frame: int) -> None:
        observations, rewards, over, totals = self.observations, self.rewards, self._over, self._total_rewards
        actions, resets, ended, cut_off = self.actions, self._resets, self.terminated, self.truncated
        for place, step in enumerate(self._steps):
            if over[place]:
                observations[place] = resets[place]()[0]
                rewards[place], ended[place], cut_off[place], over[place] = 0.0, False, False, False
                continue
            observations[place], reward, terminated, truncated, _ = step(actions[place])
            rewards[place] = reward = float(reward)
            totals[place] += reward
            if terminated or truncated:
                over[place] = True
                self._end(place, bool(terminated), bool(truncated))

    def _end(self, place: int, terminated: bool, truncated: bool) -> None:
        """Record how an episode has ended."""
        self.terminated[place], self.truncated[place] = terminated, truncated
        self._endings[place] += (terminated, truncated)
        self._counters += (terminated, truncated)

    def digest(self) -> None:
        """Digest each agent's last observation, the sum of its rewards, and how many episodes ended in which way."""
        if not self._digests.shape[1]:
            return
        for place, agent in enumerate(self._agents):
            ends = self._endings[place].tolist()
            values = (digestible(self.observations[place]), self._total_rewards[place], *ends)
            self._digests[agent] = [digest_value(value) for value in values]

    def snapshot(self) -> None:
        """Do nothing: there is nothing to draw."""


def digestible(observation: Any) -> Any:
    """Return an observation, converted to a NumPy array where it is of another type that allows this."""
    if hasattr(observation, "__array__") and not isinstance(observation, (np.ndarray, np.generic)):
        return np.asarray(observation)
    return observation


def _sequence(seed: int, agent: int, stream: _Stream) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=(agent, int(stream)))
