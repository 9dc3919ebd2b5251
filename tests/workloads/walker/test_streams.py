"""No two agents, lives or purposes share a random stream, and neighbouring seeds do not either."""

from __future__ import annotations

import numpy as np

from walkerbench.workloads.walker.streams import Stream, WorldStream, agent_stream, world_stream


def test_every_stream_is_one_of_its_own() -> None:
    begun = [
        agent_stream(seed, agent, life, stream).integers(2**63)
        for seed in (1, 2, 3)
        for agent in range(5)
        for life in range(3)
        for stream in Stream
    ]
    begun += [world_stream(seed, stream).integers(2**63) for seed in (1, 2, 3) for stream in WorldStream]
    assert len(begun) == 3 * 5 * 3 * 4 + 6
    assert len(set(begun)) == len(begun)


def test_a_stream_is_that_of_the_design() -> None:
    by_hand = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(3, 2, 1)))
    assert agent_stream(7, 3, 2, Stream.BRAIN).random(5).tolist() == by_hand.random(5).tolist()
