"""Walkers without a mode: buffers, settler and shards, which a test steps one after the other."""

from __future__ import annotations

import numpy as np

from walkerbench.workloads.contract import BufferLayout, FrameBuffers, shard_bounds
from walkerbench.workloads.walker import WalkerSettings, WalkerWorkload
from walkerbench.workloads.walker.ecosystem import Ecosystem
from walkerbench.workloads.walker.robot import RobotBody
from walkerbench.workloads.walker.settings import BrainSettings, EcosystemSettings, TerrainSettings

SMALL_BRAIN = BrainSettings(hidden_units=(8,), head_units=4, replay_capacity=64)
"""Small brains, for tests that need brains but do not test them."""

PLAIN = WalkerSettings(terrain=TerrainSettings(style="flat", obstacle_half_height_m=0.001), brain=SMALL_BRAIN)
"""Flat ground, almost no obstacles, small brains."""

IDLE = EcosystemSettings(
    energy_drain_per_frame=0.0,
    energy_drain_per_m_s=0.0,
    energy_start=(1.0, 1.0),
    health_start=(1.0, 1.0),
    generation_share=0.0,
)
"""An ecosystem in which agents spend no energy and never die."""


class Herd:
    """Agents split into shards, in this process.

    Args:
        agents: How many.
        settings: Of the environment.
        seed: Of every stream.
        shards: How many.
    """

    def __init__(self, agents: int, settings: WalkerSettings, seed: int = 1, shards: int = 1) -> None:
        self.workload = WalkerWorkload(agents, seed, settings)
        self.buffers = FrameBuffers(BufferLayout.of(self.workload, shards))
        self.ecosystem: Ecosystem = self.workload.make_settler(self.buffers)
        self.bounds = shard_bounds(agents, shards)
        self.shards = [
            self.workload.make_shard(lo, hi, self.buffers, worker) for worker, (lo, hi) in enumerate(self.bounds)
        ]
        self.frame = 0
        self.counts = np.zeros_like(self.buffers.counters)

    @property
    def last(self) -> dict[str, int]:
        """Return the counts of the last frame."""
        return dict(zip(self.workload.counters, self.counts.sum(axis=0).tolist(), strict=True))

    def last_of(self, shard: int) -> dict[str, int]:
        """Return the counts of one shard in the last frame."""
        return dict(zip(self.workload.counters, self.counts[shard].tolist(), strict=True))

    def robots(self) -> list[RobotBody]:
        """Return the robots of the first shard that are alive."""
        return [robot for robot in self.shards[0]._robots if robot is not None]

    def work(self) -> None:
        """Do the shards' part of a frame."""
        self.buffers.counters[:] = 0
        for shard in self.shards:
            for phase in shard.phases().values():
                phase(self.frame)

    def settle(self) -> None:
        """Do the settler's part of a frame."""
        self.ecosystem.settle(self.frame)
        self.counts[:] = self.buffers.counters
        self.frame += 1

    def step(self, frames: int = 1) -> None:
        """Run whole frames."""
        for _ in range(frames):
            self.work()
            self.settle()

    def digests(self) -> np.ndarray:
        """Return the present digests of every agent, `(agents, digest fields)`."""
        for shard in self.shards:
            shard.digest()
        return self.buffers.digests.copy()
