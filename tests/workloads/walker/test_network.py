"""The network's forward pass, gradient and optimiser, each against an independent computation in float64."""

from __future__ import annotations

import numpy as np
import pytest
from compiled import from_python
from float64_networks import layers_of, outputs_in_float64, q_values

from walkerbench.workloads.walker.kernels import network as kernels
from walkerbench.workloads.walker.kernels.records import settings_record
from walkerbench.workloads.walker.network import NetworkPlan
from walkerbench.workloads.walker.settings import BrainSettings

PLAN = NetworkPlan(inputs=5, hidden=(7, 6), head=4, actions=3)
ONE_TRUNK_LAYER = NetworkPlan(inputs=5, hidden=(7,), head=4, actions=3)
HEADS = ("value's hidden", "value", "advantages' hidden", "advantages")


def random_parameters(plan: NetworkPlan = PLAN, seed: int = 0) -> np.ndarray:
    flat = np.empty(plan.size, np.float32)
    plan.initialise(flat, np.random.default_rng(seed))
    return flat


def forward(flat: np.ndarray, inputs: np.ndarray, plan: NetworkPlan = PLAN) -> tuple[np.ndarray, np.ndarray]:
    """Return Q-values `(batch, actions)`, and the memory with the outputs of all layers; both begin as NaN."""
    values = np.full((len(inputs), plan.actions), np.nan, np.float32)
    memory = np.full(len(inputs) * plan.outputs, np.nan, np.float32)
    from_python(kernels.forward)(plan.table, flat, inputs, memory, values)
    return values, memory


def test_the_default_network_is_that_of_the_design() -> None:
    plan = NetworkPlan.of(BrainSettings(), inputs=29, actions=15)
    # 29 → 128 → 128 → {64 → 1, 64 → 15}, a bias each.
    by_hand = 29 * 128 + 128 + 128 * 128 + 128 + 2 * (128 * 64 + 64) + 64 + 1 + 64 * 15 + 15
    assert plan.size == by_hand == 37_904
    assert plan.shapes == ((29, 128), (128, 128), (128, 64), (64, 1), (128, 64), (64, 15))
    assert plan.outputs == 128 + 128 + 64 + 1 + 64 + 15


def test_every_parameter_belongs_to_exactly_one_layer() -> None:
    flat = np.zeros(PLAN.size, np.float32)
    for layer, (rows, columns) in zip(PLAN.table, PLAN.shapes, strict=True):
        weights, biases = from_python(kernels.weights_of)(layer, flat), from_python(kernels.biases_of)(layer, flat)
        assert (weights.shape, biases.shape) == ((rows, columns), (columns,))
        weights += 1
        biases += 1
    assert (flat == 1).all()


def test_every_place_of_the_memory_belongs_to_exactly_one_layer() -> None:
    memory = np.zeros(9 * PLAN.outputs, np.float32)
    for layer, (_, columns) in zip(PLAN.table, PLAN.shapes, strict=True):
        outputs = from_python(kernels.outputs_of)(layer, memory, 9)
        assert outputs.shape == (9, columns)
        outputs += 1
    assert (memory == 1).all()


def test_parameters_begin_uniform_within_one_over_root_fan_in() -> None:
    plan = NetworkPlan.of(BrainSettings(), 29, 15)
    for weights, bias in layers_of(random_parameters(plan), plan):
        bound = weights.shape[0] ** -0.5
        drawn = np.concatenate([weights.ravel(), bias.ravel()])
        assert np.abs(drawn).max() <= bound
        assert np.abs(drawn).max() > 0.9 * bound
        assert abs(drawn.mean()) < 0.15 * bound


def test_the_dueling_formula_agrees_with_a_computation_by_hand() -> None:
    # One input, one unit per layer, all weights 1: the trunk does not change x = 2. Value 3·2 + 1 = 7; advantages
    # 1·2, -1·2 and 3·2 with a mean of 2, so Q = 7 + (2 - 2, -2 - 2, 6 - 2).
    plan = NetworkPlan(inputs=1, hidden=(1,), head=1, actions=3)
    flat = np.zeros(plan.size, np.float32)
    trunk, value_hidden, value, advantage_hidden, advantage = layers_of(flat, plan)
    trunk[0][:], value_hidden[0][:], advantage_hidden[0][:] = 1, 1, 1
    value[0][:], value[1][:] = 3, 1
    advantage[0][:] = [1, -1, 3]
    q, _ = forward(flat, np.array([[2.0], [-2.0]], np.float32), plan)
    # The first ReLU turns a negative input into 0: only the value's bias is left.
    assert q.tolist() == [[7, 3, 11], [1, 1, 1]]


@pytest.mark.parametrize("plan", [PLAN, ONE_TRUNK_LAYER], ids=["two layers", "one layer"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_forward_pass_agrees_with_float64_in_every_layer(plan: NetworkPlan, seed: int) -> None:
    flat = random_parameters(plan, seed)
    inputs = np.random.default_rng(seed + 10).normal(size=(8, 5)).astype(np.float32)
    q, memory = forward(flat, inputs, plan)
    np.testing.assert_allclose(q, q_values(flat, inputs, plan), rtol=1e-5, atol=1e-6)
    for layer, expected in zip(plan.table, outputs_in_float64(flat, inputs, plan), strict=True):
        found = from_python(kernels.outputs_of)(layer, memory, 8)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def central_differences(flat: np.ndarray, x: np.ndarray, weight: np.ndarray, plan: NetworkPlan) -> np.ndarray:
    """Return the derivative of the sum of `weight` · Q by each parameter, `(size,)`."""
    expected, step = np.zeros(plan.size), 1e-6
    for at in range(plan.size):
        up, down = flat.astype(np.float64), flat.astype(np.float64)
        up[at] += step
        down[at] -= step
        expected[at] = ((q_values(up, x, plan) - q_values(down, x, plan)) * weight).sum() / (2 * step)
    return expected


@pytest.mark.parametrize("plan", [PLAN, ONE_TRUNK_LAYER], ids=["two layers", "one layer"])
@pytest.mark.parametrize("rows", [9, 18], ids=["a batch", "twice a batch"])
def test_gradients_agree_with_central_differences_in_every_layer(plan: NetworkPlan, rows: int) -> None:
    batch, rng = 9, np.random.default_rng(2)
    flat, inputs = random_parameters(plan), rng.normal(size=(rows, 5)).astype(np.float32)
    # The loss is a fixed linear function of Q: its derivative by Q is `towards` itself.
    towards = rng.normal(size=(batch, 3)).astype(np.float32)
    _, memory = forward(flat, inputs, plan)
    slopes = np.full(batch * (plan.outputs + plan.hidden[-1]), np.nan, np.float32)
    gradient = np.full(plan.size, np.nan, np.float32)
    from_python(kernels.backward)(plan.table, flat, inputs[:batch], memory, rows, towards.copy(), slopes, gradient)

    expected = central_differences(flat, inputs[:batch].astype(np.float64), towards, plan)
    names = (*(f"trunk {depth}" for depth in range(len(plan.hidden))), *HEADS)
    for name, ours, theirs in zip(names, layers_of(gradient, plan), layers_of(expected, plan), strict=True):
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


def adam(brain: BrainSettings, step: int, network: np.ndarray, gradient: np.ndarray) -> None:
    """Do one step on `(3, size)`: parameters, first and second moments."""
    parameters, first, second = network
    from_python(kernels.adam)(settings_record(brain)[0], step, parameters, gradient.astype(np.float32), first, second)


@pytest.mark.parametrize("norm", [0.3, 5.0], ids=["below the limit", "clipped"])
@pytest.mark.parametrize("epsilon", [1e-8, 1e-2])
def test_adam_agrees_with_the_textbook_over_many_steps(norm: float, epsilon: float) -> None:
    brain = BrainSettings(adam_epsilon=epsilon)
    gradients = np.random.default_rng(4).normal(size=(60, 11))
    gradients *= norm * np.linspace(0.5, 1.5, 60)[:, None] / np.linalg.norm(gradients, axis=1, keepdims=True)
    network = np.zeros((3, 11), np.float32)
    book = textbook_adam(gradients, brain)
    for step, (gradient, expected) in enumerate(zip(gradients, book, strict=True), start=1):
        adam(brain, step, network, gradient)
        np.testing.assert_allclose(network[0], expected, rtol=2e-4, atol=2e-7)


def test_adams_first_step_is_the_learning_rate() -> None:
    # With bias correction the first step is the learning rate times the gradient's sign, for a gradient of any length.
    network = np.zeros((3, 3), np.float32)
    adam(BrainSettings(), 1, network, np.array([30.0, -0.4, 0.0]))
    assert network[0] == pytest.approx([-1e-3, 1e-3, 0.0], rel=1e-4)


def test_a_gradient_of_zero_moves_nothing() -> None:
    network = np.zeros((3, 3), np.float32)
    adam(BrainSettings(), 1, network, np.zeros(3))
    assert not network.any()


def test_the_limit_on_the_norm_applies_to_each_agent() -> None:
    # Gradients (3, 4) and (0.3, 0.4): the first, of norm 5, is scaled to (0.6, 0.8). First moments are stored without
    # their factor of 0.1, so after one step they are the scaled gradients.
    networks = np.zeros((3, 3, 2), np.float32)
    for network, gradient in zip(networks, ([3.0, 4.0], [0.3, 0.4]), strict=False):
        adam(BrainSettings(), 1, network, np.array(gradient))
    np.testing.assert_allclose(networks[:, 1], np.array([[0.6, 0.8], [0.3, 0.4], [0, 0]]), rtol=1e-6)


def test_a_step_moves_only_its_agent() -> None:
    brain, gradients = BrainSettings(), np.random.default_rng(5).normal(size=(6, 4)) * 0.1
    networks, steps = np.zeros((3, 3, 4), np.float32), [0, 0, 0]
    for number, gradient in enumerate(gradients):
        for agent in (0, 2) if number % 2 else (0,):
            steps[agent] += 1
            adam(brain, steps[agent], networks[agent], gradient)
    assert steps == [6, 0, 3]
    np.testing.assert_allclose(networks[0, 0], textbook_adam(gradients, brain)[-1], rtol=1e-4, atol=1e-8)
    assert not networks[1].any()
    np.testing.assert_allclose(networks[2, 0], textbook_adam(gradients[1::2], brain)[-1], rtol=1e-4, atol=1e-8)
