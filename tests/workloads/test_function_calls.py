"""A plain function is a workload, and a wrong SPEC is refused with the reason."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from walkerbench.errors import OverrideError, UsageError, WorkerFailed
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.run_directory import read_recorded
from walkerbench.running import runner
from walkerbench.running.found_settings import find_settings, open_settings, with_settings
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.workloads.call_batches import CallSettings
from walkerbench.workloads.specs import find_factory, fixed_agents

SOURCE = """
calls = []

def add(one=1, other=2):
    calls.append((one, other))
    return one + other

def make_object():
    return object()

def fail():
    raise ValueError("not today")

def needs(what): ...
async def wait(): ...
def give():
    yield 1
number = 3
class Parser:
    @staticmethod
    def parse():
        return b"parsed"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "functions_of_a_test.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def profile_of(name: str, **changes: Any) -> Profile:
    changes = {"frames": 5, "warmup": 0} | changes
    return override(
        load_profile("default"), ProfileOverrides(workload=f"function:functions_of_a_test:{name}", **changes)
    )


def test_a_frame_calls_the_function_with_its_arguments(project: Path) -> None:
    calls = importlib.import_module("functions_of_a_test").calls

    calls.clear()
    factory = find_factory("function:functions_of_a_test:add", {"one": 5})
    workload = factory(1, 1, CallSettings(3, digest_result=True))
    with TrainingEnvironment(mode="sequential", workload=workload) as environment:
        environment.step()
        digest = environment.checkpoint()
        environment.step()
        assert environment.checkpoint() != digest
        assert environment.counters == {"calls": 6}
    assert calls == [(5, 2)] * 6


def test_a_function_has_one_agent(project: Path) -> None:
    profile = profile_of("add")
    assert (fixed_agents(profile.factory), profile.stages[0].agents) == (1, 1)
    with pytest.raises(OverrideError, match="agents"):
        profile_of("add", agents=2)


def test_a_function_has_its_own_default_length_and_criteria(project: Path) -> None:
    spec = "function:functions_of_a_test:add"
    (project / "mine.toml").write_text(f'workload = "{spec}"\n')
    (project / "long.toml").write_text(f'workload = "{spec}"\nframes = 3600\nwarmup = 7\n')
    profiles = [override(load_profile("default"), ProfileOverrides(workload=spec)), load_profile("./mine.toml")]
    for profile in profiles:
        assert (profile.stages[0].frames, profile.warmup) == (320, 20)
        assert [str(each) for each in profile.criteria] == ["emergency_shutdowns == 0"]
        back = override(profile, ProfileOverrides(workload="walker"))
        assert (back.stages[0].frames, back.warmup) == (3600, 240)
    long = load_profile("./long.toml")
    assert (long.stages[0].frames, long.warmup) == (3600, 7)
    assert (long.stages[0].frames, override(long, ProfileOverrides(warmup=9)).warmup) == (3600, 9)


def test_a_method_of_a_class_is_called(project: Path) -> None:
    assert find_settings(profile_of("Parser.parse")).environment.digest_result is True


def test_settings_are_found_once_and_stay(project: Path) -> None:
    profile = profile_of("add")
    assert open_settings(profile) == ("calls_per_frame", "digest_result")
    found = find_settings(profile)
    assert open_settings(found) == ()
    assert found.environment.calls_per_frame > 100
    assert find_settings(found) is found
    given = with_settings(profile, {"calls_per_frame": 7, "digest_result": True, "another": 1})
    assert given.environment == CallSettings(7, digest_result=True)
    assert with_settings(given, {"calls_per_frame": 8}) is given


def test_a_recorded_run_says_how_many_calls_its_frames_make(project: Path) -> None:
    run = read_recorded(runner.run(profile_of("add"), output=project / "run", command_line=[])).run
    calls = run.profile["environment"]["calls_per_frame"]
    assert calls > 100
    assert run.counters == {"calls": 5 * calls}
    assert run.digest is not None


def test_a_result_that_cannot_be_digested_is_found_before_the_run(project: Path) -> None:
    assert find_settings(profile_of("make_object")).environment.digest_result is False


def test_a_function_that_raises_is_reported_and_leaves_nothing(project: Path) -> None:
    with pytest.raises(WorkerFailed, match="not today"):
        runner.run(profile_of("fail"), output=project / "run", command_line=[])
    assert not (project / "run").exists()


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("ad", {}, "functions_of_a_test has no 'ad'; did you mean add?"),
        ("number", {}, "it is a int, which cannot be called"),
        ("needs", {}, "does not fit the arguments that you gave (none): missing a required argument: 'what'"),
        ("add", {"three": 3}, "does not fit the arguments that you gave (three): got an unexpected keyword"),
        ("wait", {}, "a call runs none of its code, because it is async or has a yield"),
        ("give", {}, "a call runs none of its code, because it is async or has a yield"),
        ("", {}, "give MODULE:NAME"),
    ],
)
def test_a_wrong_spec_says_why(project: Path, name: str, arguments: dict[str, int], problem: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_factory(f"function:functions_of_a_test:{name}", arguments)
    assert str(caught.value).startswith(f"workload 'function:functions_of_a_test:{name}': ")
    assert problem in str(caught.value)


def test_finding_settings_does_not_change_the_process_that_runs(project: Path) -> None:
    calls = importlib.import_module("functions_of_a_test").calls

    calls.clear()
    assert find_settings(profile_of("add")).environment.calls_per_frame > 100
    assert calls == []
