"""Random streams: one per agent, life and purpose, never shared and never neighbours."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What an agent's stream is for."""

    MORPHOLOGY = 0
    BRAIN = 1
    EXPLORATION = 2
    REPLAY = 3


class WorldStream(IntEnum):
    """What a stream of the whole environment is for."""

    TERRAIN = 0
    ECOSYSTEM = 1


def agent_stream(seed: int, agent: int, life: int, stream: Stream) -> np.random.Generator:
    """Return the generator of one agent's one life for one purpose."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(agent, life, int(stream))))


def world_stream(seed: int, stream: WorldStream) -> np.random.Generator:
    """Return the generator of the whole environment for one purpose."""
    # One element of spawn key where agents have three: these streams can never coincide with an agent's.
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(stream),)))
