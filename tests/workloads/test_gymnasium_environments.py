"""Gymnasium's environments are a workload with the results of SyncVectorEnv, for every number of shards."""

from __future__ import annotations

import itertools
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium", reason="needs the extra gymnasium")

from gymnasium.spaces import Box, Discrete, MultiBinary  # noqa: E402
from gymnasium.vector import SyncVectorEnv  # noqa: E402
from gymnasium.vector.utils import concatenate, create_empty_array, iterate  # noqa: E402

from walkerbench.errors import UsageError  # noqa: E402
from walkerbench.running.training_environment import TrainingEnvironment  # noqa: E402
from walkerbench.workloads.contract import BufferLayout, FrameBuffers, Workload, shard_bounds  # noqa: E402
from walkerbench.workloads.gymnasium_environments import GymnasiumSettings  # noqa: E402
from walkerbench.workloads.gymnasium_shard import GymnasiumShard, environment_seed, random_actions  # noqa: E402
from walkerbench.workloads.specs import find_factory  # noqa: E402

AGENTS = 5
OWN = "gymnasium:own_environments"


def made(spec: str, agents: int = AGENTS, seed: int = 1, policy: str | None = None, **arguments: Any) -> Workload:
    return find_factory(spec, arguments)(agents, seed, GymnasiumSettings(policy=policy))


def shards_of(workload: Workload, workers: int) -> tuple[list[GymnasiumShard], FrameBuffers]:
    buffers = FrameBuffers(BufferLayout.of(workload, workers))
    bounds = shard_bounds(workload.num_agents, workers)
    shards = [workload.make_shard(*agents, buffers, worker) for worker, agents in enumerate(bounds)]
    return shards, buffers  # type: ignore[return-value]


def bits(observation: Any) -> Any:
    if isinstance(observation, Mapping):
        return {key: bits(value) for key, value in observation.items()}
    array = np.asarray(observation)
    return array.dtype.str, array.shape, array.tobytes()


@pytest.mark.promise("verdicts", "Gymnasium's environments give what SyncVectorEnv gives, to the bit.")
@pytest.mark.parametrize(
    ("env_id", "needs", "frames"),
    [
        ("CartPole-v1", None, 200),
        ("BipedalWalker-v3", "Box2D", 200),
        ("own_environments:Lottery-v2", None, 100),
        ("own_environments:OneStep-v2", None, 20),
        ("Ant-v5", "mujoco", 150),
        ("ale_py:ALE/Pong-v5", "ale_py", 30),
    ],
)
def test_results_are_those_of_sync_vector_env(env_id: str, needs: str | None, frames: int) -> None:
    if needs is not None:
        pytest.importorskip(needs)
    shards, _ = shards_of(made(f"gymnasium:{env_id}"), 2)
    peer = SyncVectorEnv([lambda: gymnasium.make(env_id)] * AGENTS)
    space = peer.single_action_space
    actions: Any = create_empty_array(space, AGENTS)
    observations, _ = peer.reset(seed=[environment_seed(1, agent) for agent in range(AGENTS)])
    over = 0
    for frame in range(frames):
        seen = [each for shard in shards for each in shard.observations]
        theirs = list(iterate(peer.observation_space, observations))
        assert [*map(bits, seen)] == [*map(bits, theirs)], frame
        for phase in (phase for shard in shards for phase in shard.phases().values()):
            phase(frame)
        chosen = [each for shard in shards for each in shard.actions]
        observations, rewards, terminated, truncated, _ = peer.step(concatenate(space, chosen, actions))
        for ours, expected in (("rewards", rewards), ("terminated", terminated), ("truncated", truncated)):
            assert [each for shard in shards for each in getattr(shard, ours)] == expected.tolist(), (frame, ours)
        over += int((terminated | truncated).sum())
    peer.close()
    assert over or env_id.endswith("Pong-v5"), "no episode has ended: give more frames"


def test_ends_of_episodes_are_counted_by_kind() -> None:
    shards, buffers = shards_of(made(f"{OWN}:OneStep-v2"), 2)
    for frame, phase in itertools.product(range(5), (phase for each in shards for phase in each.phases().values())):
        phase(frame)
    # An episode of one step takes two frames: its step, and the reset before the next one.
    assert buffers.counters.sum(axis=0).tolist() == [3 * AGENTS, 0]


def digests(spec: str, workers: int = 2, frames: int = 30, **options: Any) -> list[bytes | None]:
    with TrainingEnvironment(mode="threaded", num_workers=workers, workload=made(spec, **options)) as environment:
        found = []
        for _ in range(frames):
            environment.step()
            found.append(environment.checkpoint())
        return found


@pytest.mark.parametrize("spec", ["gymnasium:CartPole-v1", f"{OWN}:Lottery-v2"])
def test_any_number_of_shards_does_the_same_work(spec: str) -> None:
    ways = [digests(spec, workers) for workers in (1, 2, AGENTS)]
    assert ways[0] == ways[1] == ways[2]
    assert len({*ways[0]}) == 30
    assert digests(spec, seed=2) != ways[0]


def test_arguments_reach_the_environment() -> None:
    assert digests(f"{OWN}:Lottery-v2", reward=2.0) != digests(f"{OWN}:Lottery-v2")


def test_a_policy_draws_from_its_agents_own_generator() -> None:
    ways = [digests("gymnasium:CartPole-v1", workers, policy="own_environments:leaning") for workers in (1, 3)]
    assert ways[0] == ways[1]
    assert ways[0] != digests("gymnasium:CartPole-v1", policy="own_environments:still")


@pytest.mark.parametrize(
    "space",
    [
        Discrete(3, start=-1),
        Box(-1.0, 2.0, (4,)),
        Box(np.array([0.0, -5.0]), np.array([1.0, 5.0]), dtype=np.float64),
        Box(-np.inf, np.inf, (2,)),
        Box(0, 255, (2, 2), dtype=np.uint8),
        MultiBinary(4),
    ],
    ids=str,
)
def test_random_actions_lie_in_their_space(space: Any) -> None:
    before = space.np_random.bit_generator.state
    drawn = [*itertools.islice(random_actions(space, 1, 7), 200)]
    assert all(action in space for action in drawn)
    assert len({np.asarray(action).tobytes() for action in drawn}) > 1
    assert [*map(bits, drawn)] == [*map(bits, itertools.islice(random_actions(space, 1, 7), 200))]
    assert [*map(bits, drawn)] != [*map(bits, itertools.islice(random_actions(space, 1, 8), 200))]
    assert space.np_random.bit_generator.state == before


def test_random_actions_are_equally_likely() -> None:
    drawn = [*itertools.islice(random_actions(Discrete(4), 1, 0), 4000)]
    assert np.bincount(drawn, minlength=4).min() > 900
    boxed = np.array([*itertools.islice(random_actions(Box(-1.0, 3.0, (1,)), 1, 0), 4000)])
    assert np.histogram(boxed, 4, (-1, 3))[0].min() > 900


def test_observations_that_cannot_be_digested_prove_nothing() -> None:
    assert made(f"{OWN}:Opaque-v2").digest_fields == ()
    assert made(f"{OWN}:Lottery-v2").digest_fields == ("observation", "reward", "terminated", "truncated")


def test_simulated_time_runs_as_the_environment_says() -> None:
    assert made("gymnasium:CartPole-v1").frames_per_second() == 50
    assert made(f"{OWN}:Lottery-v2").frames_per_second() == 60


def test_the_code_measured_is_that_of_the_environment() -> None:
    assert made(f"{OWN}:Lottery-v2").code_modules() == ("gymnasium", "own_environments")
    cart_pole = made("gymnasium:CartPole-v1", policy="own_environments:still")
    assert cart_pole.code_modules() == ("gymnasium", "own_environments", "gymnasium.envs.classic_control.cartpole")


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ("gymnasium:CartPoel-v1", "there is no environment 'CartPoel-v1'; did you mean CartPole-v1"),
        ("gymnasium:cartpole-v1", "did you mean CartPole-v1"),
        ("gymnasium:BipedalWalker-v2", "there is no environment 'BipedalWalker-v2'; there is BipedalWalker-v3$"),
        ("gymnasium:CartPole", "there is no environment 'CartPole'; there is CartPole-v0 and CartPole-v1$"),
        ("gymnasium:Nowhere/Qqqqqq-v5", "name that package's module, too, as in gymnasium:ale_py:ALE/Pong-v5$"),
        ("gymnasium:", "there is no environment ''; "),
        ("gymnasium:a b c!", "there is no environment 'a b c!'; "),
        ("gymnasium:nowhere:Env-v0", "no module 'nowhere' in .*, and none is installed$"),
        (f"{OWN}:Lotery-v2", "did you mean Lottery-v2"),
        (f"{OWN}:Unseeded-v2", "its reset takes no seed, so no two runs would do the same work: define reset"),
        (f"{OWN}:FourValues-v2", "its step returns 4 values, as the old gym's did: return observation, reward, "),
        (f"{OWN}:BareReset-v2", "its reset returns dict, as the old gym's did: return observation, info$"),
        (f"{OWN}:NeedsPackage-v2", "it needs the module 'package_that_is_nowhere', which is not installed$"),
        (f"{OWN}:NeedsExtra-v2", r'it needs what is not installed: pip install "gymnasium\[mujoco\]"$'),
        (f"{OWN}:NeedsDisplay-v2", "it needs a display, and a measurement has none: RuntimeError: No available "),
        (f"{OWN}:Broken-v2", "it cannot be built, reset and stepped: ArithmeticError: no such size"),
        (f"{OWN}:NoEnvironment-v2", "its class is not derived from gymnasium.Env"),
    ],
)
def test_a_wrong_environment_is_refused_with_its_reason(spec: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem) as caught:
        find_factory(spec)
    assert caught.value.lines[0].startswith(f"workload '{spec}': ")
    assert all("gymnasium/" not in line for line in caught.value.lines[1:])


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"gravity": 1}, "it takes other arguments: .* unexpected keyword argument 'gravity'"),
        ({"render_mode": "human"}, "render_mode 'human' opens a window and waits for it: leave this argument out$"),
    ],
)
def test_wrong_arguments_are_refused_with_their_reason(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        find_factory("gymnasium:CartPole-v1", arguments)


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ("own_environments", "give MODULE:NAME"),
        ("own_environments:stil", "own_environments has no 'stil'; did you mean still?"),
        ("own_environments:ENVIRONMENTS", "it is a tuple, which cannot be called"),
        ("own_environments:of_one", "it must take two arguments, the observation and a numpy Generator"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_reason(policy: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        made("gymnasium:CartPole-v1", policy=policy)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(UsageError, match=r"gymnasium is not installed: pip install 'walkerbench\[gymnasium\]'$"):
        find_factory("gymnasium:MountainCar-v0")


def test_an_outdated_environment_runs_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert digests("gymnasium:CartPole-v0", frames=3)
