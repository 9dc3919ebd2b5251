"""The dueling Q-network of a stack of agents: forward pass, gradient and optimiser, on weights `(agents, in, out)`."""

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
class NetworkPlan:
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

    @classmethod
    def of(cls, brain: BrainSettings, inputs: int, actions: int) -> NetworkPlan:
        """Return the plan of the network that a profile's brain settings describe."""
        return cls(inputs, brain.hidden_units, brain.head_units, actions)

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
        """Return views of flat parameters as layers.

        Args:
            flat: `(agents, size)`, rows contiguous.

        Returns:
            Layers that share their memory.
        """
        found: Layers = []
        start = 0
        for rows, columns in self.shapes:
            weights = flat[:, start : start + rows * columns].reshape(-1, rows, columns)
            start += rows * columns
            found.append((weights, flat[:, None, start : start + columns]))
            start += columns
        return found

    def initialise(self, flat: Floats32, rng: np.random.Generator) -> None:
        """Draw one agent's initial parameters `(size,)`, uniform within ±1/√fan-in, as PyTorch's linear layers do."""
        start = 0
        for rows, columns in self.shapes:
            count = rows * columns + columns
            bound = 1.0 / np.sqrt(rows)
            flat[start : start + count] = rng.uniform(-bound, bound, count)
            start += count


_ZERO = np.float32(0)


def rows_of(layers: Layers, rows: slice) -> Layers:
    """Return the layers of some of the stacked agents, as views."""
    return [(weights[rows], biases[rows]) for weights, biases in layers]


class Workspace:
    """Memory that learning writes to, allocated once: allocating arrays of this size again causes page faults.

    Args:
        plan: Sizes of the network.
        agents: The most agents that learn at once.
        batch: Rows of a batch.

    Attributes:
        gradient: `(agents, size)`.
        gradient_layers: The same memory as layers.
        outputs: `(agents, batch, units)` of every hidden layer.
        upstream: `(agents, batch, units)` of every hidden layer, for derivatives.
    """

    def __init__(self, plan: NetworkPlan, agents: int, batch: int) -> None:
        units = (*plan.hidden, 2 * plan.head)
        # Filled, because the system maps zeroed memory only when it is first written: a later frame would be slow.
        self.gradient = np.full((agents, plan.size), 0, np.float32)
        self.gradient_layers = plan.layers(self.gradient)
        self.outputs = [np.full((agents, batch, width), 0, np.float32) for width in units]
        self.upstream = [np.full((agents, batch, width), 0, np.float32) for width in units]

    @staticmethod
    def bytes_per_agent(plan: NetworkPlan, batch: int) -> int:
        """Return the bytes of memory for one agent that learns."""
        return 4 * (plan.size + 2 * batch * (sum(plan.hidden) + 2 * plan.head))


def forward(layers: Layers, inputs: Floats32, into: list[Floats32] | None = None) -> tuple[Floats32, list[Floats32]]:
    """Return Q-values by Q = V + A - mean A (Wang et al., 2016, equation 9).

    Args:
        layers: The layers of the agents.
        inputs: `(agents, batch, inputs)`.
        into: Memory for the hidden layers' outputs, `(agents, batch, units)` each; None to allocate new memory.

    Returns:
        `(agents, batch, actions)`, and the activations of every layer before the heads' outputs, the input first.
    """
    *hidden, (value_weights, value_bias), (advantage_weights, advantage_bias) = layers
    activations = [inputs]
    for depth, (weights, bias) in enumerate(hidden):
        output = np.matmul(activations[-1], weights, out=into[depth] if into else None)
        output += bias
        np.maximum(output, _ZERO, out=output)
        activations.append(output)
    head = value_weights.shape[1]
    value = np.matmul(activations[-1][..., :head], value_weights)
    value += value_bias
    advantage = np.matmul(activations[-1][..., head:], advantage_weights)
    advantage += advantage_bias
    value -= np.add.reduce(advantage, axis=-1, keepdims=True) / np.float32(advantage.shape[-1])
    advantage += value
    return advantage, activations


def backward(
    layers: Layers, activations: list[Floats32], q_gradient: Floats32, gradient: Layers, into: list[Floats32]
) -> None:
    """Backpropagate a loss's derivative by the Q-values to every parameter.

    Args:
        layers: The parameters that `activations` were computed with.
        activations: As returned by `forward`, `(agents, batch, …)` each.
        q_gradient: `(agents, batch, actions)`.
        gradient: Overwritten with the derivative by each parameter.
        into: Memory for the derivatives by the hidden layers' outputs, `(agents, batch, units)` each.
    """
    *hidden, (value_weights, _), (advantage_weights, _) = layers
    *hidden_gradient, value_gradient, advantage_gradient = gradient
    head = value_weights.shape[1]
    actions = np.float32(q_gradient.shape[-1])
    into_value: Floats32 = np.add.reduce(q_gradient, axis=-1, keepdims=True)
    into_advantage: Floats32 = q_gradient - into_value / actions

    last, upstream = activations[-1], into[-1]
    ones = np.ones((1, q_gradient.shape[1]), np.float32)
    _layer_gradient(last[..., :head], into_value, ones, value_gradient)
    _layer_gradient(last[..., head:], into_advantage, ones, advantage_gradient)
    np.matmul(into_value, value_weights.swapaxes(-1, -2), out=upstream[..., :head])
    np.matmul(into_advantage, advantage_weights.swapaxes(-1, -2), out=upstream[..., head:])
    for depth in range(len(hidden) - 1, -1, -1):
        upstream *= activations[depth + 1] > 0
        _layer_gradient(activations[depth], upstream, ones, hidden_gradient[depth])
        if depth:
            upstream = np.matmul(upstream, hidden[depth][0].swapaxes(-1, -2), out=into[depth - 1])


def _layer_gradient(inputs: Floats32, upstream: Floats32, ones: Floats32, gradient: tuple[Floats32, Floats32]) -> None:
    weights, bias = gradient
    np.matmul(inputs.swapaxes(-1, -2), upstream, out=weights)
    # The sum over the batch is computed as a product, whose bits do not depend on how many agents are stacked.
    np.matmul(ones, upstream, out=bias)


class Adam:
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
        self.steps = np.zeros(agents, np.int64)
        self.first = np.zeros((agents, size), np.float32)
        self.second = np.zeros((agents, size), np.float32)

    def reset(self, row: int) -> None:
        """Set one agent's steps and moments back to 0."""
        self.steps[row] = 0
        self.first[row] = 0
        self.second[row] = 0

    def step(self, parameters: Floats32, gradient: Floats32, rows: slice) -> None:
        """Move some agents' parameters against their gradient.

        Args:
            parameters: `(all agents, size)`.
            gradient: `(agents of rows, size)`; overwritten.
            rows: Which agents.
        """
        brain = self._brain
        self.steps[rows] += 1
        steps = self.steps[rows, None].astype(np.float64)
        norm = np.sqrt(np.vecdot(gradient, gradient)).astype(np.float64)[:, None]
        clip = np.minimum(1.0, brain.gradient_norm_limit / np.maximum(norm, 1e-12))
        first_share = (1 - brain.adam_beta1) / (1 - brain.adam_beta1**steps)
        second_root = np.sqrt((1 - brain.adam_beta2) / (1 - brain.adam_beta2**steps))

        gradient *= clip.astype(np.float32)
        first, second, target = self.first[rows], self.second[rows], parameters[rows]
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
