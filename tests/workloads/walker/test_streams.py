"""No two agents, lives or purposes share a random stream, and two neighbouring seeds share none."""

from __future__ import annotations

import numpy as np

from walkerbench.workloads.walker.streams import Stream, WorldStream, agent_stream, world_stream


def test_no_two_streams_are_equal() -> None:
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


def test_a_stream_has_the_numbers_of_the_design() -> None:
    by_hand = np.random.default_rng(np.random.SeedSequence(7, spawn_key=(3, 2, 1)))
    assert agent_stream(7, 3, 2, Stream.BRAIN).random(5).tolist() == by_hand.random(5).tolist()
