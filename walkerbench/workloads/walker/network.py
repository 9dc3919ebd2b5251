"""The sizes of the dueling Q-network, and where each layer lies in an agent's flat parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np

from walkerbench.workloads.walker.arrays import Floats32, Int64s
from walkerbench.workloads.walker.settings import BrainSettings


@dataclass(frozen=True)
class NetworkPlan:
    """Sizes of the layers.

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

    @classmethod
    def of(cls, brain: BrainSettings, inputs: int, actions: int) -> NetworkPlan:
        """Return the plan of the network that a profile's brain settings describe."""
        return cls(inputs, brain.hidden_units, brain.head_units, actions)

    @cached_property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """`(inputs, outputs)` of every layer: the trunk, then the four layers of the heads (see `kernels.network`)."""
        trunk = tuple(pairwise((self.inputs, *self.hidden)))
        last = self.hidden[-1]
        return (*trunk, (last, self.head), (self.head, 1), (last, self.head), (self.head, self.actions))

    @cached_property
    def size(self) -> int:
        """Number of parameters of one agent."""
        return sum(rows * columns + columns for rows, columns in self.shapes)

    @cached_property
    def outputs(self) -> int:
        """Number of outputs of all layers."""
        return sum(columns for _, columns in self.shapes)

    @cached_property
    def table(self) -> Int64s:
        """`(layers, 4)`: inputs, outputs, where its parameters begin, and the outputs of all layers before."""
        sizes = [rows * columns + columns for rows, columns in self.shapes]
        widths = [columns for _, columns in self.shapes]
        begins, before = accumulate(sizes[:-1], initial=0), accumulate(widths[:-1], initial=0)
        layers = zip(self.shapes, begins, before, strict=True)
        return np.array([(*shape, start, outputs) for shape, start, outputs in layers], np.int64)

    def initialise(self, flat: Floats32, rng: np.random.Generator) -> None:
        """Draw one agent's initial parameters `(size,)`, uniform within ±1/√fan-in, as PyTorch's linear layers do."""
        start = 0
        for rows, columns in self.shapes:
            count = rows * columns + columns
            bound = 1.0 / np.sqrt(rows)
            flat[start : start + count] = rng.uniform(-bound, bound, count)
            start += count
