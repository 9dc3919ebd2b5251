"""Random streams: one per agent, life and purpose; two streams never share their numbers."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What an agent's stream is for."""

    MORPHOLOGY = 0
    BRAIN = 1
    EXPLORATION = 2
    REPLAY = 3


EXPLORATIONS_AHEAD = 64
"""How many AI updates one call of a stream serves, so that Python is rarely needed."""

BATCHES_AHEAD = 16
"""The same for learning steps."""


class WorldStream(IntEnum):
    """What a stream of the whole environment is for."""

    TERRAIN = 0
    ECOSYSTEM = 1


def agent_stream(seed: int, agent: int, life: int, stream: Stream) -> np.random.Generator:
    """Return the random generator of one life of an agent, for one purpose."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(agent, life, int(stream))))


def world_stream(seed: int, stream: WorldStream) -> np.random.Generator:
    """Return a random generator of the whole environment, for one purpose."""
    # The spawn key has one element, and those of agents have three: so no stream is the same as an agent's.
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(stream),)))
