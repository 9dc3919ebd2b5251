"""Other packages' vectors of Gymnasium environments, with the workload's environments, seeds and actions."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from gymnasium.vector.utils import concatenate, create_empty_array

from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.workloads.gymnasium_shard import environment_seed, random_actions
from walkerbench.workloads.specs import find_factory

SEED = 1

Frame = Callable[[], object]
"""Runs one frame: an action for every agent, and a step of every environment."""


@dataclass
class Contenders:
    """Ways to step as many environments of one kind, each with environments of its own.

    Args:
        env_id: The environment.
        agents: How many.
    """

    env_id: str
    agents: int
    frames: dict[str, Frame] = field(default_factory=dict)
    _closing: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Contenders:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def add_mode(self, mode: str, workers: int | None = None) -> None:
        """Add the workload in a mode of walkerbench."""
        factory = find_factory(f"gymnasium:{self.env_id}")
        workload = factory(self.agents, SEED, factory.settings_class())
        environment = TrainingEnvironment(mode=mode, num_workers=workers, workload=workload)
        self._closing.callback(environment.stop)
        environment.start()
        self.frames[mode] = environment.step

    def add_vector(self, kind: type[SyncVectorEnv | AsyncVectorEnv]) -> None:
        """Add a vector of Gymnasium's."""
        vector: Any = kind(self._makers())
        self._closing.callback(vector.close)
        vector.reset(seed=[environment_seed(SEED, agent) for agent in range(self.agents)])
        space = vector.single_action_space
        batch: Any = create_empty_array(space, self.agents)
        streams = [random_actions(space, SEED, agent) for agent in range(self.agents)]
        self.frames[kind.__name__] = lambda: vector.step(concatenate(space, [*map(next, streams)], batch))

    def add_subproc_vec_env(self) -> None:
        """Add stable-baselines3's vector of processes.

        It resets within the step that ends an episode, where the others take a frame for that.
        """
        from stable_baselines3.common.vec_env import SubprocVecEnv

        # A forked process has imported what it needs already; then it steps like a process that is started by default.
        vector = SubprocVecEnv(self._makers(), start_method="fork")
        self._closing.callback(vector.close)
        vector.seed(SEED)
        vector.reset()
        streams = [random_actions(vector.action_space, SEED, agent) for agent in range(self.agents)]
        self.frames["SubprocVecEnv"] = lambda: vector.step(np.stack([*map(next, streams)]))

    def measure(self, rounds: int, frames: int) -> dict[str, list[float]]:
        """Return the time of a frame, s, of each way in each round; in turn, every other round in reverse."""
        times: dict[str, list[float]] = {name: [] for name in self.frames}
        for number in range(rounds + 1):
            for name in [*self.frames][:: 1 if number % 2 else -1]:
                begun = time.perf_counter()
                for _ in range(frames):
                    self.frames[name]()
                if number:  # the first round warms up
                    times[name].append((time.perf_counter() - begun) / frames)
        return times

    def _makers(self) -> list[Callable[[], Any]]:
        return [functools.partial(gymnasium.make, self.env_id)] * self.agents
