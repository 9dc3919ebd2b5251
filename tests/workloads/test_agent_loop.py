"""An existing loop over agents is a workload: what is stepped when, by which shards, and what happens to errors."""

from __future__ import annotations

import importlib
import threading
from pathlib import Path
from typing import Any

import pytest

from walkerbench.errors import OverrideError, UsageError, WorkerFailed, WorkloadFailed
from walkerbench.profile.loading import load_profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.run_directory import read_recorded
from walkerbench.running import runner
from walkerbench.running.found_settings import find_settings
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.workloads.agent_loop import AgentLoopSettings
from walkerbench.workloads.specs import find_factory

SOURCE = """
import random, threading

class Agent:
    def __init__(self, loop, number, seed):
        self.loop, self.number, self.place = loop, number, 0
        self.random = random.Random(f"{seed} {number}")

    def step(self, dt):
        self.loop.log.append(("step", self.number, dt))
        if self.loop.wrong == self.number:
            raise ValueError(f"agent {self.number} is lost")
        self.place += self.random.randrange(1000) + self.loop.wind

    def state(self):
        return self.place

class Thinker(Agent):
    def step_physics_only(self, dt):
        self.loop.log.append(("physics", self.number, dt))

class Loop:
    def __init__(self, numbers, seed, wrong=None, kind=Agent):
        self.log, self.wind, self.wrong = [], 0, wrong
        self.agents = [kind(self, number, seed) for number in numbers]
        made.append(self)

class World(Loop):
    def step_world(self, dt):
        self.wind += 1
        self.log.append(("world", threading.current_thread(), dt))

class WrongWorld(Loop):
    def step_world(self, dt):
        if len(self.log) > 5:
            raise ValueError("no wind")

class KnowsStates(Loop):
    def state(self, number):
        return (number, self.agents[number].place)

made = []
def shared(num_agents, seed, wrong=None):
    return World(range(num_agents), seed, wrong)
def slices(agents, seed, wrong=None):
    return Loop(agents, seed, wrong)
def thinkers(num_agents):
    return World(range(num_agents), 1, None, Thinker)
def wrong_world(num_agents):
    return WrongWorld(range(num_agents), 1)
def knows_states(num_agents):
    return KnowsStates(range(num_agents), 1)
def stateless(num_agents):
    loop = Loop(range(num_agents), 1)
    for agent in loop.agents:
        agent.state = None
    return loop
def too_few(num_agents):
    return Loop(range(num_agents - 1), 1)
def stepless(num_agents):
    loop = Loop(range(num_agents), 1)
    loop.agents[1] = object()
    return loop
def nothing(num_agents): ...
def takes_none(): ...
number = 3
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "loops_of_a_test.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def environment_of(
    name: str, agents: int = 7, mode: str = "threaded", workers: int = 1, wrong: int | None = None, **settings: Any
) -> TrainingEnvironment:
    factory = find_factory(f"agents:loops_of_a_test:{name}", {} if wrong is None else {"wrong": wrong})
    workload = factory(agents, 1, AgentLoopSettings(**{"digest_state": True} | settings))
    return TrainingEnvironment(mode=mode, num_workers=workers, workload=workload)


def digests(name: str, **options: Any) -> list[bytes | None]:
    with environment_of(name, **options) as environment:
        found = []
        for _ in range(5):
            environment.step()
            found.append(environment.checkpoint())
        return found


def log_of_last() -> list[Any]:
    made: list[Any] = importlib.import_module("loops_of_a_test").made
    return list(made[-1].log)


def test_the_world_is_stepped_before_the_agents_by_the_parent_alone() -> None:
    with environment_of("shared", agents=6, workers=3, frames_per_second=50) as environment:
        environment.step()
        environment.step()
    log = log_of_last()
    assert [what for what, *_ in log] == ["world", *["step"] * 6, "world", *["step"] * 6, "world"]
    assert {who for what, who, _ in log if what == "world"} == {threading.current_thread()}
    assert {dt for *_, dt in log} == {0.02}


def test_any_number_of_shards_does_the_same_work() -> None:
    ways = [digests("shared", mode=mode, workers=workers) for mode, workers in
            (("sequential", 1), ("sequential", 3), ("threaded", 1), ("threaded", 2), ("threaded", 7))]  # fmt: skip
    assert all(way == ways[0] for way in ways)
    assert len({*ways[0]}) == 5


def test_a_function_that_builds_slices_runs_the_same_in_every_mode() -> None:
    ways = [digests("slices", mode=mode, workers=workers) for mode, workers in
            (("sequential", 1), ("threaded", 3), ("process", 2))]  # fmt: skip
    assert all(way == ways[0] for way in ways)


def test_threads_are_switched_on_and_off_between_frames() -> None:
    with environment_of("shared", workers=3) as environment:
        found = []
        for _ in range(5):
            environment.step()
            found.append(environment.checkpoint())
            environment.toggle_threading()
    assert found == digests("shared", mode="sequential")


def test_the_same_workload_starts_again_with_new_agents() -> None:
    environment = environment_of("shared")
    runs = []
    for _ in range(2):
        with TrainingEnvironment(mode="threaded", num_workers=2, workload=environment.workload) as again:
            runs.append([again.step() and again.checkpoint() for _ in range(3)])
    assert runs[0] == runs[1]


def test_a_shared_object_is_refused_in_other_processes() -> None:
    with pytest.raises(OverrideError, match="its agents share objects of one process"):
        override(load_profile("default"), ProfileOverrides(workload="agents:loops_of_a_test:shared", mode="process"))


def test_errors_of_agents_are_counted_and_the_first_is_reported(project: Path) -> None:
    changes = ProfileOverrides(
        workload="agents:loops_of_a_test:shared", workload_arguments={"wrong": 3}, agents=6, frames=4, warmup=0,
        mode="threaded", workers=2,
    )  # fmt: skip
    run = read_recorded(
        runner.run(override(load_profile("default"), changes), output=project / "run", command_line=[])
    ).run
    assert (run.state, run.counters) == ("finished", {"agent_errors": 4})
    line = SOURCE.splitlines().index('            raise ValueError(f"agent {self.number} is lost")') + 1
    assert run.stages[0].remarks == (
        f"the first of the agent_errors: agent 3 in frame 0 (loops_of_a_test.py:{line}): ValueError: agent 3 is lost",
    )


def test_an_error_in_another_process_is_reported_too() -> None:
    with environment_of("slices", agents=6, mode="process", workers=2, wrong=5) as environment:
        environment.step()
        assert environment.workload.remarks(environment.buffers)[0].endswith("ValueError: agent 5 is lost")
        assert environment.counters == {"agent_errors": 1}


def test_a_run_without_errors_has_no_remarks() -> None:
    with environment_of("shared") as environment:
        environment.step()
        assert environment.workload.remarks(environment.buffers) == ()


def test_digests_cover_the_number_of_errors() -> None:
    assert digests("shared", wrong=3)[0] != digests("shared")[0]


def test_an_agent_that_raises_ends_the_run_if_settings_say_so() -> None:
    with environment_of("shared", wrong=3, workers=2, errors="fail") as environment:
        with pytest.raises(WorkerFailed, match="agent 3 is lost") as caught:
            environment.step()
        assert "raised by agent 3 in frame 0" in caught.value.traceback_text


def test_a_world_that_raises_ends_the_run() -> None:
    with environment_of("wrong_world", agents=6) as environment, pytest.raises(WorkloadFailed, match="no wind"):
        environment.step()


def test_agents_take_turns_where_step_every_is_three() -> None:
    with environment_of("thinkers", agents=5, step_every=3) as environment:
        for _ in range(3):
            environment.step()
    log = log_of_last()
    stepped = [number for what, number, _ in log if what == "step"]
    assert stepped == [0, 3, 2, 1, 4]
    assert len([what for what, *_ in log if what == "physics"]) == 10


@pytest.mark.parametrize(
    ("name", "settings", "problem"),
    [
        ("shared", {"step_every": 2}, r"agent 0, a Agent, has no method step_physics_only\(dt\)"),
        ("too_few", {}, "the object has 6 agents in place of 7"),
        ("stepless", {}, r"agent 1, a object, has no method step\(dt\)"),
        ("nothing", {}, "a NoneType has no agents: the function must return an object with agents"),
    ],
)
def test_an_object_that_is_not_an_agent_loop_is_reported(name: str, settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(WorkerFailed, match=problem):
        environment_of(name, **settings).start()


@pytest.mark.parametrize(("name", "has"), [("shared", True), ("knows_states", True), ("stateless", False)])
def test_whether_agents_have_a_state_is_found(name: str, has: bool) -> None:
    changes = ProfileOverrides(workload=f"agents:loops_of_a_test:{name}", agents=3)
    found = find_settings(override(load_profile("default"), changes))
    assert found.environment.digest_state is has
    assert bool(found.make_workload(found.stages[0]).digest_fields) is has


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("number", {}, "it is a int; give a function that makes an object with agents"),
        ("takes_none", {}, "takes neither num_agents nor agents"),
        ("shared", {"wind": 2}, "cannot be called with num_agents, seed and its arguments: got an unexpected keyword"),
        ("sharde", {}, "loops_of_a_test has no 'sharde'; did you mean shared?"),
    ],
)
def test_a_wrong_spec_says_why(name: str, arguments: dict[str, int], problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_factory(f"agents:loops_of_a_test:{name}", arguments)
    assert str(caught.value).startswith(f"workload 'agents:loops_of_a_test:{name}': {problem}")
