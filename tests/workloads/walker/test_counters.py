"""Every event that the walker counts really happens in a run."""

from __future__ import annotations

import numpy as np
import pytest
from herds import Herd
from lively import LIVELY, LIVELY_AGENTS, LIVELY_FRAMES, LIVELY_SEEDS

from walkerbench.workloads.walker import WalkerSettings

COUNTERS = {
    "ai_updates", "physics_only", "immobilised", "learned", "target_copies", "recovered", "falls",
    "meals", "contested_meals", "deaths", "replaced", "generations",
}  # fmt: skip


def run(herd: Herd, frames: int) -> tuple[dict[str, int], int]:
    """Return the total of each counter, and how many meals agents of different shards contested."""
    totals = np.zeros(len(herd.workload.counters), np.int64)
    firsts = [lo for lo, _ in herd.bounds]
    reach = herd.workload.settings.ecosystem.eat_within_m
    contested_across = 0
    for _ in range(frames):
        herd.work()
        positions, food = herd.buffers.current["position"], herd.buffers.published["food"]
        near = np.linalg.norm(positions[:, None] - food, axis=2) < reach
        near &= (herd.buffers.published["alive"] != 0)[:, None]
        for source in np.flatnonzero(near.sum(axis=0) > 1):
            rivals = np.flatnonzero(near[:, source])
            contested_across += len(set(np.searchsorted(firsts, rivals, side="right"))) > 1
        herd.settle()
        totals += herd.counts.sum(axis=0)
    return dict(zip(herd.workload.counters, totals.tolist(), strict=True)), contested_across


def check_sums(totals: dict[str, int]) -> None:
    """Assert relations between the counters that hold in every run."""
    assert totals["learned"] <= totals["ai_updates"]
    assert totals["target_copies"] < totals["learned"]
    assert totals["recovered"] <= totals["immobilised"]
    assert totals["contested_meals"] <= totals["meals"]
    assert totals["replaced"] >= totals["deaths"]


@pytest.mark.parametrize("seed", LIVELY_SEEDS)
@pytest.mark.parametrize("shards", [2, 3])
def test_every_counter_rises_in_the_lively_environment(seed: int, shards: int) -> None:
    assert LIVELY_FRAMES < 1000
    totals, contested_across = run(Herd(LIVELY_AGENTS, LIVELY, seed, shards), LIVELY_FRAMES)
    assert set(totals) == COUNTERS
    assert not [name for name, count in totals.items() if count == 0]
    assert contested_across > 0
    check_sums(totals)


def test_every_counter_rises_in_a_minute_of_the_default_profile() -> None:
    totals, contested_across = run(Herd(60, WalkerSettings(), shards=3), 3600)
    assert not [name for name, count in totals.items() if count == 0]
    assert contested_across > 0
    check_sums(totals)
    # In every frame each living agent is counted as exactly one of the three.
    accounted = totals["ai_updates"] + totals["physics_only"] + totals["immobilised"]
    assert 0 <= 60 * 3600 - accounted <= 10 * totals["deaths"]
