"""One seed gives one trajectory, equal to the bit, for every number of shards."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from herds import Herd
from lively import LIVELY, LIVELY_AGENTS, LIVELY_FRAMES

from walkerbench.workloads.walker.kernels.acting import act
from walkerbench.workloads.walker.settings import WalkerSettings


@cache
def trajectory(
    seed: int, shards: int, settings: WalkerSettings = LIVELY
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return digests every 60 frames `(checkpoints, agents, fields)`, counters by frame, and the last *published*."""
    herd = Herd(LIVELY_AGENTS, settings, seed, shards)
    digests, counted = [], []
    for frame in range(LIVELY_FRAMES):
        herd.step()
        counted.append(herd.counts.sum(axis=0))
        if frame % 60 == 59:
            digests.append(herd.digests())
    return np.array(digests), np.array(counted), {name: a.copy() for name, a in herd.buffers.published.items()}


@pytest.mark.parametrize("shards", [2, 3, LIVELY_AGENTS])
def test_any_number_of_shards_gives_the_same_bits(shards: int) -> None:
    assert_same_as_one_shard(trajectory(1, shards))


@pytest.mark.parametrize("hold_gil", [("agents", "physics"), ("agents",), ("physics",)], ids=", ".join)
def test_phases_that_hold_the_gil_give_the_same_bits(hold_gil: Any) -> None:
    settings = replace(LIVELY, hold_gil=hold_gil)
    called: Any = Herd(1, settings).shards[0]._act
    variant: Any = act.variant(hold_gil="agents" in hold_gil)
    assert called.func in [each.entry_point for each in variant.overloads.values()]
    assert_same_as_one_shard(trajectory(1, 1, settings))


def assert_same_as_one_shard(others: tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]) -> None:
    digests, counted, published = trajectory(1, 1)
    assert (counted.sum(axis=0) > 0).all(), "over a span in which everything happens"
    np.testing.assert_array_equal(others[0], digests)
    np.testing.assert_array_equal(others[1], counted)
    for name, values in published.items():
        np.testing.assert_array_equal(others[2][name], values, err_msg=name)


def test_the_same_seed_again_gives_the_same_bits() -> None:
    first = trajectory(1, 1)
    again = trajectory.__wrapped__(1, 1)
    np.testing.assert_array_equal(again[0], first[0])
    np.testing.assert_array_equal(again[1], first[1])


def test_another_seed_changes_every_digest_of_every_agent() -> None:
    digests, others = trajectory(1, 1)[0], trajectory(2, 1)[0]
    assert (digests != others).all()


def test_digests_change_from_checkpoint_to_checkpoint() -> None:
    bodies, brain, state = np.moveaxis(trajectory(1, 1)[0], 2, 0)
    assert (bodies[1:] != bodies[:-1]).all(), "every body moves"
    assert (brain[1:] != brain[:-1]).mean() > 0.5
    assert (state[1:] != state[:-1]).all()


def test_agents_do_not_share_digests() -> None:
    last = trajectory(1, 1)[0][-1]
    assert len(np.unique(last)) == last.size


@pytest.mark.parametrize("what", ["body", "brain", "energy"])
def test_one_changed_bit_changes_the_digest_of_one_agent_only(what: str) -> None:
    herd = Herd(4, LIVELY)
    herd.step(10)
    before = herd.digests()
    shard = herd.shards[0]
    if what == "body":
        wheel = herd.robots()[2].wheels[1]
        wheel.angularVelocity = float(np.nextafter(np.float32(wheel.angularVelocity), np.float32(np.inf)))
    elif what == "brain":
        shard._brains.parameters[2].view(np.uint32)[1234] ^= 1
    else:
        herd.buffers.published["energy"][2:3].view(np.uint64)[0] ^= 1
    changed = herd.digests() != before
    expected = np.zeros_like(changed)
    expected[2, ["body", "brain", "energy"].index(what)] = True
    np.testing.assert_array_equal(changed, expected)
