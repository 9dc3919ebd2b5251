"""The profile `bottleneck` holds its promise on any core known: sequential mode takes more than 200 ms for a frame."""

from __future__ import annotations

import dataclasses
import itertools

from walkerbench.profile.loading import load_profile
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.workloads.walker import WalkerSettings
from walkerbench.workloads.walker.kernels.records import OBSERVATION_SIZE
from walkerbench.workloads.walker.network import NetworkPlan

BOTTLENECK = load_profile("bottleneck")
SETTINGS: WalkerSettings = BOTTLENECK.environment
LIMIT_S = 0.2
FASTEST_CORE_GFLOP_S = 365
"""The peak of a core with two AVX-512 units: 64 float32 products and sums in a cycle, at 5.7 GHz.

No x86 core known to us has more; units for matrices, such as Apple's, are left out."""
LEARNERS = 50
"""Agents that learn in every judged frame, at least; the others have too little energy to move."""


def gflop_of_a_learning_step() -> float:
    """Return how many products and sums, in 1e9, the matrix products of one agent's learning step have."""
    plan = NetworkPlan.of(SETTINGS.brain, OBSERVATION_SIZE, len(SETTINGS.action.pairs))
    first, *others = (rows * columns for rows, columns in plan.shapes)
    # Both states through the network, one through the target network; derivatives of weights, and of inputs of all
    # layers but the first.
    products = 4 * first + 5 * sum(others)
    return 2 * SETTINGS.brain.batch_size * products / 1e9


def test_no_core_known_does_a_frame_within_the_limit() -> None:
    assert LEARNERS * gflop_of_a_learning_step() > LIMIT_S * FASTEST_CORE_GFLOP_S


def test_nearly_every_agent_learns_in_every_judged_frame() -> None:
    # The size of a brain changes how long an agent learns, and not whether it may.
    brain = dataclasses.replace(SETTINGS.brain, hidden_units=(4,), head_units=4, batch_size=4)
    light = dataclasses.replace(BOTTLENECK, environment=dataclasses.replace(SETTINGS, brain=brain))
    (stage,) = light.stages
    assert stage.frames == 72
    learned = []
    with TrainingEnvironment(mode="sequential", num_workers=1, workload=light.make_workload(stage)) as environment:
        for _ in range(stage.frames):
            environment.step()
            learned.append(environment.counters["learned"])
    judged = itertools.pairwise(learned[light.warmup - 1 :])
    assert min(after - before for before, after in judged) >= LEARNERS


def test_a_slow_machine_is_judged_and_not_stopped() -> None:
    # Sequential frames take about 1 s on the cores measured; the guide's limit for an emergency is 2 s.
    assert BOTTLENECK.safeguards.slow_frame_s == 10.0
    assert {str(criterion) for criterion in BOTTLENECK.criteria} == {
        "frame_ms.max < 200",
        "agent_processing_ms.max < 200",
        "emergency_shutdowns == 0",
    }
