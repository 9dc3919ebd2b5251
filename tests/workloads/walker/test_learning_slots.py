"""Which agents learn in a frame: one slot per block of agents, which passes from its owner to agents that are able.

The blocks of most cases have six agents, each with an AI update every second frame. In frame 0 the slot belongs to
agent 0 of each block, and agents 2 and 4 may take it over.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from herds import IDLE, PLAIN, SMALL_BRAIN, Herd
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.workloads.walker.kernels.settling import assign_learners
from walkerbench.workloads.walker.settings import BrainSettings

AI_INTERVAL = 2
BLOCK = 6
LEAST = 32
IMMOBILE_BELOW = 0.15


@dataclass
class Population:
    """What decides which agents learn; all are able unless a test changes it.

    Attributes:
        agents: How many.
    """

    agents: int
    alive: np.ndarray = field(init=False)
    energy: np.ndarray = field(init=False)
    stored: np.ndarray = field(init=False)
    newborn: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.alive = np.ones(self.agents, np.bool_)
        self.energy = np.full(self.agents, 1.0)
        self.stored = np.full(self.agents, LEAST, np.int64)
        self.newborn = np.zeros(self.agents, np.bool_)

    def disable(self, agent: int, why: str) -> None:
        """Make an agent unable to learn."""
        array, value = {
            "dead": (self.alive, False),
            "immobile": (self.energy, np.nextafter(IMMOBILE_BELOW, 0)),
            "newborn": (self.newborn, True),
            "inexperienced": (self.stored, LEAST - 1),
        }[why]
        array[agent] = value

    def able(self) -> np.ndarray:
        """Return which agents are able to learn."""
        moving = self.energy >= IMMOBILE_BELOW
        able: np.ndarray = self.alive & ~self.newborn & moving & (self.stored >= LEAST)
        return able

    def learners(self, frame: int, ai_interval: int = AI_INTERVAL, block: int = BLOCK) -> list[int]:
        """Return the numbers of the agents that learn in a frame."""
        learns = np.ones(self.agents, np.bool_)  # of the frame before
        assign_learners.variant(hold_gil=False)(
            ai_interval, block, LEAST, IMMOBILE_BELOW,
            self.alive, self.energy, self.stored, self.newborn, learns, frame,
        )  # fmt: skip
        found: list[int] = np.flatnonzero(learns).tolist()
        return found


REASONS = ("dead", "immobile", "newborn", "inexperienced")


def test_the_owner_of_each_block_learns() -> None:
    population = Population(2 * BLOCK)
    assert [population.learners(frame) for frame in range(8)] == [
        [0, 6], [1, 7], [2, 8], [3, 9], [4, 10], [5, 11], [0, 6], [1, 7],
    ]  # fmt: skip


@pytest.mark.parametrize("why", REASONS)
def test_an_owner_that_is_unable_passes_its_slot_on(why: str) -> None:
    population = Population(2 * BLOCK)
    population.disable(0, why)
    # Agent 1 has no AI update in frame 0: agent 2 is the next that has one. The other block is not concerned.
    assert population.learners(0) == [2, 6]
    population.disable(2, why)
    assert population.learners(0) == [4, 6]
    population.disable(4, why)
    assert population.learners(0) == [6]
    assert population.learners(1) == [1, 7], "the slots of other frames are as before"


@pytest.mark.parametrize("why", REASONS)
def test_a_slot_passes_from_the_end_of_a_block_to_its_beginning(why: str) -> None:
    population = Population(2 * BLOCK)
    for owner in (5, 10):
        population.disable(owner, why)
    assert population.learners(5) == [1, 11], "agent 7 of the next block is not in this one"
    assert population.learners(4) == [4, 6]
    population.disable(6, why)
    assert population.learners(4) == [4, 8]


def test_learning_begins_with_enough_experiences_and_energy() -> None:
    population = Population(BLOCK)
    population.stored[:] = [LEAST - 1, 0, LEAST, 0, 10 * LEAST, 0]
    assert population.learners(0) == [2]
    population.energy[2] = IMMOBILE_BELOW
    assert population.learners(0) == [2], "an agent is immobilised below this energy"
    assert population.learners(1) == [], "agents 1, 3 and 5 have no experience"


def test_slots_of_agents_that_a_partial_block_lacks_stay_unused() -> None:
    # Eight agents: the second block has agents 6 and 7 only.
    population = Population(8)
    assert [population.learners(frame) for frame in range(BLOCK)] == [[0, 6], [1, 7], [2], [3], [4], [5]]
    # Agent 6 cannot learn; agents 8 and 10, to which its slot would pass, do not exist.
    population.disable(6, "dead")
    assert population.learners(0) == [0]


def test_a_population_smaller_than_a_block_learns_at_its_own_pace() -> None:
    assert [Population(1).learners(frame) for frame in range(7)] == [[0], [], [], [], [], [], [0]]


def test_no_agent_learns_without_agents() -> None:
    assert Population(0).learners(3) == []


@st.composite
def populations(draw: st.DrawFn) -> tuple[Population, int, int, int]:
    """Return a population of any size and state, the AI interval, the size of a block, and a frame."""
    ai_interval = draw(st.integers(1, 5))
    block = ai_interval * draw(st.integers(1, 5))
    population = Population(draw(st.integers(1, 3 * block)))
    for agent in range(population.agents):
        for why in draw(st.sets(st.sampled_from(REASONS), max_size=1)):
            population.disable(agent, why)
    return population, ai_interval, block, draw(st.integers(0, 4 * block))


@given(populations())
def test_a_whole_block_has_one_learner_where_any_is_able(drawn: tuple[Population, int, int, int]) -> None:
    population, ai_interval, block, frame = drawn
    learners, able = population.learners(frame, ai_interval, block), population.able()
    for first in range(0, population.agents, block):
        agents = range(first, min(first + block, population.agents))
        due = [agent for agent in agents if (agent - frame) % ai_interval == 0]
        found = [agent for agent in learners if agent in agents]
        assert len(found) <= 1
        assert set(found) <= {agent for agent in due if able[agent]}
        if len(agents) == block:
            assert len(found) == any(able[agent] for agent in due)


@given(populations())
def test_the_first_able_agent_from_the_owner_on_learns(drawn: tuple[Population, int, int, int]) -> None:
    population, ai_interval, block, frame = drawn
    able, expected = population.able(), []
    for first in range(0, population.agents, block):
        owner = frame % block
        turns = [first + (owner + later) % block for later in range(0, block, ai_interval)]
        present = [agent for agent in turns if agent < population.agents]
        if first + owner < population.agents:
            expected += [agent for agent in present if able[agent]][:1]
    assert population.learners(frame, ai_interval, block) == expected


@given(populations(), st.data())
def test_a_block_does_not_depend_on_agents_outside_of_it(
    drawn: tuple[Population, int, int, int], data: st.DataObject
) -> None:
    population, ai_interval, block, frame = drawn
    before = population.learners(frame, ai_interval, block)
    first = data.draw(st.integers(0, (population.agents - 1) // block)) * block
    inside = range(first, min(first + block, population.agents))
    for agent in set(range(population.agents)) - set(inside):
        if data.draw(st.booleans()):
            population.disable(agent, data.draw(st.sampled_from(REASONS)))
    after = population.learners(frame, ai_interval, block)
    assert [agent for agent in after if agent in inside] == [agent for agent in before if agent in inside]
    # Neither on how many agents there are, if the block is whole.
    if len(inside) == block:
        alone = Population(block)
        for name in ("alive", "energy", "stored", "newborn"):
            getattr(alone, name)[:] = getattr(population, name)[inside.start : inside.stop]
        assert [first + agent for agent in alone.learners(frame, ai_interval, block)] == [
            agent for agent in before if agent in inside
        ]


CALM = replace(PLAIN, ecosystem=IDLE, brain=replace(SMALL_BRAIN, learn_from_experiences=4))


def first_learning_step(herd: Herd, frames: int) -> int | None:
    """Return the experiences that the first agent had before it first learned, within so many frames."""
    agents = herd.shards[0]._agents
    for _ in range(frames):
        held = int(agents["stored"][0])
        herd.step()
        if agents["learning_steps"][0]:
            return held
    return None


def test_an_agent_learns_when_it_has_thirty_two_experiences() -> None:
    brain = replace(CALM.brain, learn_from_experiences=BrainSettings().learn_from_experiences)
    # A learning slot at every update: the first update with 32 experiences learns, and stores one more before it does.
    settings = replace(CALM, brain=brain, schedule=replace(CALM.schedule, learn_interval_updates=1))
    assert first_learning_step(Herd(1, settings), 4 * 40) == 32


def test_no_agent_learns_where_learning_is_switched_off() -> None:
    brain = replace(CALM.brain, learning=False)
    herd = Herd(1, replace(CALM, brain=brain, schedule=replace(CALM.schedule, learn_interval_updates=1)))
    assert first_learning_step(herd, 4 * 40) is None
    assert herd.shards[0]._agents["stored"][0] > 32


def test_an_agent_that_was_replaced_learns_with_its_own_experiences() -> None:
    # All agents are replaced at the end of a generation, when they have the experiences of their last lives.
    ecosystem = replace(IDLE, generation_s=1.0, generation_share=1.0, replacements_per_frame=4)
    settings = replace(CALM, ecosystem=ecosystem, schedule=replace(CALM.schedule, learn_interval_updates=1))
    herd = Herd(4, settings)
    agents, least = herd.shards[0]._agents, settings.brain.learn_from_experiences
    learned = replaced = 0
    for _ in range(200):
        before = agents["learning_steps"].copy()
        herd.step()
        now = agents["learning_steps"] > before
        learned += int(now.sum())
        replaced += herd.last["replaced"]
        assert (agents["stored"][now] >= least).all()
    assert learned > 20
    assert replaced == 12, "three generations"
