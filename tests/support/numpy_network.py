"""The network and the optimiser of the floor: NumPy on the stacked parameters of many agents, `(agents, in, out)`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from walkerbench.workloads.walker.arrays import Floats32
from walkerbench.workloads.walker.settings import BrainSettings

Layers = list[tuple[Floats32, Floats32]]
"""Weights `(agents, in, out)` and biases `(agents, 1, out)` of every layer: trunk, heads' hidden, value, advantage."""


@dataclass(frozen=True)
class JointHeadsPlan:
    """Sizes of the layers, and the place of each layer in an agent's flat parameters.

    The hidden layers of both heads are one matrix, the value head's columns first: one product then serves both heads.

    Attributes:
        inputs: Size of an observation.
        hidden: Units of each trunk layer.
        head: Hidden units of each of the two heads.
        actions: Number of actions.
    """

    inputs: int
    hidden: tuple[int, ...]
    head: int
    actions: int

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """`(in, out)` of every layer's weights."""
        trunk = tuple(pairwise((self.inputs, *self.hidden)))
        return (*trunk, (self.hidden[-1], 2 * self.head), (self.head, 1), (self.head, self.actions))

    @cached_property
    def size(self) -> int:
        """Number of parameters of one agent."""
        return sum(rows * columns + columns for rows, columns in self.shapes)

    def layers(self, flat: Floats32) -> Layers:
        """Return views of flat parameters `(agents, size)`, whose rows are contiguous, as layers."""
        found: Layers = []
        start = 0
        for rows, columns in self.shapes:
            weights = flat[:, start : start + rows * columns].reshape(-1, rows, columns)
            start += rows * columns
            found.append((weights, flat[:, None, start : start + columns]))
            start += columns
        return found


class StackedAdam:
    """Adam (Kingma and Ba, 2015, algorithm 1), preceded by a limit on the global gradient norm.

    Both moments are stored without their factor (1 - β), which the step's scale contains instead: this saves two
    passes over the parameters.

    Args:
        brain: Learning rate, decay rates and limit.
        agents: Number of stacked agents.
        size: Parameters of one agent.
    """

    def __init__(self, brain: BrainSettings, agents: int, size: int) -> None:
        self._brain = brain
        self._steps = np.zeros(agents, np.int64)
        self._first = np.zeros((agents, size), np.float32)
        self._second = np.zeros((agents, size), np.float32)

    def step(self, parameters: Floats32, gradient: Floats32, rows: slice) -> None:
        """Move some agents' parameters against their gradient.

        Args:
            parameters: `(all agents, size)`.
            gradient: `(agents of rows, size)`; overwritten.
            rows: Which agents.
        """
        brain = self._brain
        self._steps[rows] += 1
        steps = self._steps[rows, None].astype(np.float64)
        norm = np.sqrt(np.vecdot(gradient, gradient)).astype(np.float64)[:, None]
        clip = np.minimum(1.0, brain.gradient_norm_limit / np.maximum(norm, 1e-12))
        first_share = (1 - brain.adam_beta1) / (1 - brain.adam_beta1**steps)
        second_root = np.sqrt((1 - brain.adam_beta2) / (1 - brain.adam_beta2**steps))

        gradient *= clip.astype(np.float32)
        first, second, target = self._first[rows], self._second[rows], parameters[rows]
        first *= np.float32(brain.adam_beta1)
        first += gradient
        second *= np.float32(brain.adam_beta2)
        np.multiply(gradient, gradient, out=gradient)
        second += gradient
        np.sqrt(second, out=gradient)
        gradient += (brain.adam_epsilon / second_root).astype(np.float32)
        np.divide(first, gradient, out=gradient)
        gradient *= (brain.learning_rate * first_share / second_root).astype(np.float32)
        target -= gradient
