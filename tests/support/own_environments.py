"""Gymnasium environments as a user registers them, good and bad."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete


class Lottery(gymnasium.Env[Any, Any]):
    """Draws everything that it returns, and ends an episode at random."""

    observation_space = Dict({"place": Box(-1.0, 1.0, (2,)), "colour": Discrete(5)})
    action_space = MultiDiscrete([3, 4])

    def __init__(self, reward: float = 1.0) -> None:
        self._reward = reward

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return self._observation(), {}

    def step(self, action: Any) -> Any:
        drawn = self.np_random.random()
        return self._observation(), self._reward * float(drawn) + int(action[0]), drawn < 0.1, drawn > 0.9, {}

    def _observation(self) -> Any:
        return {
            "place": self.np_random.uniform(-1, 1, 2).astype(np.float32),
            "colour": np.int64(self.np_random.integers(5)),
        }


class OneStep(Lottery):
    """Ends every episode after one step."""

    def step(self, action: Any) -> Any:
        observation, reward, *_, info = super().step(action)
        return observation, reward, True, False, info


class Unseeded(Lottery):
    """Has the old gym's reset."""

    def reset(self) -> Any:  # type: ignore[override]
        return self._observation(), {}


class FourValues(Lottery):
    """Has the old gym's step."""

    def step(self, action: Any) -> Any:
        return self._observation(), 1.0, True, {}


class BareReset(Lottery):
    """Has a reset that returns no info, as the old gym's did."""

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return super().reset(seed=seed)[0]


class NeedsPackage(Lottery):
    """Imports a module that does not exist."""

    def __init__(self) -> None:
        import package_that_is_nowhere  # type: ignore[import-not-found]  # noqa: F401


class NeedsExtra(Lottery):
    """Needs a package that one of Gymnasium's extras installs."""

    def __init__(self) -> None:
        raise gymnasium.error.DependencyNotInstalled('No MuJoCo, run `pip install "gymnasium[mujoco]"`')


class NeedsDisplay(Lottery):
    """Opens a window."""

    def __init__(self) -> None:
        raise RuntimeError("No available video device")


class Broken(Lottery):
    """Cannot be built."""

    def __init__(self) -> None:
        raise ArithmeticError("no such size")


class Opaque(Lottery):
    """Has observations that cannot be digested."""

    def _observation(self) -> Any:
        return {"place": object()}


class NoEnvironment:
    """Is not derived from gymnasium.Env."""


ENVIRONMENTS: tuple[Any, ...] = (
    Lottery, OneStep, Unseeded, FourValues, BareReset, NeedsPackage, NeedsExtra, NeedsDisplay, Broken, Opaque,
    NoEnvironment,
)  # fmt: skip

for each in ENVIRONMENTS:
    gymnasium.register(f"{each.__name__}-v2", entry_point=each, disable_env_checker=each in (BareReset, Opaque))


def still(observation: Any, generator: np.random.Generator) -> int:
    """Always choose the same action."""
    return 0


def leaning(observation: Any, generator: np.random.Generator) -> int:
    """Push in the direction in which the pole leans, and sometimes in the other direction."""
    return int((observation[2] > 0) != (generator.random() < 0.1))


def of_one(observation: Any) -> int:
    return 0
