"""A tiny workload whose shards do their work, or misbehave as a test asks. Spawned workers import this module."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from threadpoolctl import threadpool_info

from walkerbench.workloads.contract import Field, FrameBuffers, Workload
from walkerbench.workloads.digests import digest64
from walkerbench.workloads.main_phase import MainPhase

BUILDING, DIGESTING, DRAWING = -1, -2, -3
"""Values of `WorkerFault.frame`: while the shard is built, while it digests, while it writes its snapshot."""

release = threading.Event()
"""The event that a hung shard waits for; a test sets it to end hung threads of this process."""


@dataclass(frozen=True)
class WorkerFault:
    """What the shard that holds an agent does in a frame, in its first phase."""

    what: Literal["raise", "hang", "kill", "signal", "exit", "exit on SIGUSR1", "flip", "disable gc", "collect garbage"]
    agent: int
    frame: int
    argument: int = 0
    """The signal to die of or to go on after, or the status to exit with, or the bit to flip."""


@dataclass(frozen=True)
class ToyWorkload(Workload):
    """Agents that each are one number; every frame mixes it with the published sum of all numbers."""

    num_agents: int = 6
    seed: int = 1
    worker_faults: tuple[WorkerFault, ...] = ()
    agent_bytes: int = 1000
    bodies: int = 0
    most_bodies: int = 10
    watch_blas: bool = False
    ballast_bytes: int = 0

    name = "toy"
    phases = ("mix", "move")
    main_phase = MainPhase("mix", "mixing")
    settle_phase = "sum up"
    counters = ("mixed", "moved", "settled")
    frame_counters = ("mixed",)
    digest_fields = ("number",)

    def fields(self) -> tuple[Field, ...]:
        return (
            Field("current", "number", "uint64"),
            Field("current", "blas_threads", "int64"),
            Field("current", "thread", "int64"),
            Field("current", "ballast", "uint8", (self.ballast_bytes,), per_agent=False),
            Field("published", "total", "uint64", (1,), per_agent=False),
        )

    def bytes_per_agent(self) -> int:
        return self.agent_bytes

    def resource_limits(self) -> dict[str, float]:
        return {"bodies": self.most_bodies}

    def snapshot_fields(self) -> tuple[Field, ...]:
        return (Field("snapshot", "number", "uint64"),)

    def make_settler(self, buffers: FrameBuffers) -> ToySettler:
        return ToySettler(self, buffers)

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> ToyShard:
        return ToyShard(self, lo, hi, buffers, worker)


class ToySettler:
    """Publishes the sum of all numbers."""

    def __init__(self, workload: ToyWorkload, buffers: FrameBuffers) -> None:
        self._workload = workload
        self._buffers = buffers
        buffers.published["total"][0] = 7

    def settle(self, frame: int) -> None:
        self._buffers.published["total"][0] = self._buffers.current["number"].sum()
        self._buffers.counters[-1, 2] += 1

    def statistics(self) -> dict[str, float]:
        return {"bodies": self._workload.bodies}


class ToyShard:
    """Agents `lo:hi`."""

    def __init__(self, workload: ToyWorkload, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> None:
        self._workload = workload
        self._lo = lo
        self._numbers = buffers.current["number"][lo:hi]
        self._blas_threads = buffers.current["blas_threads"][lo:hi]
        self._thread = buffers.current["thread"][lo:hi]
        self._total = buffers.published["total"]
        self._counts = buffers.counters[worker]
        self._digests = buffers.digests[lo:hi]
        self._drawn = buffers.snapshot["number"][lo:hi]
        self._worker_faults = [deed for deed in workload.worker_faults if lo <= deed.agent < hi]
        for row, agent in enumerate(range(lo, hi)):
            self._numbers[row] = np.random.default_rng([workload.seed, agent]).integers(1 << 63)
        self._be_faulty(BUILDING)

    def phases(self) -> dict[str, Callable[[int], None]]:
        return {"mix": self.mix, "move": self.move}

    def mix(self, frame: int) -> None:
        self._numbers *= np.uint64(6364136223846793005)
        self._numbers += self._total[0]
        self._counts[0] += len(self._numbers)
        self._be_faulty(frame)

    def move(self, frame: int) -> None:
        self._numbers ^= self._numbers >> np.uint64(7)
        self._counts[1] += len(self._numbers)
        self._thread[:] = threading.get_native_id()
        if self._workload.watch_blas:
            self._blas_threads[:] = blas_threads()

    def digest(self) -> None:
        self._be_faulty(DIGESTING)
        for row in range(len(self._numbers)):
            self._digests[row, 0] = digest64(self._numbers[row : row + 1])

    def snapshot(self) -> None:
        self._be_faulty(DRAWING)
        self._drawn[:] = self._numbers

    def _be_faulty(self, frame: int) -> None:
        for deed in self._worker_faults:
            if deed.frame == frame:
                self._commit(deed)

    def _commit(self, deed: WorkerFault) -> None:
        match deed.what:
            case "raise":
                raise ArithmeticError(f"agent {deed.agent} cannot go on")
            case "hang":
                release.wait()
            case "kill":
                os.kill(os.getpid(), deed.argument or signal.SIGKILL)
                release.wait()  # a signal's delivery may take a moment
            case "signal":
                os.kill(os.getpid(), deed.argument)
            case "exit":
                os._exit(deed.argument)
            case "exit on SIGUSR1":
                signal.signal(signal.SIGUSR1, lambda *_: os._exit(deed.argument))
            case "flip":
                self._numbers[deed.agent - self._lo] ^= np.uint64(1) << np.uint64(deed.argument)
            case "disable gc":
                gc.disable()
            case "collect garbage":
                gc.collect()


def blas_threads() -> int:
    """Return the most threads that any BLAS library of this process may use."""
    return max(int(pool["num_threads"]) for pool in threadpool_info() if pool["user_api"] == "blas")
