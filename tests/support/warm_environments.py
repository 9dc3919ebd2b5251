"""Environments of walkerbench that have run long enough to be measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.workloads.walker import WalkerSettings, WalkerWorkload

WARMUP = 300  # frames: from 128 on agents learn
PERIOD = 40  # frames after which the schedule of updates and learning begins again


def started(
    agents: int, mode: str = "sequential", workers: int | None = None, settings: WalkerSettings | None = None
) -> TrainingEnvironment:
    """Return an environment of walkers after its warm-up; the caller must stop it."""
    workload = WalkerWorkload(agents, settings=settings or WalkerSettings())
    environment = TrainingEnvironment(mode=mode, num_workers=workers, workload=workload)
    environment.start()
    for _ in range(WARMUP):
        environment.step()
    return environment


@contextmanager
def stopping(*environments: TrainingEnvironment) -> Iterator[None]:
    """Stop environments when the block ends."""
    with ExitStack() as stack:
        for environment in environments:
            stack.callback(environment.stop)
        yield


def frame_s(environment: TrainingEnvironment, frames: int = PERIOD) -> float:
    """Return the mean time of a frame over so many frames, s."""
    return sum(environment.step().wall_ns for _ in range(frames)) / frames / 1e9
