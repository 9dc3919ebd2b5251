"""The ecosystem's arithmetic over all agents in every frame; what is rare is done in Python, in `walker.ecosystem`."""

from __future__ import annotations

from walkerbench.workloads.walker.arrays import Bools, Floats, Int64s, Records
from walkerbench.workloads.walker.kernels.compiling import kernel
from walkerbench.workloads.walker.kernels.vectors import first_above


@kernel
def move_and_spend(
    settings: Records,
    alive: Bools,
    moved: Floats,
    speed: Floats,
    starts: Floats,
    food: Floats,
    food_x: Floats,
    food_order: Int64s,
    position: Floats,
    distance: Floats,
    energy: Floats,
) -> bool:
    """Publish where the living agents are, and take the energy that the frame cost from every agent.

    Args:
        settings: One record of the ecosystem's settings.
        alive: `(agents,)`.
        moved: `(agents, 2)` positions after the frame, m.
        speed: `(agents,)` m/s.
        starts: `(agents, 2)` places of the starts, m.
        food: `(sources, 2)` m; infinite where eaten.
        food_x: `(sources,)` x of the sources, ascending.
        food_order: `(sources,)` their numbers, in this order.
        position: `(agents, 2)` published, changed for living agents.
        distance: `(agents,)` m from the start, changed for living agents.
        energy: `(agents,)` changed.

    Returns:
        Whether a living agent is within reach of food.
    """
    ecosystem, near = settings[0], False
    reach = ecosystem.eat_within_m
    for agent in range(len(alive)):
        if energy[agent] < ecosystem.immobile_below_energy:
            energy[agent] += ecosystem.energy_rest_per_frame
        else:
            spent = ecosystem.energy_drain_per_frame + speed[agent] * ecosystem.energy_drain_per_m_s
            energy[agent] = max(energy[agent] - spent, 0.0)
        if not alive[agent]:
            continue
        x, y = moved[agent, 0], moved[agent, 1]
        position[agent, 0], position[agent, 1] = x, y
        distance[agent] = x - starts[agent, 0]
        place = first_above(food_x, x - reach)
        while place < len(food_x) and food_x[place] < x + reach:
            across, up = x - food_x[place], y - food[food_order[place], 1]
            near |= across * across + up * up < reach * reach
            place += 1
    return near


@kernel
def age(settings: Records, alive: Bools, energy: Floats, health: Floats) -> bool:
    """Change the health of every agent by its energy.

    Args:
        settings: One record of the ecosystem's settings.
        alive: `(agents,)`.
        energy: `(agents,)`.
        health: `(agents,)`, changed.

    Returns:
        Whether a living agent has no health left.
    """
    ecosystem, dying = settings[0], False
    for agent in range(len(alive)):
        if energy[agent] > ecosystem.recovering_above_energy:
            health[agent] = min(health[agent] + ecosystem.health_step_per_frame, 1.0)
        if energy[agent] < ecosystem.starving_below_energy:
            health[agent] -= ecosystem.health_step_per_frame
        dying |= alive[agent] and health[agent] <= 0
    return dying


@kernel
def assign_learners(
    ai_interval: int,
    learn_interval: int,
    least_experiences: int,
    immobile_below: float,
    alive: Bools,
    energy: Floats,
    stored: Int64s,
    newborn: Bools,
    learns: Bools,
    frame: int,
) -> None:
    """Decide which agents learn in a frame: in each block of agents, the first that is able to.

    A block has as many agents as there are frames between two learning steps of an agent, so that every whole block has
    the same work in each frame. The slot of a frame belongs to the agent whose number in the block is the frame's; the
    agents that follow it, and have their AI update in the same frame, take it over in turn.

    Args:
        ai_interval: Frames between two AI updates of an agent.
        learn_interval: Frames between two learning steps of an agent, a multiple of `ai_interval`.
        least_experiences: How many experiences an agent needs.
        immobile_below: Energy below which an agent is immobilised.
        alive: `(agents,)`.
        energy: `(agents,)`.
        stored: `(agents,)` experiences of each agent.
        newborn: `(agents,)` which agents have been replaced since `stored` was written.
        learns: `(agents,)`, overwritten.
        frame: Number of the frame.
    """
    agents = len(learns)
    learns[:] = False
    for first in range(0, agents, learn_interval):
        owner = frame % learn_interval
        if first + owner >= agents:
            continue
        for later in range(0, learn_interval, ai_interval):
            agent = first + (owner + later) % learn_interval
            if agent >= agents:
                continue
            able = alive[agent] and not newborn[agent] and energy[agent] >= immobile_below
            if able and stored[agent] >= least_experiences:
                learns[agent] = True
                break
