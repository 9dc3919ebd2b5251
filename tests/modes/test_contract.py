"""The contract test of the modes, on the real environment: where a shard runs changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pytest
from flipped_walkers import FlippedWalkers
from leftovers import nothing_left_behind
from lively import LIVELY, LIVELY_AGENTS, LIVELY_FRAMES

from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.workloads.walker import WalkerWorkload

CHECKPOINT_EVERY = 60
FLIP_FRAMES = 8
FLIPPED_AGENT = LIVELY_AGENTS - 3  # in the last shard of two


@dataclass
class Trajectory:
    """The results of a run, to be compared bit by bit: all that shards and settler wrote."""

    checkpoints: list[bytes | None] = field(default_factory=list)
    published: list[dict[str, bytes]] = field(default_factory=list)
    statistics: list[dict[str, float]] = field(default_factory=list)
    counts: list[list[int]] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)
    digests: np.ndarray | None = field(default=None, compare=False)

    def take(self, environment: TrainingEnvironment) -> None:
        self.checkpoints.append(environment.checkpoint())
        self.published.append({name: array.tobytes() for name, array in environment.buffers.published.items()})
        self.statistics.append(environment.statistics())
        self.totals = environment.counters
        self.digests = environment.buffers.digests.copy()


def run(
    mode: str,
    workers: int,
    frames: int = LIVELY_FRAMES,
    workload: WalkerWorkload | None = None,
    toggle_every: int | None = None,
) -> Trajectory:
    workload = workload or WalkerWorkload(LIVELY_AGENTS, 1, LIVELY)
    trajectory = Trajectory()
    with (
        nothing_left_behind(),
        TrainingEnvironment(mode=mode, num_workers=workers, workload=workload) as environment,
    ):
        for frame in range(frames):
            if toggle_every is not None and frame % toggle_every == 0:
                environment.toggle_threading()
            environment.step()
            trajectory.counts.append(environment.frame_counts.tolist())
            if environment.frame % min(frames, CHECKPOINT_EVERY) == 0:
                trajectory.take(environment)
    return trajectory


def assert_equal(trajectory: Trajectory, reference: Trajectory) -> None:
    assert trajectory.checkpoints == reference.checkpoints
    assert trajectory.published == reference.published
    assert trajectory.statistics == reference.statistics
    assert trajectory.counts == reference.counts
    assert trajectory.totals == reference.totals


@pytest.fixture(scope="module")
def reference() -> Trajectory:
    return run("sequential", 1)


@pytest.fixture(scope="module")
def unflipped() -> Trajectory:
    return run("sequential", 1, FLIP_FRAMES)


def test_the_compared_run_has_every_kind_of_event(reference: Trajectory) -> None:
    assert len(reference.checkpoints) == len(set(reference.checkpoints)) == LIVELY_FRAMES // CHECKPOINT_EVERY
    assert all(total > 0 for total in reference.totals.values()), reference.totals
    assert reference.totals["contested_meals"] > 1


@pytest.mark.parametrize(
    ("mode", "workers"),
    [
        ("sequential", 1),
        ("sequential", 2),
        ("sequential", 3),
        ("sequential", LIVELY_AGENTS),
        ("threaded", 1),
        ("threaded", 2),
        ("threaded", 3),
        ("threaded", LIVELY_AGENTS),
        ("process", 1),
        ("process", 2),
        ("process", 3),
        ("process", 7),
        pytest.param("process", LIVELY_AGENTS, marks=pytest.mark.slow),
    ],
)
def test_every_mode_and_number_of_workers_gives_equal_bits(reference: Trajectory, mode: str, workers: Any) -> None:
    assert_equal(run(mode, workers), reference)


def test_another_seed_gives_other_bits(reference: Trajectory) -> None:
    other = run("sequential", 2, CHECKPOINT_EVERY, WalkerWorkload(LIVELY_AGENTS, 2, LIVELY))
    assert other.checkpoints[0] != reference.checkpoints[0]


def test_toggling_threads_between_frames_changes_no_trajectory(reference: Trajectory) -> None:
    assert_equal(run("threaded", 3, toggle_every=7), reference)


@pytest.mark.parametrize("part", ["brain", "wheel"])
@pytest.mark.parametrize("mode", ["sequential", "threaded", "process"])
def test_one_flipped_bit_in_a_worker_changes_the_digest(
    unflipped: Trajectory, mode: str, part: Literal["brain", "wheel"]
) -> None:
    workload = FlippedWalkers(LIVELY_AGENTS, 1, LIVELY, part, FLIPPED_AGENT, FLIP_FRAMES - 1)
    flipped = run(mode, 2, FLIP_FRAMES, workload)
    assert flipped.checkpoints != unflipped.checkpoints
    # Only the digest of the flipped part of the flipped agent differs.
    column = workload.digest_fields.index({"brain": "brain", "wheel": "bodies"}[part])
    assert np.argwhere(flipped.digests != unflipped.digests).tolist() == [[FLIPPED_AGENT, column]]


def test_a_bit_flipped_early_still_shows_at_the_end(unflipped: Trajectory) -> None:
    flipped = run("sequential", 2, FLIP_FRAMES, FlippedWalkers(LIVELY_AGENTS, 1, LIVELY, "wheel", FLIPPED_AGENT, 0))
    assert flipped.checkpoints != unflipped.checkpoints


def test_a_workload_that_flips_no_bit_gives_equal_bits(unflipped: Trajectory) -> None:
    assert run("process", 2, FLIP_FRAMES, FlippedWalkers(LIVELY_AGENTS, 1, LIVELY, "brain", 0, -1)) == unflipped
