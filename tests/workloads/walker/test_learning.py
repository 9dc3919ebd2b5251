"""Robots that learn come farther than robots that do not learn.

`pytest -m slow tests/workloads/walker/test_learning.py --log-cli-level=INFO` shows the distances.
"""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from walkerbench.modes.contract import ModeServices
from walkerbench.modes.faults import Faults
from walkerbench.modes.sequential import SequentialMode
from walkerbench.modes.thread_pool import ThreadPoolManager
from walkerbench.workloads.walker import WalkerSettings, WalkerWorkload
from walkerbench.workloads.walker.settings import BrainSettings, EcosystemSettings, ScheduleSettings, TerrainSettings

AGENTS = 24
FRAMES = 43_200
MINUTE = 3_600

LEARNING = WalkerSettings(
    # Flat ground with almost no obstacles, so wide that no agent reaches its edge.
    terrain=TerrainSettings(
        style="flat", x_min_m=-2500, x_max_m=2500, obstacle_spacing_m=5000, obstacle_half_height_m=0.001
    ),
    # Actions are longer, each has a learning step, and the discount is smaller, so that brains learn in twelve minutes.
    schedule=ScheduleSettings(ai_interval_frames=12, learn_interval_updates=1),
    brain=BrainSettings(epsilon_decay=0.998, epsilon_end=0.05, discount=0.95),
    # Brains are kept: no energy is spent, no agent dies, and no generation ends a life.
    ecosystem=EcosystemSettings(
        energy_drain_per_frame=0, energy_drain_per_m_s=0, immobile_below_energy=0, health_step_per_frame=0,
        generation_share=0,
    ),
)  # fmt: skip


def last_minute_m(settings: WalkerSettings, seed: int) -> np.ndarray:
    """Return `(agents,)` how far forward each agent comes in the last simulated minute of a run, m."""
    mode = SequentialMode(ModeServices(Faults(), ThreadPoolManager))
    settler = mode.start(WalkerWorkload(AGENTS, seed, settings), 1)
    falls = mode.buffers.counters[:, list(WalkerWorkload.counters).index("falls")]
    x = mode.buffers.current["position"][:, 0]
    before = x.copy()
    try:
        for frame in range(FRAMES):
            if frame == FRAMES - MINUTE:
                before[:] = x
            mode.dispatch(frame)
            mode.wait(frame)
            settler.settle(frame)
        assert falls.sum() == 0, "a robot put back at its start makes distances meaningless"
        way: np.ndarray = x - before
        return way
    finally:
        mode.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_robots_that_learn_come_farther_than_those_that_do_not(seed: int) -> None:
    trained = last_minute_m(LEARNING, seed)
    # Neither one that acts at random throughout, nor one that follows the brain it was born with.
    random = last_minute_m(replace(LEARNING, brain=replace(LEARNING.brain, learning=False)), seed)
    born = replace(LEARNING.brain, learning=False, epsilon_start=0.05)
    untaught = last_minute_m(replace(LEARNING, brain=born), seed)
    logging.getLogger(__name__).info(
        "seed %d, metres in the last minute, mean of %d agents: learning %.1f (of them %d forward); "
        "at random %.1f; untaught %.1f",
        seed, AGENTS, trained.mean(), (trained > 0).sum(), random.mean(), untaught.mean(),
    )  # fmt: skip
    assert trained.mean() > 0
    assert trained.mean() > random.mean()
    assert trained.mean() > untaught.mean()
