"""Gymnasium's environments as a workload: each agent is an environment with random streams of its own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from walkerbench.errors import UsageError
from walkerbench.workloads.agent_class import NothingToSettle
from walkerbench.workloads.contract import Field, FrameBuffers, Workload
from walkerbench.workloads.gymnasium_checks import (
    FAMILY,
    EnvironmentFacts,
    environment_facts,
    make_environment,
)
from walkerbench.workloads.gymnasium_shard import COUNTERS, DIGEST_FIELDS, PHASES, GymnasiumShard, Policy
from walkerbench.workloads.main_phase import MainPhase
from walkerbench.workloads.user_code import import_user_object


def make_factory(rest: str, arguments: Mapping[str, Any]) -> GymnasiumFactory:
    """Return the factory of the workload `gymnasium:ENV_ID` or `gymnasium:MODULE:ENV_ID`.

    Args:
        rest: What follows the family's colon; a module registers its environments when it is imported.
        arguments: Keyword arguments of `gymnasium.make`.

    Raises:
        UsageError: There is no such environment, or it cannot be built, reset with a seed and stepped.
    """
    return GymnasiumFactory(rest, dict(arguments), environment_facts(rest, arguments))


@dataclass(frozen=True)
class GymnasiumSettings:
    """The settings of a workload of Gymnasium environments.

    Attributes:
        policy: `MODULE:CALLABLE`. The callable is called for each agent in each frame with the agent's observation and
            its own random generator, and returns an action. None for random actions.
    """

    policy: str | None = None


@dataclass(frozen=True)
class GymnasiumFactory:
    """Makes the workload of an environment.

    Attributes:
        rest: `ENV_ID` or `MODULE:ENV_ID`.
        arguments: Keyword arguments of `gymnasium.make`.
        facts: Facts of the environments.
    """

    rest: str
    arguments: Mapping[str, Any]
    facts: EnvironmentFacts
    settings_class = GymnasiumSettings

    def __call__(self, num_agents: int, seed: int, settings: GymnasiumSettings) -> GymnasiumWorkload:
        """Make the workload; builds no environment.

        Raises:
            UsageError: There is no such policy.
        """
        if settings.policy is not None:
            import_policy(settings.policy)
        return GymnasiumWorkload(self.rest, self.arguments, self.facts, num_agents, seed, settings)


class GymnasiumWorkload(Workload):
    """Environments of one kind.

    A digest covers each agent's last observation, the sum of its rewards, and how many of its episodes were terminated
    and truncated. Nothing is digested where observations are of a type that cannot be digested.

    Args:
        rest: `ENV_ID` or `MODULE:ENV_ID`.
        arguments: Keyword arguments of `gymnasium.make`.
        facts: Facts of the environments.
        num_agents: How many environments.
        seed: Root of their random streams.
        settings: The policy.
    """

    phases = PHASES
    main_phase = MainPhase("step", "step")
    settings_class = GymnasiumSettings
    counters = COUNTERS
    frame_counters = COUNTERS

    def __init__(
        self,
        rest: str,
        arguments: Mapping[str, Any],
        facts: EnvironmentFacts,
        num_agents: int,
        seed: int,
        settings: GymnasiumSettings,
    ) -> None:
        self.name = f"{FAMILY}:{rest}"
        self.num_agents = num_agents
        self.digest_fields = DIGEST_FIELDS if facts.digestible else ()
        self._rest = rest
        self._arguments = arguments
        self._facts = facts
        self._seed = seed
        self._settings = settings

    def fields(self) -> tuple[Field, ...]:
        """Return no arrays: environments share nothing."""
        return ()

    def make_settler(self, buffers: FrameBuffers) -> NothingToSettle:
        """Return a settler that does nothing."""
        return NothingToSettle()

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> GymnasiumShard:
        """Build and reset the environments of agents `lo:hi`."""
        environments = [make_environment(self._rest, self._arguments) for _ in range(lo, hi)]
        policy = None if self._settings.policy is None else import_policy(self._settings.policy)
        return GymnasiumShard(environments, range(lo, hi), self._seed, policy, buffers, worker)

    def frames_per_second(self) -> float:
        """Return the frames in a second of simulated time, as the environment's metadata says."""
        return self._facts.frames_per_second or super().frames_per_second()

    def code_modules(self) -> tuple[str, ...]:
        """Return Gymnasium, the module of the policy, and the module of the environment's class."""
        policy = self._settings.policy
        return (FAMILY, *([] if policy is None else [policy.partition(":")[0]]), self._facts.module)


def import_policy(policy: str) -> Policy:
    """Return the callable that a setting `policy` names.

    Raises:
        UsageError: There is no such callable, or it does not take an observation and a generator.
    """
    module, _, name = policy.partition(":")
    what = f"policy {policy!r}"
    found: Policy = import_user_object(module, name, what)
    if not callable(found):
        raise UsageError(f"{what}: it is a {type(found).__name__}, which cannot be called")
    try:
        inspect.signature(found).bind(None, None)
    except TypeError:
        raise UsageError(f"{what}: it must take two arguments, the observation and a numpy Generator") from None
    except ValueError:
        pass  # written in C, without a signature: a wrong call raises
    return found
