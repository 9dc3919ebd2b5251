"""Energy, food, health, death, replacement and generations: the walker's settler, which works on arrays."""

from __future__ import annotations

from collections import deque

import numpy as np

from walkerbench.workloads.contract import FrameBuffers
from walkerbench.workloads.walker.arrays import Bools, Floats, Indices
from walkerbench.workloads.walker.counters import ECOSYSTEM_COUNTERS, SHARD_COUNTERS
from walkerbench.workloads.walker.genetics import founding_genomes, offspring
from walkerbench.workloads.walker.kernels.records import settings_record
from walkerbench.workloads.walker.kernels.settling import age, assign_learners, move_and_spend
from walkerbench.workloads.walker.settings import EcosystemSettings, WalkerSettings
from walkerbench.workloads.walker.streams import WorldStream, world_stream
from walkerbench.workloads.walker.terrain import Ground

_NO_INDICES = np.empty(0, np.intp)
_NEVER = 2**62  # experiences that no agent has
_ABSENT_PLACE = np.inf  # position of a dead robot and of an eaten source: beyond the reach of every sense
_CANDIDATE_PLACES = 64  # for a new source: the first that lies away from the starts is taken


class Ecosystem:
    """Turns *current* into *published* at the end of each frame.

    Args:
        settings: The walker's settings.
        ground: The terrain.
        seed: The run's seed.
        buffers: The arrays that cross shards; the constructor fills `published` for the first frame.
    """

    def __init__(self, settings: WalkerSettings, ground: Ground, seed: int, buffers: FrameBuffers) -> None:
        self._settings = settings.ecosystem
        self._genome = settings.genome
        self._ground = ground
        self._rng = world_stream(seed, WorldStream.ECOSYSTEM)
        self._current = buffers.current
        self._published = buffers.published
        self._counts = buffers.counters[-1]
        self._columns = {name: len(SHARD_COUNTERS) + place for place, name in enumerate(ECOSYSTEM_COUNTERS)}
        self._regrow_frames = round(self._settings.food_regrow_s * settings.physics.frames_per_second)
        self._generation_frames = max(1, round(self._settings.generation_s * settings.physics.frames_per_second))
        self._start_distance = _start_distance(self._settings, ground)
        self._food_radius = settings.senses.food_radius_m
        agents = len(ground.starts)
        self._agents = np.arange(agents)
        self._starts = np.stack([ground.starts, ground.height_at(ground.starts)], axis=1)
        self._health = buffers.published["health"]
        self._distance = np.zeros(agents)
        self._queue: deque[int] = deque()
        self._queued = np.zeros(agents, np.bool_)
        self._regrows = np.full(self._settings.food_sources, -1, np.int64)
        self._totals = dict.fromkeys(("deaths", "meals", "generations"), 0)
        self._newborn = np.zeros(agents, np.bool_)
        self._food_order = np.zeros(self._settings.food_sources, np.int64)
        self._food_x = np.zeros(self._settings.food_sources)
        self._bind_kernels(settings)
        self._found_population(seed)
        self._assign_learners(0)

    def settle(self, frame: int) -> None:
        """Read what the shards wrote in this frame, and publish what they read in the next frame."""
        if self._move_and_spend():
            self._eat(frame, self._published["alive"])
        if self._age():
            self._let_die()
        if (frame + 1) % self._generation_frames == 0:
            self._end_generation()
        self._newborn[:] = False
        self._replace_some()
        if self._next_regrowth == frame:
            self._regrow(frame)
        self._assign_learners(frame + 1)

    def statistics(self) -> dict[str, float]:
        """Return the population's statistics by name; units are in the names."""
        alive, current = self._published["alive"], self._current
        updates = int(current["updates"].sum())
        living = alive if alive.any() else np.ones_like(alive)
        return {
            "alive": int(alive.sum()),
            "generation": self._totals["generations"],
            "deaths": self._totals["deaths"],
            "meals": self._totals["meals"],
            "best_distance_m": float(self._distance[living].max()),
            "mean_distance_m": float(self._distance[living].mean()),
            "mean_reward": float(current["reward_sum"].sum() / updates) if updates else 0.0,
            "mean_epsilon": float(current["epsilon"].mean()),
            "mean_loss": float(current["loss"].mean()),
            "mean_energy": float(self._published["energy"][living].mean()),
            "bodies": int(current["bodies"].sum()),
        }

    def _bind_kernels(self, settings: WalkerSettings) -> None:
        published, current, numbers = self._published, self._current, settings_record(self._settings)
        alive, energy = published["alive"], published["energy"]
        hold_gil = settings.holds_gil("agents")
        self._move_and_spend = move_and_spend.bind(
            numbers, alive, current["position"], current["speed"], self._starts,
            published["food"], self._food_x, self._food_order,
            published["position"], self._distance, energy,
            hold_gil=hold_gil,
        )  # fmt: skip
        self._age = age.bind(numbers, alive, energy, self._health, hold_gil=hold_gil)
        schedule, brain = settings.schedule, settings.brain
        self._assign_learners = assign_learners.bind(
            schedule.ai_interval_frames,
            schedule.ai_interval_frames * schedule.learn_interval_updates,
            brain.learn_from_experiences if brain.learning else _NEVER,
            float(self._settings.immobile_below_energy),
            alive, energy, current["stored"], self._newborn, published["learns"],
            examples=(0,), hold_gil=hold_gil,
        )  # fmt: skip

    def _found_population(self, seed: int) -> None:
        settings, published, agents = self._settings, self._published, len(self._agents)
        published["genome"][:] = founding_genomes(self._genome, agents, seed)
        published["alive"][:] = True
        published["life"][:] = 0
        published["position"][:] = self._starts
        published["energy"][:] = self._spread(settings.energy_start)
        self._health[:] = self._spread(settings.health_start)
        for source in range(settings.food_sources):
            published["food"][source] = self._new_place()
        self._note_food()

    def _spread(self, bounds: tuple[float, float]) -> Floats:
        """Return values spread evenly over the bounds, in random order."""
        return self._rng.permutation(np.linspace(*bounds, len(self._agents)))

    def _eat(self, frame: int, alive: Bools) -> None:
        settings, food = self._settings, self._published["food"]
        agents, sources, square = self._within_reach(alive)
        if not len(agents):
            return
        order = np.lexsort((agents, square, sources))
        eaten, first, rivals = np.unique(sources[order], return_index=True, return_counts=True)
        for source, winner in zip(eaten, agents[order][first], strict=True):
            self._published["energy"][winner] = min(1.0, self._published["energy"][winner] + settings.energy_per_meal)
            self._published["meals"][winner] += 1
            food[source] = _ABSENT_PLACE
            self._regrows[source] = frame + max(1, self._regrow_frames)
        self._count("meals", len(eaten))
        self._count("contested_meals", int((rivals > 1).sum()))
        self._note_food()

    def _within_reach(self, alive: Bools) -> tuple[Indices, Indices, Floats]:
        """Return pairs of an agent and a source that it can eat, as two arrays, and the squares of their distances."""
        positions, reach = self._current["position"], self._settings.eat_within_m
        # Most agents are near no source: two searches along x leave few pairs to check.
        first = np.searchsorted(self._food_x, positions[:, 0] - reach)
        end = np.searchsorted(self._food_x, positions[:, 0] + reach)
        pairs = [
            (agent, source)
            for agent in (first < end).nonzero()[0]
            if alive[agent]
            for source in self._food_order[first[agent] : end[agent]]
        ]
        if not pairs:
            return _NO_INDICES, _NO_INDICES, np.empty(0)
        agents, sources = np.array(pairs, np.intp).T
        square = ((positions[agents] - self._published["food"][sources]) ** 2).sum(axis=1)
        near = square < reach * reach
        return agents[near], sources[near], square[near]

    def _note_food(self) -> None:
        """Update what is derived from the places of food and from the frames in which it regrows."""
        self._food_order[:] = np.argsort(self._published["food"][:, 0], kind="stable")
        self._food_x[:] = self._published["food"][self._food_order, 0]
        waiting = self._regrows[self._regrows >= 0]
        self._next_regrowth = int(waiting.min()) if len(waiting) else -1

    def _regrow(self, frame: int) -> None:
        for source in np.flatnonzero(self._regrows == frame):
            self._published["food"][source] = self._new_place()
            self._regrows[source] = -1
        self._note_food()

    def _new_place(self) -> tuple[float, float]:
        """Return a random place on the ground, away from the starts where the terrain has such a place."""
        ground = self._ground
        candidates = self._rng.uniform(ground.x_min, ground.x_max, _CANDIDATE_PLACES)
        apart = np.abs(candidates[:, None] - ground.starts).min(axis=1)
        fitting = np.flatnonzero(apart >= self._start_distance)
        x = candidates[fitting[0] if len(fitting) else apart.argmax()]
        return float(x), float(ground.height_at(np.array([x]))[0]) + self._food_radius

    def _let_die(self) -> None:
        alive = self._published["alive"]
        dying = alive & (self._health <= 0)
        alive[dying] = False
        self._published["position"][dying] = _ABSENT_PLACE
        self._count("deaths", int(dying.sum()))
        self._enqueue(np.flatnonzero(dying))

    def _end_generation(self) -> None:
        alive = self._living()
        weakest = alive[np.argsort(self._distance[alive], kind="stable")]
        self._enqueue(weakest[: int(len(alive) * self._settings.generation_share)])
        self._count("generations", 1)

    def _enqueue(self, agents: Indices) -> None:
        for agent in agents:
            if not self._queued[agent]:
                self._queued[agent] = True
                self._queue.append(int(agent))

    def _replace_some(self) -> None:
        for _ in range(min(self._settings.replacements_per_frame, len(self._queue))):
            agent = self._queue.popleft()
            self._queued[agent] = False
            self._replace(agent)
            self._count("replaced", 1)

    def _replace(self, agent: int) -> None:
        published = self._published
        mother, father = self._tournament(), self._tournament()
        published["life"][agent] += 1
        published["genome"][agent] = offspring(
            self._genome, published["genome"][mother], published["genome"][father], self._rng
        )
        published["alive"][agent] = True
        published["position"][agent] = self._starts[agent]
        published["energy"][agent] = 1.0
        self._health[agent] = 1.0
        self._distance[agent] = 0.0
        self._newborn[agent] = True

    def _tournament(self) -> int:
        """Return the agent that came farthest, of some that are drawn at random."""
        living = self._living()
        pool = living if len(living) else self._agents
        entrants = pool[self._rng.integers(0, len(pool), self._settings.tournament_size)]
        return int(entrants[self._distance[entrants].argmax()])

    def _living(self) -> Indices:
        return np.flatnonzero(self._published["alive"])

    def _count(self, what: str, amount: int) -> None:
        self._counts[self._columns[what]] += amount
        if what in self._totals:
            self._totals[what] += amount


def _start_distance(settings: EcosystemSettings, ground: Ground) -> float:
    """Return the least distance of food from the starts: as in the settings, or as far as gaps between starts allow."""
    if len(ground.starts) < 2:
        return settings.food_start_distance_m
    spacing = float(ground.starts[1] - ground.starts[0])
    return min(settings.food_start_distance_m, 0.45 * spacing)
