"""Speed of the modes with Gymnasium environments, as a ratio to other packages' vectors, measured in turn."""

from __future__ import annotations

import functools
import importlib.util
import statistics
import time
from typing import Any

import pytest
from pairs import at_least, at_most, shown

pytest.importorskip("gymnasium")

from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from peer_environments import Contenders

from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.system.resources import allowed_cores
from walkerbench.workloads.specs import find_factory

pytestmark = pytest.mark.ratio

AGENTS = 60
FRAMES = 30  # of each contender in turn
ROUNDS = 20


@pytest.mark.skipif(allowed_cores() < 2, reason="needs 2 cores")
@pytest.mark.parametrize(("env_id", "needs"), [("BipedalWalker-v3", "Box2D"), ("Ant-v5", "mujoco")])
def test_the_modes_against_the_vectors_of_others(keep: Any, env_id: str, needs: str) -> None:
    pytest.importorskip(needs)
    with Contenders(env_id, AGENTS) as contenders:
        contenders.add_vector(SyncVectorEnv)
        contenders.add_vector(AsyncVectorEnv)
        if importlib.util.find_spec("stable_baselines3") is not None:
            contenders.add_subproc_vec_env()
        for mode, workers in (("sequential", None), ("threaded", 2), ("process", 2)):
            contenders.add_mode(mode, workers)
        times = contenders.measure(rounds=ROUNDS, frames=FRAMES)
    sync, by_process = times.pop("SyncVectorEnv"), times["process"]
    against = {name: [a / b for a, b in zip(sync, each, strict=True)] for name, each in times.items()}
    keep(
        *(shown(f"{env_id}: {name} / SyncVectorEnv", values) for name, values in against.items()),
        at_least(
            f"{env_id}: process / AsyncVectorEnv",
            [a / b for a, b in zip(times["AsyncVectorEnv"], by_process, strict=True)],
            2.0 if env_id == "BipedalWalker-v3" else 1.0,
        ),
    )


@pytest.mark.parametrize("env_id", ["CartPole-v1", "BipedalWalker-v3"])
def test_one_loop_against_another(keep: Any, env_id: str) -> None:
    """Both run alone in their process: after sixty other processes, the first of them would find empty caches."""
    with Contenders(env_id, AGENTS) as contenders:
        contenders.add_vector(SyncVectorEnv)
        contenders.add_mode("sequential")
        times = contenders.measure(rounds=2 * ROUNDS, frames=FRAMES // 3)
    values = [a / b for a, b in zip(times["SyncVectorEnv"], times["sequential"], strict=True)]
    keep(at_least(f"{env_id}: sequential / SyncVectorEnv, alone", values, 0.97))


@pytest.mark.parametrize("mode", ["sequential", "threaded", "process"])
def test_what_a_frame_of_nothing_takes(keep: Any, mode: str) -> None:
    factory = find_factory("nothing_to_step:Nothing")
    workload = factory(AGENTS, 1, factory.settings_class())
    workers = None if mode == "sequential" else 2
    whole, crossing, rest = [], [], []
    with TrainingEnvironment(mode=mode, num_workers=workers, workload=workload) as environment:
        for number in range(41):
            begun = time.process_time()
            timings = [environment.step() for _ in range(500)]
            spent = time.process_time() - begun
            if number:  # the first round warms up
                between = [each.dispatch_ns + each.barrier_wait_ns for each in timings]
                frames = [each.wall_ns for each in timings]
                whole.append(spent / len(timings) * 1e6)
                crossing.append(statistics.median(between) / 1e3)
                rest.append(statistics.median(a - b for a, b in zip(frames, between, strict=True)) / 1e3)
    at_30 = functools.partial(at_most, limit=30)
    keep(
        (at_30 if mode == "sequential" else shown)(f"CPU time of a frame of nothing in the parent, {mode}, µs", whole),
        shown(f"dispatch and barrier of a frame of nothing, {mode}, µs", crossing),
        # In threaded mode this time includes the parent's waiting for the GIL.
        (shown if mode == "threaded" else at_30)(f"what else a frame of nothing takes, {mode}, µs", rest),
    )
