"""A user's class is a workload, and a wrong SPEC is refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from user_herd import HERD

from walkerbench.errors import OverrideError, ProfileError
from walkerbench.profile.loading import load_profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.workloads.specs import find_factory


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "herd_of_a_test.py").write_text(HERD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def digests(spec: str, workers: int, arguments: dict[str, object]) -> list[bytes | None]:
    factory = find_factory(spec, arguments)
    workload = factory(7, 1, factory.settings_class())
    with TrainingEnvironment(mode="threaded", num_workers=workers, workload=workload) as environment:
        found = []
        for _ in range(5):
            environment.step()
            found.append(environment.checkpoint())
        return found


def test_any_number_of_shards_does_the_same_work(project: Path) -> None:
    ways = [digests("herd_of_a_test:Herd", workers, {"speed": 2}) for workers in (1, 2, 3, 7)]
    assert ways[0] == ways[1] == ways[2] == ways[3]
    assert len({*ways[0]}) == 5
    assert digests("herd_of_a_test:Herd", 1, {}) != ways[0]


def test_a_function_that_returns_an_object_is_a_workload_too(project: Path) -> None:
    assert digests("herd_of_a_test:make", 2, {}) == digests("herd_of_a_test:Herd", 2, {})


def test_a_profile_names_the_workload_in_a_table(project: Path) -> None:
    text = '[workload]\nspec = "herd_of_a_test:Herd"\nsetup = "make"\n[workload.arguments]\nspeed = 4\n'
    (project / "mine.toml").write_text(text)
    profile = load_profile("./mine.toml")
    assert (profile.workload, profile.workload_arguments, profile.setup) == (
        "herd_of_a_test:Herd", {"speed": 4}, "make"
    )  # fmt: skip
    changed = override(profile, ProfileOverrides(workload_arguments={"speed": 5}))
    assert changed.workload_arguments == {"speed": 5}
    assert override(changed, ProfileOverrides(workload="walker")).workload_arguments == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[workload]\nspce = "walker"', "workload.spce: no such key; did you mean spec? allowed: "),
        ("[workload]\nspec = 3", "workload: 3 is wrong; allowed: a valid string"),
        ("[workload]\narguments = 3", "workload.arguments: 3 is wrong; allowed: a table"),
        ("[workload.arguments]\nsize = 1", "workload: workload 'walker' takes no arguments: its settings are keys of "),
        ('workload = "herd_of_a_test:Hred"', "workload: workload 'herd_of_a_test:Hred': herd_of_a_test has no "),
        ('workload = "nowhere:Herd"', "workload: workload 'nowhere:Herd': no module 'nowhere' in "),
        ('workload = "herd_of_a_test:number"', "workload: workload 'herd_of_a_test:number': it is of the type "),
    ],
)  # fmt: skip
def test_a_profile_with_a_wrong_workload_says_why(project: Path, text: str, problem: str) -> None:
    (project / "mine.toml").write_text(text)
    with pytest.raises(ProfileError) as caught:
        load_profile("./mine.toml")
    assert any(each.startswith(problem) for each in caught.value.problems), caught.value.problems


def test_an_unknown_argument_is_refused_before_anything_is_built(project: Path) -> None:
    changes = ProfileOverrides(workload="herd_of_a_test:Herd", workload_arguments={"sped": 1})
    with pytest.raises(OverrideError, match=r"it takes no argument 'sped'; did you mean speed\?"):
        override(load_profile("default"), changes)
