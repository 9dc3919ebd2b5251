"""Walkers with one flipped bit. Spawned workers import this module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from walkerbench.workloads.contract import FrameBuffers
from walkerbench.workloads.walker import WalkerWorkload
from walkerbench.workloads.walker.shard import WalkerShard


@dataclass(frozen=True)
class FlippedWalkers(WalkerWorkload):
    """Walkers; at the end of one frame, the lowest bit of one number of one agent is flipped.

    Attributes:
        part: One parameter of the agent's brain, or the angular velocity of one of its wheels.
        agent: Whose.
        frame: When.
    """

    part: Literal["brain", "wheel"] = "brain"
    agent: int = 0
    frame: int = 0

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> Any:
        shard = super().make_shard(lo, hi, buffers, worker)
        return _FlippingShard(self, shard, self.agent - lo) if lo <= self.agent < hi else shard


class _FlippingShard:
    def __init__(self, workload: FlippedWalkers, shard: WalkerShard, row: int) -> None:
        self._workload = workload
        self._shard = shard
        self._row = row
        self.digest = shard.digest
        self.snapshot = shard.snapshot

    def phases(self) -> dict[str, Callable[[int], None]]:
        phases = self._shard.phases()
        name, last = list(phases.items())[-1]

        def last_then_flip(frame: int) -> None:
            last(frame)
            if frame == self._workload.frame:
                self._flip_brain() if self._workload.part == "brain" else self._flip_wheel()

        return {**phases, name: last_then_flip}

    def _flip_brain(self) -> None:
        self._shard._brains.parameters[self._row].view(np.uint32)[17] ^= 1

    def _flip_wheel(self) -> None:
        bodies = self._shard._worlds[self._row].bodies
        wheel = next(body for body in bodies for fixture in body if type(fixture.shape).__name__ == "b2CircleShape")
        speed = np.array([wheel.angularVelocity], np.float32)
        speed.view(np.uint32)[0] ^= 1
        wheel.angularVelocity = float(speed[0])
