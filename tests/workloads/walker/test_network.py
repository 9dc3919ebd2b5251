"""The network's forward pass, gradient and optimiser, each against an independent computation in float64."""

from __future__ import annotations

import numpy as np
import pytest

from walkerbench.workloads.walker.network import Adam, NetworkPlan, Workspace, backward, forward
from walkerbench.workloads.walker.settings import BrainSettings

PLAN = NetworkPlan(inputs=5, hidden=(7, 6), head=4, actions=3)
LAYERS = ("trunk 1", "trunk 2", "heads", "value", "advantage")


def random_parameters(agents: int, plan: NetworkPlan = PLAN, seed: int = 0) -> np.ndarray:
    flat = np.empty((agents, plan.size), np.float32)
    for agent in range(agents):
        plan.initialise(flat[agent], np.random.default_rng((seed, agent)))
    return flat


def q_values(flat: np.ndarray, inputs: np.ndarray, plan: NetworkPlan = PLAN) -> np.ndarray:
    """Return Q of one agent `(batch, actions)` in float64, by the paper's formula, each head by itself."""
    start, layers = 0, []
    for rows, columns in plan.shapes:
        weights = flat[start : start + rows * columns].reshape(rows, columns)
        start += rows * columns
        layers.append((weights, flat[start : start + columns]))
        start += columns
    *trunk, (heads, heads_bias), value, advantage = layers
    x = inputs
    for weights, bias in trunk:
        x = np.maximum(0, x @ weights + bias)
    h = plan.head
    v = np.maximum(0, x @ heads[:, :h] + heads_bias[:h]) @ value[0] + value[1]
    a = np.maximum(0, x @ heads[:, h:] + heads_bias[h:]) @ advantage[0] + advantage[1]
    q: np.ndarray = v + a - a.mean(axis=1, keepdims=True)
    return q


def test_the_default_network_is_that_of_the_design() -> None:
    plan = NetworkPlan.of(BrainSettings(), inputs=29, actions=15)
    # 29 → 128 → 128 → {64 → 1, 64 → 15}, a bias each.
    by_hand = 29 * 128 + 128 + 128 * 128 + 128 + 2 * (128 * 64 + 64) + 64 + 1 + 64 * 15 + 15
    assert plan.size == by_hand == 37_904
    assert plan.shapes == ((29, 128), (128, 128), (128, 128), (64, 1), (64, 15))


def test_every_parameter_belongs_to_exactly_one_layer() -> None:
    flat = np.zeros((2, PLAN.size), np.float32)
    for weights, bias in PLAN.layers(flat):
        weights += 1
        bias += 1
    assert (flat == 1).all()


def test_parameters_begin_uniform_within_one_over_root_fan_in() -> None:
    flat = random_parameters(1, NetworkPlan.of(BrainSettings(), 29, 15))
    for weights, bias in NetworkPlan.of(BrainSettings(), 29, 15).layers(flat):
        bound = weights.shape[1] ** -0.5
        drawn = np.concatenate([weights.ravel(), bias.ravel()])
        assert np.abs(drawn).max() <= bound
        assert np.abs(drawn).max() > 0.9 * bound
        assert abs(drawn.mean()) < 0.15 * bound


def test_the_dueling_formula_agrees_with_a_computation_by_hand() -> None:
    # One input, one unit per layer, all weights 1: the trunk does not change x = 2. Value 3·2 + 1 = 7; advantages
    # 1·2, -1·2 and 3·2 with a mean of 2, so Q = 7 + (2 - 2, -2 - 2, 6 - 2).
    plan = NetworkPlan(inputs=1, hidden=(1,), head=1, actions=3)
    flat = np.zeros((1, plan.size), np.float32)
    trunk, heads, value, advantage = plan.layers(flat)
    trunk[0][:], heads[0][:] = 1, 1
    value[0][:], value[1][:] = 3, 1
    advantage[0][:] = [1, -1, 3]
    q, _ = forward(plan.layers(flat), np.array([[[2.0], [-2.0]]], np.float32))
    # The first ReLU turns a negative input into 0: only the value's bias is left.
    assert q.tolist() == [[[7, 3, 11], [1, 1, 1]]]


def test_the_forward_pass_agrees_with_each_agent_by_itself() -> None:
    flat = random_parameters(3)
    inputs = np.random.default_rng(1).normal(size=(3, 8, 5)).astype(np.float32)
    q, activations = forward(PLAN.layers(flat), inputs)
    assert q.dtype == np.float32
    assert [each.shape[1:] for each in activations] == [(8, 5), (8, 7), (8, 6), (8, 8)]
    for agent in range(3):
        alone = q_values(flat[agent].astype(np.float64), inputs[agent].astype(np.float64))
        np.testing.assert_allclose(q[agent], alone, rtol=1e-5, atol=1e-6)


def test_gradients_agree_with_central_differences_in_every_layer() -> None:
    agents, batch = 2, 9
    rng = np.random.default_rng(2)
    flat = random_parameters(agents)
    inputs = rng.normal(size=(agents, batch, 5)).astype(np.float32)
    # The loss is a fixed linear function of Q: its derivative by Q is `towards` itself.
    towards = rng.normal(size=(agents, batch, 3)).astype(np.float32)
    _, activations = forward(PLAN.layers(flat), inputs)
    workspace = Workspace(PLAN, agents, batch)
    backward(PLAN.layers(flat), activations, towards.copy(), workspace.gradient_layers, workspace.upstream)

    expected = np.zeros((agents, PLAN.size))
    step = 1e-6
    for agent in range(agents):
        exact, x, weight = flat[agent].astype(np.float64), inputs[agent].astype(np.float64), towards[agent]
        for at in range(PLAN.size):
            up, down = exact.copy(), exact.copy()
            up[at] += step
            down[at] -= step
            expected[agent, at] = ((q_values(up, x) - q_values(down, x)) * weight).sum() / (2 * step)
    found = workspace.gradient
    for name, ours, theirs in zip(LAYERS, PLAN.layers(found), PLAN.layers(expected.astype(np.float32)), strict=True):
        for part, our, their in zip(("weights", "biases"), ours, theirs, strict=True):
            assert np.abs(their).max() > 0.01, "a gradient that is 0 everywhere shows nothing"
            np.testing.assert_allclose(our, their, rtol=1e-4, atol=1e-4, err_msg=f"{name} {part}")


def textbook_adam(gradients: np.ndarray, brain: BrainSettings) -> np.ndarray:
    """Return positions `(steps, size)` from 0, by algorithm 1 of Kingma and Ba after the limit on the norm."""
    theta = m = v = np.zeros(gradients.shape[1])
    seen = []
    for t, gradient in enumerate(gradients, start=1):
        norm = np.linalg.norm(gradient)
        g = gradient * min(1.0, brain.gradient_norm_limit / norm) if norm else gradient
        m = brain.adam_beta1 * m + (1 - brain.adam_beta1) * g
        v = brain.adam_beta2 * v + (1 - brain.adam_beta2) * g * g
        m_hat, v_hat = m / (1 - brain.adam_beta1**t), v / (1 - brain.adam_beta2**t)
        theta = theta - brain.learning_rate * m_hat / (np.sqrt(v_hat) + brain.adam_epsilon)
        seen.append(theta)
    return np.array(seen)


@pytest.mark.parametrize("norm", [0.3, 5.0], ids=["below the limit", "clipped"])
@pytest.mark.parametrize("epsilon", [1e-8, 1e-2])
def test_adam_agrees_with_the_textbook_over_many_steps(norm: float, epsilon: float) -> None:
    brain = BrainSettings(adam_epsilon=epsilon)
    gradients = np.random.default_rng(4).normal(size=(60, 11))
    gradients *= norm * np.linspace(0.5, 1.5, 60)[:, None] / np.linalg.norm(gradients, axis=1, keepdims=True)
    adam, parameters = Adam(brain, 1, 11), np.zeros((1, 11), np.float32)
    for gradient, expected in zip(gradients, textbook_adam(gradients, brain), strict=True):
        adam.step(parameters, gradient.astype(np.float32)[None], slice(0, 1))
        np.testing.assert_allclose(parameters[0], expected, rtol=2e-4, atol=2e-7)
    assert adam.steps.tolist() == [60]


def test_adams_first_step_is_the_learning_rate() -> None:
    # With bias correction the first step is the learning rate times the gradient's sign, for a gradient of any length.
    adam, parameters = Adam(BrainSettings(), 1, 3), np.zeros((1, 3), np.float32)
    adam.step(parameters, np.array([[30.0, -0.4, 0.0]], np.float32), slice(0, 1))
    assert parameters[0] == pytest.approx([-1e-3, 1e-3, 0.0], rel=1e-4)


def test_the_limit_on_the_norm_applies_to_each_agent() -> None:
    # Gradients (3, 4) and (0.3, 0.4): the first, of norm 5, is scaled to (0.6, 0.8). First moments are stored without
    # their factor of 0.1, so after one step they are the scaled gradients.
    adam, parameters = Adam(BrainSettings(), 3, 2), np.zeros((3, 2), np.float32)
    adam.step(parameters, np.array([[3.0, 4.0], [0.3, 0.4]], np.float32), slice(0, 2))
    np.testing.assert_allclose(adam.first, np.array([[0.6, 0.8], [0.3, 0.4], [0, 0]]), rtol=1e-6)


def test_a_step_moves_only_its_agents_and_counts_for_them() -> None:
    brain, gradients = BrainSettings(), np.random.default_rng(5).normal(size=(6, 4)) * 0.1
    adam, parameters = Adam(brain, 3, 4), np.zeros((3, 4), np.float32)
    for number, gradient in enumerate(gradients):
        rows = slice(0, 3, 2) if number % 2 else slice(0, 1)
        adam.step(parameters, np.tile(gradient, (len(range(3)[rows]), 1)).astype(np.float32), rows)
    assert adam.steps.tolist() == [6, 0, 3]
    np.testing.assert_allclose(parameters[0], textbook_adam(gradients, brain)[-1], rtol=1e-4, atol=1e-8)
    assert not parameters[1].any()
    np.testing.assert_allclose(parameters[2], textbook_adam(gradients[1::2], brain)[-1], rtol=1e-4, atol=1e-8)
    adam.reset(0)
    assert adam.steps.tolist() == [0, 0, 3]
    assert not adam.first[0].any()
    assert not adam.second[0].any()
    assert adam.first[2].all()
