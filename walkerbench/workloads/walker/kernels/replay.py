"""Prioritised experience replay of one agent (Schaul et al., 2016, proportional variant)."""

from __future__ import annotations

import numpy as np

from walkerbench.workloads.walker.arrays import Floats, Floats32, Records
from walkerbench.workloads.walker.kernels.compiling import inner
from walkerbench.workloads.walker.kernels.vectors import copy_values, first_above


@inner
def store(
    agent: Records, experiences: Records, pairs: Floats32, state: Floats32, reward: float, following: Floats32
) -> None:
    """Store one experience of an agent, with the highest priority that the agent has had.

    A new experience overwrites the oldest one where the memory is full.

    Args:
        agent: The agent; its action is the experience's.
        experiences: `(capacity,)` records `EXPERIENCE`.
        pairs: `(capacity, 2, observation)` observations, each with the one that followed it.
        state: `(observation,)`.
        reward: Its reward.
        following: `(observation,)`.
    """
    place = agent.stored % len(experiences)
    copy_values(state, pairs[place, 0])
    copy_values(following, pairs[place, 1])
    experience = experiences[place]
    experience.action = agent.action
    experience.reward = reward
    experience.priority = agent.highest_priority
    agent.stored += 1


@inner
def sample(
    agent: Records,
    experiences: Records,
    pairs: Floats32,
    draws: Floats,
    importance_step: float,
    batch: Records,
    states: Floats32,
) -> None:
    """Draw a batch of an agent's experiences, one from each of as many equal strata as the batch has places.

    Args:
        agent: The agent; it has stored at least one experience.
        experiences: `(capacity,)` records `EXPERIENCE`.
        pairs: `(capacity, 2, observation)`.
        draws: `(batch,)` uniform numbers, one for each place of the batch.
        importance_step: Added to the exponent of the importance weights, up to 1.
        batch: `(batch,)` records `DRAWN`, overwritten but for their errors.
        states: `(2 * batch, observation)`, overwritten: all observations, then those that followed them.
    """
    size = len(batch)
    held = min(agent.stored, len(experiences))
    summed = np.empty(held)
    total = 0.0
    for place in range(held):
        total += experiences[place].priority
        summed[place] = total
    largest = np.float32(0)
    for stratum in range(size):
        wanted = (stratum + draws[stratum]) * (total / size)
        place = min(first_above(summed, wanted), held - 1)
        experience, drawn = experiences[place], batch[stratum]
        drawn.place = place
        drawn.action = experience.action
        drawn.reward = experience.reward
        drawn.weight = (experience.priority * (held / total)) ** -agent.importance
        largest = max(largest, drawn.weight)
        copy_values(pairs[place, 0], states[stratum])
        copy_values(pairs[place, 1], states[size + stratum])
    for stratum in range(size):
        batch[stratum].weight /= largest
    agent.importance = min(1.0, agent.importance + importance_step)


@inner
def reprioritise(agent: Records, experiences: Records, settings: Records, batch: Records) -> None:
    """Set the priorities of sampled experiences from their temporal-difference errors."""
    for stratum in range(len(batch)):
        error = abs(np.float64(batch[stratum].error))
        raised = (error + settings.priority_floor) ** settings.priority_exponent
        experiences[batch[stratum].place].priority = raised
        agent.highest_priority = max(agent.highest_priority, raised)
