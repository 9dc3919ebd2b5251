"""The brains of a shard's agents: their arrays, and the beginning of a life. What brains do is in `kernels.learning`.

They are dueling double deep Q-networks with prioritised replay (van Hasselt et al., 2016; Wang et al., 2016).
"""

from __future__ import annotations

import numpy as np

from walkerbench.workloads.walker.arrays import Floats32, Records
from walkerbench.workloads.walker.kernels.learning import PARAMETERS, TARGET, BrainArrays, LearningMemory
from walkerbench.workloads.walker.kernels.records import DRAWN, EXPERIENCE, NETWORK_PARTS
from walkerbench.workloads.walker.network import NetworkPlan
from walkerbench.workloads.walker.settings import BrainSettings
from walkerbench.workloads.walker.streams import BATCHES_AHEAD, EXPLORATIONS_AHEAD, Stream, agent_stream


class Brains:
    """Arrays of brains, one brain per agent.

    Args:
        brain: Settings of the brains.
        plan: Sizes of the network.
        seed: The run's seed.
        first_agent: Number of the agent in row 0.
        agents: `(agents,)` records `AGENT`, which hold the numbers of the brains.

    Attributes:
        arrays: What kernels read and write.
        memory: Memory in which one agent after the other learns and chooses.
    """

    def __init__(self, brain: BrainSettings, plan: NetworkPlan, seed: int, first_agent: int, agents: Records) -> None:
        self._brain = brain
        self._plan = plan
        self._seed = seed
        self._first_agent = first_agent
        self._agents = agents
        self.arrays = make_brain_arrays(brain, plan, len(agents))
        self.memory = make_learning_memory(brain, plan)
        self._explorers: list[np.random.Generator] = [np.random.default_rng(0)] * len(agents)
        self._samplers: list[np.random.Generator] = [np.random.default_rng(0)] * len(agents)

    @property
    def parameters(self) -> Floats32:
        """`(agents, size)` parameters of the networks, a view."""
        return self.arrays.networks[:, PARAMETERS]

    def begin_life(self, row: int, life: int) -> None:
        """Give one agent a fresh brain."""
        number, network, agent = self._first_agent + row, self.arrays.networks[row], self._agents[row]
        network[:] = 0
        self._plan.initialise(network[PARAMETERS], agent_stream(self._seed, number, life, Stream.BRAIN))
        network[TARGET] = network[PARAMETERS]
        agent["epsilon"] = self._brain.epsilon_start
        agent["loss"] = 0.0
        agent["learning_steps"] = agent["stored"] = 0
        agent["highest_priority"] = 1.0
        agent["importance"] = self._brain.importance_start
        self._explorers[row] = agent_stream(self._seed, number, life, Stream.EXPLORATION)
        self._samplers[row] = agent_stream(self._seed, number, life, Stream.REPLAY)
        agent["explorations_used"] = EXPLORATIONS_AHEAD
        agent["batches_used"] = BATCHES_AHEAD

    def draw_ahead(self) -> None:
        """Draw new random numbers for the agents that have used all of theirs."""
        for row in np.flatnonzero(self._agents["explorations_used"] == EXPLORATIONS_AHEAD):
            self._explorers[row].random(out=self.arrays.explorations[row])
            self._agents["explorations_used"][row] = 0
        for row in np.flatnonzero(self._agents["batches_used"] == BATCHES_AHEAD):
            self._samplers[row].random(out=self.arrays.batch_draws[row])
            self._agents["batches_used"][row] = 0


def make_brain_arrays(brain: BrainSettings, plan: NetworkPlan, agents: int) -> BrainArrays:
    """Return the arrays of so many brains."""
    capacity = brain.replay_capacity
    # Filled, because memory from `zeros` causes a page fault in the frame that first writes to a page, and the process
    # would grow until all memories are full.
    experiences = np.empty((agents, capacity), EXPERIENCE)
    experiences.view(np.uint8)[:] = 0
    return BrainArrays(
        plan=plan.table,
        networks=np.full((agents, NETWORK_PARTS, plan.size), 0, np.float32),
        experiences=experiences,
        pairs=np.full((agents, capacity, 2, plan.inputs), 0, np.float32),
        explorations=np.full((agents, EXPLORATIONS_AHEAD, 2), 0.0),
        batch_draws=np.full((agents, BATCHES_AHEAD, brain.batch_size), 0.0),
    )


def make_learning_memory(brain: BrainSettings, plan: NetworkPlan) -> LearningMemory:
    """Return the memory in which one agent after the other learns."""
    size = brain.batch_size
    return LearningMemory(
        batch=np.zeros(size, DRAWN),
        states=np.full((2 * size, plan.inputs), 0, np.float32),
        outputs=np.full(2 * size * plan.outputs, 0, np.float32),
        slopes=np.full(size * (plan.outputs + plan.hidden[-1]), 0, np.float32),
        values=np.full((2 * size, plan.actions), 0, np.float32),
        target_values=np.full((size, plan.actions), 0, np.float32),
        gradient=np.full(plan.size, 0, np.float32),
    )
