"""The agents' phase of a frame: each agent whose turn it is senses, learns and acts."""

from __future__ import annotations

from typing import NamedTuple

from walkerbench.workloads.walker.arrays import Bools, Floats, Floats32, Int64s, Records
from walkerbench.workloads.walker.kernels.compiling import inner, kernel
from walkerbench.workloads.walker.kernels.learning import BrainArrays, LearningMemory, choose, learn
from walkerbench.workloads.walker.kernels.replay import store
from walkerbench.workloads.walker.kernels.reward import reward_of
from walkerbench.workloads.walker.kernels.senses import Surroundings, observe
from walkerbench.workloads.walker.kernels.vectors import copy_values

AI_UPDATES, PHYSICS_ONLY, IMMOBILISED, LEARNED, TARGET_COPIES, RECOVERED, FALLS = range(7)
"""Columns of a shard's counts."""


class Published(NamedTuple):
    """What the ecosystem published of a shard's agents: `(agents,)` each."""

    energy: Floats
    alive: Bools
    life: Int64s
    meals: Int64s
    learns: Bools


class Current(NamedTuple):
    """What a shard writes of its agents: `(agents,)` each."""

    reward_sum: Floats
    updates: Int64s
    epsilon: Floats
    loss: Floats
    stored: Int64s


class ActingSettings(NamedTuple):
    """What acting depends on.

    Attributes:
        ai_interval: Frames between two AI updates of an agent.
        immobile_below: Energy below which an agent is immobilised.
        brain: One record of the brain's settings.
        reward: One record of the reward's settings.
        actions: `(actions, 2)` pairs of shoulder and elbow speed, as shares of the motors' speed.
    """

    ai_interval: int
    immobile_below: float
    brain: Records
    reward: Records
    actions: Floats


@kernel
def act(
    lo: int,
    agents: Records,
    published: Published,
    current: Current,
    brains: BrainArrays,
    around: Surroundings,
    settings: ActingSettings,
    memory: LearningMemory,
    counts: Int64s,
    frame: int,
) -> bool:
    """Let every agent whose turn it is sense, learn and act, and switch motors on or off as energy demands.

    Args:
        lo: Number of the first agent.
        agents: `(agents,)` records `AGENT`.
        published: See the class, as all arguments up to `memory`.
        current: Changed.
        brains: Changed.
        around: Its memory is overwritten.
        settings: What acting depends on.
        memory: Overwritten.
        counts: `(counters,)` of the frame; counted up.
        frame: Number of the frame.

    Returns:
        Whether it was done. If not, nothing was changed, because lives began or ended, or random numbers are used up:
        the caller builds or draws what is missing, and calls again.
    """
    for row in range(len(agents)):
        agent = agents[row]
        if agent.life != published.life[row] or agent.built != published.alive[row]:
            return False
        if agent.explorations_used == brains.explorations.shape[1]:
            return False
        if agent.batches_used == brains.batch_draws.shape[1]:
            return False
    for row in range(len(agents)):
        if not published.alive[row]:
            continue
        agent = agents[row]
        immobile = published.energy[row] < settings.immobile_below
        if immobile != agent.immobile:
            counts[RECOVERED] += agent.immobile
            agent.immobile = immobile
            agent.motors_on = not immobile
            agent.motors_switched = True
            _command(agent)
        if immobile:
            counts[IMMOBILISED] += 1
        elif (lo + row - frame) % settings.ai_interval:
            counts[PHYSICS_ONLY] += 1
        else:
            counts[AI_UPDATES] += 1
            source, distance = observe(agent, lo + row, around, memory.states[0])
            _experience(agent, row, published, current, brains, source, distance, settings, memory)
            if published.learns[row]:
                counts[LEARNED] += 1
                copy_values(memory.states[0], agent.seen)
                counts[TARGET_COPIES] += learn(agent, row, brains, settings.brain[0], memory)
                copy_values(agent.seen, memory.states[0])
            _act_on(agent, choose(agent, row, brains, memory), settings)
            _remember(agent, row, published, current, source, distance, memory.states[0])
    return True


@inner
def _command(agent: Records) -> None:
    """Set the motors' speeds by the action in force; 0 where they are off."""
    agent.shoulder_command = agent.shoulder_action * agent.motor_speed if agent.motors_on else 0.0
    agent.elbow_command = agent.elbow_action * agent.motor_speed if agent.motors_on else 0.0
    agent.speeds_changed = True


@inner
def _experience(
    agent: Records,
    row: int,
    published: Published,
    current: Current,
    brains: BrainArrays,
    source: int,
    distance: float,
    settings: ActingSettings,
    memory: LearningMemory,
) -> None:
    """Reward an agent for what happened since its last AI update, and store it."""
    if not agent.remembers:
        return
    nearer = agent.seen_food_distance - distance if source >= 0 and source == agent.seen_food else 0.0
    meals = published.meals[row] - agent.seen_meals
    forwards = agent.x - agent.seen_x
    agent.reward = reward_of(settings.reward[0], forwards, nearer, meals, agent.angle, agent.velocity_x)
    current.reward_sum[row] += agent.reward
    store(agent, brains.experiences[row], brains.pairs[row], agent.seen, agent.reward, memory.states[0])


@inner
def _act_on(agent: Records, action: int, settings: ActingSettings) -> None:
    agent.action = action
    agent.shoulder_action, agent.elbow_action = settings.actions[action, 0], settings.actions[action, 1]
    _command(agent)


@inner
def _remember(
    agent: Records,
    row: int,
    published: Published,
    current: Current,
    source: int,
    distance: float,
    observation: Floats32,
) -> None:
    """Keep what an agent sensed for its next reward, and publish how it learns."""
    agent.remembers = True
    copy_values(observation, agent.seen)
    agent.seen_x, agent.seen_y = agent.x, agent.y
    agent.seen_food, agent.seen_food_distance = source, distance
    agent.seen_meals = published.meals[row]
    current.updates[row] += 1
    current.epsilon[row] = agent.epsilon
    current.loss[row] = agent.loss
    current.stored[row] = agent.stored
