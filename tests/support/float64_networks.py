"""The dueling Q-network in float64, by the formula of its paper, for comparison with the compiled one."""

from __future__ import annotations

import numpy as np

from walkerbench.workloads.walker.network import NetworkPlan


def layers_of(flat: np.ndarray, plan: NetworkPlan) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return weights `(inputs, outputs)` and biases `(outputs,)` of every layer, as views of `(size,)` parameters."""
    start, layers = 0, []
    for rows, columns in plan.shapes:
        weights = flat[start : start + rows * columns].reshape(rows, columns)
        start += rows * columns
        layers.append((weights, flat[start : start + columns]))
        start += columns
    return layers


def outputs_in_float64(flat: np.ndarray, inputs: np.ndarray, plan: NetworkPlan) -> list[np.ndarray]:
    """Return the outputs of every layer `(batch, outputs)`, hidden ones after their rectifier."""
    exact = [(weights.astype(np.float64), bias.astype(np.float64)) for weights, bias in layers_of(flat, plan)]
    *trunk, value_hidden, value, advantage_hidden, advantage = exact
    x, found = inputs.astype(np.float64), []
    for weights, bias in trunk:
        x = np.maximum(0, x @ weights + bias)
        found.append(x)
    for hidden, last in ((value_hidden, value), (advantage_hidden, advantage)):
        above = np.maximum(0, x @ hidden[0] + hidden[1])
        found += [above, above @ last[0] + last[1]]
    return found


def q_values(flat: np.ndarray, inputs: np.ndarray, plan: NetworkPlan) -> np.ndarray:
    """Return Q `(batch, actions)` by Q = V + A - mean A."""
    *_, value, _, advantage = outputs_in_float64(flat, inputs, plan)
    q: np.ndarray = value + advantage - advantage.mean(axis=1, keepdims=True)
    return q
