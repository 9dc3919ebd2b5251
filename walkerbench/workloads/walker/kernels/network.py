"""The dueling Q-network of one agent: forward pass, gradient and optimiser, on its flat parameters.

A network is described by a table with one row per layer: inputs, outputs, where its parameters begin, and the number of
outputs of all layers before it. The last four layers are the value's hidden layer, the value, the advantages' hidden
layer and the advantages. Outputs of all layers lie in one flat memory; see `outputs_of`.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  Numba's `np.dot` loads it at the first product, which is within a frame

from walkerbench.workloads.walker.arrays import Floats32, Int64s, Records
from walkerbench.workloads.walker.kernels.compiling import inner

HEAD_LAYERS = 4
"""The layers above the trunk, in this order: value's hidden layer, value, advantages' hidden layer, advantages."""


@inner
def weights_of(layer: Int64s, flat: Floats32) -> Floats32:
    """Return a layer's weights `(inputs, outputs)` as a view of flat parameters."""
    rows, columns, start = layer[0], layer[1], layer[2]
    return flat[start : start + rows * columns].reshape(rows, columns)


@inner
def biases_of(layer: Int64s, flat: Floats32) -> Floats32:
    """Return a layer's biases `(outputs,)` as a view of flat parameters."""
    rows, columns, start = layer[0], layer[1], layer[2]
    return flat[start + rows * columns : start + rows * columns + columns]


@inner
def outputs_of(layer: Int64s, memory: Floats32, batch: int) -> Floats32:
    """Return a layer's outputs `(batch, outputs)` as a view of the memory for a batch of this size."""
    columns, before = layer[1], layer[3]
    return memory[before * batch : (before + columns) * batch].reshape(batch, columns)


@inner
def _dense(layer: Int64s, flat: Floats32, inputs: Floats32, outputs: Floats32) -> None:
    np.dot(inputs, weights_of(layer, flat), outputs)
    biases = biases_of(layer, flat)
    for row in range(len(outputs)):
        for column in range(len(biases)):
            outputs[row, column] += biases[column]


@inner
def _rectified(layer: Int64s, flat: Floats32, inputs: Floats32, outputs: Floats32) -> None:
    np.dot(inputs, weights_of(layer, flat), outputs)
    biases = biases_of(layer, flat)
    zero = np.float32(0)
    for row in range(len(outputs)):
        for column in range(len(biases)):
            outputs[row, column] = max(outputs[row, column] + biases[column], zero)


@inner
def forward(plan: Int64s, flat: Floats32, inputs: Floats32, memory: Floats32, values: Floats32) -> None:
    """Compute Q-values by Q = V + A - mean A (Wang et al., 2016, equation 9).

    Args:
        plan: The network's table.
        flat: `(size,)` parameters.
        inputs: `(batch, inputs)`.
        memory: Gets the outputs of all layers, for a batch of this size.
        values: `(batch, actions)`, overwritten.
    """
    batch, trunk = len(inputs), len(plan) - HEAD_LAYERS
    below = inputs
    for depth in range(trunk):
        above = outputs_of(plan[depth], memory, batch)
        _rectified(plan[depth], flat, below, above)
        below = above
    for head in (trunk, trunk + 2):
        hidden = outputs_of(plan[head], memory, batch)
        _rectified(plan[head], flat, below, hidden)
        _dense(plan[head + 1], flat, hidden, outputs_of(plan[head + 1], memory, batch))
    value = outputs_of(plan[trunk + 1], memory, batch)
    advantage = outputs_of(plan[trunk + 3], memory, batch)
    actions = advantage.shape[1]
    for row in range(batch):
        total = np.float32(0)
        for action in range(actions):
            total += advantage[row, action]
        base = value[row, 0] - total / np.float32(actions)
        for action in range(actions):
            values[row, action] = advantage[row, action] + base


@inner
def _layer_gradient(
    layer: Int64s, inputs: Floats32, slope: Floats32, flat: Floats32, gradient: Floats32, into: Floats32
) -> None:
    """Write a layer's gradient, and the derivative by its inputs, from the derivative by its outputs."""
    np.dot(inputs.T, slope, weights_of(layer, gradient))
    biases = biases_of(layer, gradient)
    biases[:] = 0
    for row in range(len(slope)):
        for column in range(len(biases)):
            biases[column] += slope[row, column]
    if into.size:
        np.dot(slope, weights_of(layer, flat).T, into)


@inner
def _through_rectifier(outputs: Floats32, slope: Floats32) -> None:
    zero = np.float32(0)
    for row in range(len(slope)):
        for column in range(slope.shape[1]):
            slope[row, column] = slope[row, column] if outputs[row, column] > zero else zero


@inner
def backward(
    plan: Int64s,
    flat: Floats32,
    inputs: Floats32,
    memory: Floats32,
    rows: int,
    q_slope: Floats32,
    slopes: Floats32,
    gradient: Floats32,
) -> None:
    """Backpropagate a loss's derivative by the Q-values to every parameter.

    Args:
        plan: The network's table.
        flat: `(size,)` parameters that `memory` was computed with.
        inputs: `(batch, inputs)`.
        memory: The outputs of all layers as written by `forward`, for a batch of `rows`, of which the first are used.
        rows: See `memory`.
        q_slope: `(batch, actions)`.
        slopes: Memory for the derivatives by the outputs of all layers, and once more for those of the trunk's last.
        gradient: `(size,)`, overwritten.
    """
    batch, actions = q_slope.shape
    trunk = len(plan) - HEAD_LAYERS
    into_value = outputs_of(plan[trunk + 1], slopes, batch)
    into_advantage = outputs_of(plan[trunk + 3], slopes, batch)
    for row in range(batch):
        total = np.float32(0)
        for action in range(actions):
            total += q_slope[row, action]
        into_value[row, 0] = total
        for action in range(actions):
            into_advantage[row, action] = q_slope[row, action] - total / np.float32(actions)
    last = outputs_of(plan[trunk - 1], memory, rows)[:batch]
    into_last = outputs_of(plan[trunk - 1], slopes, batch)
    end = (plan[trunk + 3, 3] + actions) * batch
    other = slopes[end : end + into_last.size].reshape(into_last.shape)
    for head, into in ((trunk, into_last), (trunk + 2, other)):
        hidden = outputs_of(plan[head], memory, rows)[:batch]
        slope = outputs_of(plan[head], slopes, batch)
        _layer_gradient(plan[head + 1], hidden, outputs_of(plan[head + 1], slopes, batch), flat, gradient, slope)
        _through_rectifier(hidden, slope)
        _layer_gradient(plan[head], last, slope, flat, gradient, into)
    for row in range(batch):
        for column in range(into_last.shape[1]):
            into_last[row, column] += other[row, column]
    for depth in range(trunk - 1, -1, -1):
        slope = outputs_of(plan[depth], slopes, batch)
        _through_rectifier(outputs_of(plan[depth], memory, rows)[:batch], slope)
        if depth:
            below = outputs_of(plan[depth - 1], memory, rows)[:batch]
            _layer_gradient(plan[depth], below, slope, flat, gradient, outputs_of(plan[depth - 1], slopes, batch))
        else:
            _layer_gradient(plan[depth], inputs, slope, flat, gradient, slope[:0])


@inner
def adam(
    settings: Records, step: int, parameters: Floats32, gradient: Floats32, first: Floats32, second: Floats32
) -> None:
    """Move parameters against their gradient by Adam (Kingma and Ba, 2015, algorithm 1).

    A limit on the gradient's norm comes first. Both moments are stored without their factor (1 - β), which the step's
    scale contains instead.

    Args:
        settings: Learning rate, decay rates and limit.
        step: Number of this step, from 1.
        parameters: `(size,)`, changed.
        gradient: `(size,)`.
        first: `(size,)` first moments, changed.
        second: `(size,)` second moments, changed.
    """
    norm = np.sqrt(np.float64(np.dot(gradient, gradient)))
    clip = np.float32(min(1.0, settings.gradient_norm_limit / max(norm, 1e-12)))
    first_share = (1 - settings.adam_beta1) / (1 - settings.adam_beta1**step)
    second_root = np.sqrt((1 - settings.adam_beta2) / (1 - settings.adam_beta2**step))
    beta1, beta2 = np.float32(settings.adam_beta1), np.float32(settings.adam_beta2)
    guard = np.float32(settings.adam_epsilon / second_root)
    scale = np.float32(settings.learning_rate * first_share / second_root)
    for place in range(len(parameters)):
        slope = gradient[place] * clip
        first[place] = first[place] * beta1 + slope
        second[place] = second[place] * beta2 + slope * slope
        parameters[place] -= first[place] / (np.sqrt(second[place]) + guard) * scale
