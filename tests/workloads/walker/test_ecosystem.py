"""The ecosystem alone: a test writes *current* in place of the shards, and checks *published*."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from walkerbench.workloads.contract import BufferLayout, FrameBuffers
from walkerbench.workloads.walker import WalkerSettings, WalkerWorkload
from walkerbench.workloads.walker.ecosystem import Ecosystem
from walkerbench.workloads.walker.settings import EcosystemSettings, PhysicsSettings, TerrainSettings

QUIET = {"energy_start": (0.5, 0.5), "health_start": (0.5, 0.5), "generation_s": 1e6, "food_regrow_s": 1e6}
"""Settings with which every agent starts with medium energy and health, and nothing happens by itself."""


class Nature:
    """An ecosystem of agents that stand still, out of reach of each other's food, until a test moves them."""

    def __init__(self, agents: int = 4, terrain: TerrainSettings | None = None, seed: int = 1, **settings: Any) -> None:
        self.settings = WalkerSettings(
            terrain=terrain or TerrainSettings(style="flat"),
            ecosystem=EcosystemSettings(**{"food_sources": 2, **QUIET, **settings}),
        )
        workload = WalkerWorkload(agents, seed, self.settings)
        self.buffers = FrameBuffers(BufferLayout.of(workload, min(agents, 2)))
        self.life: Ecosystem = workload.make_settler(self.buffers)
        self.ground = workload._ground
        self.columns = list(workload.counters)
        self.current, self.published = self.buffers.current, self.buffers.published
        self.current["position"][:] = np.stack([self.ground.starts, np.full(agents, 100.0)], axis=1)
        self.frame = 0

    def settle(self, frames: int = 1) -> dict[str, int]:
        """Settle frames, and return the counters that are not 0."""
        self.buffers.counters[:] = 0
        for _ in range(frames):
            self.life.settle(self.frame)
            self.frame += 1
        counts = dict(zip(self.columns, self.buffers.counters.sum(axis=0).tolist(), strict=True))
        return {name: count for name, count in counts.items() if count}

    def place(self, agent: int, x: float, y: float) -> None:
        self.current["position"][agent] = (x, y)

    def put_food(self, *places: tuple[float, float]) -> None:
        """Place these food sources and no others, and let the ecosystem update what it derives from them."""
        self.published["food"][:] = np.inf
        self.published["food"][: len(places)] = places
        self.life._note_food()

    def energy(self) -> list[float]:
        energy: list[float] = self.published["energy"].tolist()
        return energy


def test_energy_falls_with_time_and_speed() -> None:
    nature = Nature()
    nature.current["speed"][:] = [0.0, 1.0, 2.5, 0.0]
    nature.published["energy"][3] = 0.00005 + 0.15
    nature.settle()
    # 1e-4 per frame, and 1e-3 per m/s.
    assert nature.energy() == pytest.approx([0.5 - 1e-4, 0.5 - 1.1e-3, 0.5 - 2.6e-3, 0.14995], abs=1e-12)


def test_the_immobile_rest() -> None:
    nature = Nature()
    nature.current["speed"][:] = 3.0
    nature.published["energy"][:] = [0.1499, 0.15, 0.0, 0.002]
    nature.settle()
    # Below 0.15 energy rises by 2e-4 whatever the speed; at 0.15 the robot moves and pays 3.1e-3.
    assert nature.energy() == pytest.approx([0.1501, 0.1469, 0.0002, 0.0022], abs=1e-12)


def test_energy_does_not_fall_below_zero() -> None:
    nature = Nature(immobile_below_energy=0.0)
    nature.published["energy"][:] = 0.001
    nature.current["speed"][:] = 2.0
    nature.settle()
    assert nature.energy() == [0.0] * 4


def test_energy_and_health_start_spread_over_their_bounds() -> None:
    nature = Nature(agents=10, energy_start=(0.1, 1.0), health_start=(0.01, 1.0))
    assert sorted(nature.energy()) == pytest.approx(np.linspace(0.1, 1.0, 10))
    assert nature.energy() != sorted(nature.energy())
    assert sorted(nature.life._health) == pytest.approx(np.linspace(0.01, 1.0, 10))
    defaults = EcosystemSettings()
    assert (defaults.energy_start, defaults.health_start) == ((0.1, 1.0), (0.01, 1.0))


@pytest.mark.parametrize(
    ("offset", "eats"), [((2.99, 0), True), ((0, -2.99), True), ((2.2, 2.2), False), ((3.01, 0), False)]
)
def test_a_robot_eats_within_three_metres(offset: tuple[float, float], eats: bool) -> None:
    nature = Nature()
    nature.put_food((50.0, 10.0))
    nature.place(2, 50.0 + offset[0], 10.0 + offset[1])
    counted = nature.settle()
    assert counted == ({"meals": 1} if eats else {})
    # A meal adds 0.3; the frame itself takes energy, too.
    assert nature.energy()[2] == pytest.approx(0.4999 + 0.3 * eats)
    assert nature.published["meals"].tolist() == [0, 0, int(eats), 0]
    assert np.isinf(nature.published["food"][0]).all() == eats


def test_a_meal_raises_energy_to_one_at_most() -> None:
    nature = Nature()
    nature.published["energy"][0] = 0.9
    nature.put_food((50.0, 10.0))
    nature.place(0, 50.0, 10.0)
    nature.settle()
    assert nature.energy()[0] == 1.0


@pytest.mark.parametrize(
    ("rivals", "winner"),
    [
        # Agents 1 and 2 lie in different shards of two.
        ({1: 1.0, 2: 0.9}, 2),
        ({1: 0.9, 2: 1.0}, 1),
        ({0: 2.0, 1: 1.5, 2: 1.25, 3: 2.5}, 2),
        # At equal distance the agent with the lowest number eats, on either side of the source.
        ({2: -1.0, 1: 1.0}, 1),
        ({1: -1.0, 2: 1.0}, 1),
        ({3: 0.5, 2: -0.5, 0: 2.0}, 2),
    ],
)
def test_the_nearest_rival_eats_and_at_a_tie_the_lowest_number(rivals: dict[int, float], winner: int) -> None:
    nature = Nature()
    nature.put_food((50.0, 10.0))
    for agent, offset in rivals.items():
        nature.place(agent, 50.0 + offset, 10.0)
    assert nature.settle() == {"meals": 1, "contested_meals": 1}
    assert nature.published["meals"].tolist() == [int(agent == winner) for agent in range(4)]


def test_the_dead_do_not_eat() -> None:
    nature = Nature(replacements_per_frame=1)
    nature.put_food((50.0, 10.0))
    nature.place(1, 50.0, 10.0)
    nature.place(2, 51.0, 10.0)
    nature.published["alive"][1] = 0
    assert nature.settle() == {"meals": 1}
    assert nature.published["meals"].tolist() == [0, 0, 1, 0]


def test_one_robot_between_two_sources_eats_both() -> None:
    nature = Nature()
    nature.put_food((50.0, 10.0), (52.0, 10.0))
    nature.place(0, 51.0, 10.0)
    nature.place(3, 54.0, 10.0)
    assert nature.settle() == {"meals": 2, "contested_meals": 1}
    assert nature.published["meals"].tolist() == [2, 0, 0, 0]


def test_an_eaten_source_regrows_elsewhere_after_its_time() -> None:
    nature = Nature(food_regrow_s=0.5, food_sources=3)  # 30 frames
    nature.put_food((50.0, 10.0), (-40.0, 0.0), (40.0, 0.0))
    nature.place(0, 50.0, 10.0)
    nature.settle()
    nature.place(0, 0.0, 100.0)
    nature.settle(29)
    assert np.isinf(nature.published["food"][0]).all()
    nature.settle()
    x, y = nature.published["food"][0]
    assert np.isfinite([x, y]).all()
    assert x != 50.0
    assert y == pytest.approx(float(nature.ground.height_at(np.array([x]))[0]) + nature.settings.senses.food_radius_m)
    assert nature.published["food"][1:].tolist() == [[-40, 0], [40, 0]]
    # A source that has regrown can be eaten again.
    nature.place(0, x, y)
    assert nature.settle() == {"meals": 1}


def test_sources_eaten_at_different_times_regrow_at_different_times() -> None:
    nature = Nature(food_regrow_s=0.5)
    nature.put_food((50.0, 10.0), (-50.0, 10.0))
    gone = []
    for frame in range(45):
        if frame == 0:
            nature.place(0, 50.0, 10.0)
        if frame == 10:
            nature.place(0, -50.0, 10.0)
        if frame == 11:
            nature.place(0, 0.0, 100.0)
        nature.settle()
        gone.append(np.isinf(nature.published["food"][:, 0]).tolist())
    first, second = np.array(gone).T
    assert np.flatnonzero(first).tolist() == list(range(30))
    assert np.flatnonzero(second).tolist() == list(range(10, 40))


def test_food_lies_on_the_ground_away_from_the_starts() -> None:
    nature = Nature(agents=20, terrain=TerrainSettings(), food_sources=200)
    x, y = nature.published["food"].T
    assert np.abs(x[:, None] - nature.ground.starts).min() >= 4.0
    assert x.min() >= -250
    assert x.max() <= 250
    np.testing.assert_allclose(y, nature.ground.height_at(x) + 0.5, rtol=0, atol=1e-12)
    assert len(set(x)) == 200


@pytest.mark.parametrize(
    ("energy", "health"),
    [(0.2, 0.499), (0.2499, 0.499), (0.26, 0.5), (0.69, 0.5), (0.702, 0.501), (1.0, 0.501)],
)
def test_health_follows_energy(energy: float, health: float) -> None:
    # -1e-3 below 0.25, +1e-3 above 0.7, for the energy that is left after the frame.
    nature = Nature()
    nature.published["energy"][:] = energy
    nature.settle()
    assert nature.life._health == pytest.approx([health] * 4)


def test_health_is_at_most_one() -> None:
    nature = Nature(energy_start=(1.0, 1.0), health_start=(1.0, 1.0))
    nature.settle()
    assert nature.life._health.tolist() == [1.0] * 4


def test_at_no_health_an_agent_dies_and_is_replaced() -> None:
    nature = Nature()
    nature.published["energy"][1] = 0.2
    nature.life._health[1] = 0.0035
    before = nature.published["genome"].copy()
    nature.published["meals"][:] = 7
    assert nature.settle(3) == {}
    # 0.0035 minus four times 0.001 is below 0.
    assert nature.settle() == {"deaths": 1, "replaced": 1}
    published = nature.published
    assert published["life"].tolist() == [0, 1, 0, 0]
    assert published["alive"].tolist() == [1, 1, 1, 1]
    assert (published["energy"][1], nature.life._health[1]) == (1.0, 1.0)
    assert published["position"][1, 0] == nature.ground.starts[1]
    assert not np.array_equal(published["genome"][1], before[1])
    np.testing.assert_array_equal(published["genome"][[0, 2, 3]], before[[0, 2, 3]])
    assert published["meals"].tolist() == [7] * 4, "meals are those of all lives"


def test_many_dead_are_replaced_a_few_per_frame_and_hidden_till_then() -> None:
    nature = Nature(agents=7, energy_start=(0.2, 0.2), health_start=(0.0005, 0.0005), replacements_per_frame=3)
    assert nature.settle() == {"deaths": 7, "replaced": 3}
    assert nature.published["life"].tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert nature.published["alive"].tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert np.isinf(nature.published["position"][3:]).all()
    assert np.isfinite(nature.published["position"][:3]).all()
    assert nature.settle() == {"replaced": 3}
    assert nature.settle() == {"replaced": 1}
    assert nature.settle() == {}
    assert nature.published["life"].tolist() == [1] * 7


def distances(nature: Nature, *metres: float) -> None:
    nature.current["position"][:, 0] = nature.ground.starts + metres


def test_a_generations_weakest_are_replaced_a_few_per_frame() -> None:
    nature = Nature(agents=10, generation_s=0.5, generation_share=0.35, replacements_per_frame=2)
    distances(nature, 5, -3, 8, 1, -4, 9, 0, 2, 7, 6)
    assert nature.settle(29) == {}
    # 35 % of 10 agents are 3: the fifth, the second and the seventh, in this order, two of them in the first frame.
    assert nature.settle() == {"generations": 1, "replaced": 2}
    assert np.flatnonzero(nature.published["life"]).tolist() == [1, 4]
    assert nature.settle() == {"replaced": 1}
    assert np.flatnonzero(nature.published["life"]).tolist() == [1, 4, 6]
    assert nature.settle(28) == {}
    # A shard would put a new life back at its start; the test does not, so the same three are the weakest again.
    assert nature.settle() == {"generations": 1, "replaced": 2}
    assert nature.life.statistics()["generation"] == 2


def test_a_generation_is_a_minute_by_default_and_replaces_a_tenth() -> None:
    defaults = EcosystemSettings()
    assert (defaults.generation_s, defaults.generation_share) == (60.0, 0.1)
    nature = Nature(agents=20, generation_s=60.0, energy_drain_per_frame=0.0)
    assert nature.settle(3599) == {}
    assert nature.settle() == {"generations": 1, "replaced": 2}


def test_an_agent_that_dies_at_a_generations_end_is_replaced_once() -> None:
    nature = Nature(agents=10, generation_s=0.5, generation_share=0.2, replacements_per_frame=5)
    distances(nature, *range(10))
    nature.settle(29)
    nature.published["energy"][0] = 0.2
    nature.life._health[0] = 0.0005
    # The first agent is dead, and so is not one of the weakest: these are 20 % of nine, one agent, the second.
    assert nature.settle() == {"deaths": 1, "generations": 1, "replaced": 2}
    assert nature.published["life"].tolist() == [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]


def test_an_agent_that_dies_while_it_waits_is_replaced_once() -> None:
    nature = Nature(agents=10, generation_s=0.5, generation_share=0.3, replacements_per_frame=1)
    distances(nature, *range(10))
    assert nature.settle(30) == {"generations": 1, "replaced": 1}
    nature.published["energy"][2] = 0.2
    nature.life._health[2] = 0.0005
    assert nature.settle() == {"deaths": 1, "replaced": 1}
    assert nature.settle(5) == {"replaced": 1}
    assert nature.published["life"].tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 0]


def test_the_agent_that_came_farthest_wins_a_tournament() -> None:
    nature = Nature(agents=6, tournament_size=50)
    distances(nature, 1, 2, 9, 4, 5, 3)
    nature.settle()
    # All six agents are among 50 entrants, except for one case in ten thousand; and the seed is fixed.
    assert {nature.life._tournament() for _ in range(20)} == {2}
    nature.published["alive"][2] = 0
    assert {nature.life._tournament() for _ in range(20)} == {4}


def test_tournaments_of_three_have_the_computed_probabilities() -> None:
    nature = Nature(agents=4)
    distances(nature, 0, 1, 2, 3)
    nature.settle()
    won = np.bincount([nature.life._tournament() for _ in range(4000)], minlength=4) / 4000
    # The best of three drawn with replacement from four: (k³ - (k - 1)³) / 64.
    np.testing.assert_allclose(won, np.array([1, 7, 19, 37]) / 64, atol=0.03)


def test_an_offspring_has_genes_of_tournament_winners() -> None:
    nature = Nature(agents=3, tournament_size=60)
    nature.settings = replace(nature.settings)
    nature.life._genome = replace(nature.settings.genome, mutation_share=0.0)
    nature.published["genome"][:] = [[0.9] * 10, [1.1] * 10, [1.0] * 10]
    distances(nature, 0, 50, 1)
    nature.settle()
    nature.life._enqueue(np.array([0]))
    assert nature.settle() == {"replaced": 1}
    assert nature.published["genome"][0].tolist() == [1.1] * 10


def test_positions_are_published_as_the_shards_wrote_them() -> None:
    nature = Nature()
    nature.current["position"][:] = [[1, 2], [3, 4], [5, 6], [7, 8]]
    nature.settle()
    assert nature.published["position"].tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]


def test_statistics_agree_with_a_computation_by_hand() -> None:
    nature = Nature()
    distances(nature, 4, -2, 10, 0)
    nature.current["reward_sum"][:] = [3, 1, 0, 2]
    nature.current["updates"][:] = [10, 10, 0, 4]
    nature.current["epsilon"][:] = [1.0, 0.5, 0.5, 0.2]
    nature.current["loss"][:] = [0.0, 0.4, 0.2, 0.2]
    nature.current["bodies"][:] = 6
    nature.put_food((nature.ground.starts[0] + 4, 100.0))
    nature.settle()
    assert nature.life.statistics() == pytest.approx(
        {
            "alive": 4, "generation": 0, "deaths": 0, "meals": 1, "best_distance_m": 10, "mean_distance_m": 3,
            "mean_reward": 6 / 24, "mean_epsilon": 0.55, "mean_loss": 0.2, "mean_energy": 0.4999 + 0.3 / 4,
            "bodies": 24,
        }
    )  # fmt: skip


def test_settings_in_seconds_use_the_profiles_frames_per_second() -> None:
    slow = WalkerSettings(physics=PhysicsSettings(frames_per_second=10), ecosystem=EcosystemSettings(generation_s=2.0))
    workload = WalkerWorkload(2, 1, slow)
    buffers = FrameBuffers(BufferLayout.of(workload, 1))
    life = workload.make_settler(buffers)
    for frame in range(20):
        assert life.statistics()["generation"] == 0
        life.settle(frame)
    assert life.statistics()["generation"] == 1


def test_equal_seeds_give_equal_worlds() -> None:
    published = [Nature(agents=5, seed=seed).published for seed in (1, 1, 2)]
    for name in ("genome", "food"):
        np.testing.assert_array_equal(published[0][name], published[1][name])
        assert not np.array_equal(published[0][name], published[2][name])
