"""One agent's brain: it learns from a batch of its experiences, and chooses actions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from walkerbench.workloads.walker.arrays import Floats, Floats32, Int64s, Records
from walkerbench.workloads.walker.kernels.compiling import inner
from walkerbench.workloads.walker.kernels.network import adam, backward, forward
from walkerbench.workloads.walker.kernels.records import NETWORK_PARTS
from walkerbench.workloads.walker.kernels.replay import reprioritise, sample
from walkerbench.workloads.walker.kernels.vectors import copy_values, highest_value

PARAMETERS, TARGET, FIRST, SECOND = range(NETWORK_PARTS)
"""Parts of an agent's network: its parameters, those of its target network, Adam's first and second moments."""


class BrainArrays(NamedTuple):
    """The brains of a shard's agents, apart from the numbers in the records `AGENT`.

    Attributes:
        plan: `(layers, 4)`, the table of the network; see `kernels.network`.
        networks: `(agents, parts, size)` float32.
        experiences: `(agents, capacity)` records `EXPERIENCE`.
        pairs: `(agents, capacity, 2, observation)` float32: an observation, and the one that followed it.
        explorations: `(agents, ahead, 2)` random numbers for exploring, drawn ahead.
        batch_draws: `(agents, ahead, batch)` random numbers for batches, drawn ahead.
    """

    plan: Int64s
    networks: Floats32
    experiences: Records
    pairs: Floats32
    explorations: Floats
    batch_draws: Floats


class LearningMemory(NamedTuple):
    """Memory in which a learning step, or the choice of an action, is computed.

    Attributes:
        batch: `(batch,)` records `DRAWN`.
        states: `(2 * batch, observation)`: all observations, then those that followed them.
        outputs: Outputs of all layers, for twice the batch.
        slopes: Outputs of all layers of the target network, then derivatives, for the batch; see `backward`.
        values: `(2 * batch, actions)` Q-values of the network.
        target_values: `(batch, actions)` Q-values of the target network, then derivatives of the loss by Q-values.
        gradient: `(size,)` derivative of the loss by the parameters.
    """

    batch: Records
    states: Floats32
    outputs: Floats32
    slopes: Floats32
    values: Floats32
    target_values: Floats32
    gradient: Floats32


@inner
def td_errors(batch: Records, values: Floats32, target_values: Floats32, discount: float) -> None:
    """Write the errors of double Q-learning (van Hasselt et al., 2016) into a batch.

    Args:
        batch: `(batch,)` records `DRAWN`.
        values: `(2 * batch, actions)` of the network: for all observations, then for those that followed them.
        target_values: `(batch, actions)` of the target network, for the observations that followed.
        discount: What a reward one update later is worth.
    """
    size = len(batch)
    for place in range(size):
        drawn = batch[place]
        future = target_values[place, highest_value(values[size + place])]
        drawn.error = values[place, drawn.action] - drawn.reward - np.float32(discount) * future


@inner
def loss_gradient(
    plan: Int64s, parameters: Floats32, target: Floats32, discount: float, memory: LearningMemory
) -> float:
    """Compute the errors of a batch, and the gradient of the weighted mean of their squares.

    Args:
        plan: The network's table.
        parameters: `(size,)`.
        target: `(size,)` of the target network.
        discount: What a reward one update later is worth.
        memory: Holds the batch and its states; its other arrays and the batch's errors are overwritten.

    Returns:
        The weighted mean.
    """
    batch, size, slope = memory.batch, len(memory.batch), memory.target_values
    # Both states in one pass through the network: the same products in fewer, larger calls.
    forward(plan, parameters, memory.states, memory.outputs, memory.values)
    forward(plan, target, memory.states[size:], memory.slopes, memory.target_values)
    td_errors(batch, memory.values, memory.target_values, discount)
    loss = 0.0
    for place in range(size):
        drawn = batch[place]
        for action in range(slope.shape[1]):
            slope[place, action] = 0
        slope[place, drawn.action] = drawn.error * drawn.weight * np.float32(2.0 / size)
        loss += np.float64(drawn.weight * drawn.error * drawn.error)
    backward(plan, parameters, memory.states[:size], memory.outputs, 2 * size, slope, memory.slopes, memory.gradient)
    return loss / size


@inner
def learn(agent: Records, row: int, brains: BrainArrays, settings: Records, memory: LearningMemory) -> bool:
    """Do one learning step of an agent.

    Args:
        agent: The agent; it has at least one experience.
        row: Its row.
        brains: The brains of all agents.
        settings: Numbers of the brain's settings.
        memory: Overwritten.

    Returns:
        Whether the agent then copied its network to its target network.
    """
    experiences, network = brains.experiences[row], brains.networks[row]
    draws = brains.batch_draws[row, agent.batches_used]
    agent.batches_used += 1
    sample(agent, experiences, brains.pairs[row], draws, settings.importance_step, memory.batch, memory.states)
    agent.loss = loss_gradient(brains.plan, network[PARAMETERS], network[TARGET], settings.discount, memory)
    agent.learning_steps += 1
    adam(settings, agent.learning_steps, network[PARAMETERS], memory.gradient, network[FIRST], network[SECOND])
    reprioritise(agent, experiences, settings, memory.batch)
    agent.epsilon = max(settings.epsilon_end, agent.epsilon * settings.epsilon_decay)
    if agent.learning_steps % settings.target_copy_steps:
        return False
    copy_values(network[PARAMETERS], network[TARGET])
    return True


@inner
def choose(agent: Records, row: int, brains: BrainArrays, memory: LearningMemory) -> int:
    """Return the number of the action that an agent chooses by the observation in `memory.states[0]`, ε-greedily."""
    draw = brains.explorations[row, agent.explorations_used]
    agent.explorations_used += 1
    # Computed for a random action, too: otherwise frames would become faster or slower as agents explore less.
    forward(brains.plan, brains.networks[row, PARAMETERS], memory.states[:1], memory.outputs, memory.values[:1])
    values = memory.values[0]
    return int(draw[1] * len(values)) if draw[0] < agent.epsilon else highest_value(values)
