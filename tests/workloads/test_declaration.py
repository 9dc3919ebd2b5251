from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_workload import ToyWorkload

from walkerbench.errors import UsageError
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Stage
from walkerbench.workloads.contract import Field, NoSettings
from walkerbench.workloads.declaration import checked_statistics, declaration_problems, factory_problem
from walkerbench.workloads.main_phase import MainPhase
from walkerbench.workloads.registry import WORKLOADS
from walkerbench.workloads.walker import WalkerWorkload

NAN = float("nan")


def toy_with(attribute: str, value: object) -> ToyWorkload:
    """Return the toy workload with an attribute set to a value, or with a method that returns the value."""
    replacement = (lambda self: value) if callable(getattr(ToyWorkload, attribute)) else value
    made: ToyWorkload = type("Changed", (ToyWorkload,), {attribute: replacement})()
    return made


def field(*arguments: Any, **options: Any) -> tuple[Field]:
    return (Field(*arguments, **options),)


@pytest.mark.parametrize("workload", [ToyWorkload(), load_profile("default").make_workload(Stage(agents=5, frames=1))])
def test_a_workload_that_keeps_the_contract_has_no_problem(workload: Any) -> None:
    assert [*declaration_problems(workload)] == []


@pytest.mark.parametrize(
    ("attribute", "value", "problem"),
    [
        ("name", None, "name is None; allowed: a word in printable characters"),
        ("name", "a\nb", "name is 'a\\nb'; allowed: a word in printable characters"),
        ("settle_phase", " ", "settle_phase is ' '; allowed: a word in printable characters"),
        ("phases", (), "phases is (); allowed: a tuple of at least one word"),
        ("phases", "mix", "phases is 'mix'; allowed: a tuple of at least one word"),
        ("phases", ("mix", 1), "phases is ('mix', 1); allowed: a tuple of at least one word"),
        ("phases", ("mix", "mix"), "phases names 'mix' more than once"),
        ("main_phase", None, "main_phase is None; allowed: a MainPhase with a phase and a title"),
        ("main_phase", MainPhase("rest", "resting"), "main_phase is 'rest'; allowed: one of the phases mix, move"),
        ("digest_fields", "beads", "digest_fields is 'beads'; allowed: a tuple of words"),
        ("shards", "two", "shards is 'two'; allowed: any, same process, one"),
        ("counters", ["mixed"], "counters is ['mixed']; allowed: a tuple of words"),
        ("frame_counters", ("lost",), "frame_counters names 'lost', which is none of the counters"),
        ("event_counters", ("settled",), "event_counters names 'settled', which is none of the frame_counters"),
        ("default_criteria", None, "default_criteria is None; allowed: a tuple of words"),
        ("fields", None, "fields() is None; allowed: a tuple of Field"),
        (
            "fields",
            field("snapshot", "x", "int64"),
            "fields() has 'x' in the group 'snapshot'; allowed: current or publ",
        ),
        (
            "snapshot_fields",
            field("current", "x", "int64"),
            "snapshot_fields() has 'x' in the group 'current'; allowed",
        ),
        (
            "fields",
            field("current", "x", "object"),
            "fields() has 'x' of dtype 'object'; allowed: NumPy's name of a num",
        ),
        (
            "fields",
            field("current", "x", "nonsense"),
            "fields() has 'x' of dtype 'nonsense'; allowed: NumPy's name of ",
        ),
        (
            "fields",
            field("current", "x", "int64", (-1,)),
            "fields() has 'x' of shape (-1,); allowed: lengths of at lea",
        ),
        ("fields", 2 * field("current", "x", "int64"), "fields() has 'x' of the group 'current' more than once"),
        ("picture", 5, "picture() is 5; allowed: a Picture, or None"),
        ("frames_per_second", 0, "frames_per_second() is 0; allowed: a finite number above 0"),
        ("frames_per_second", NAN, "frames_per_second() is nan; allowed: a finite number above 0"),
        ("frames_per_second", "60", "frames_per_second() is '60'; allowed: a finite number above 0"),
        ("bytes_per_agent", -1, "bytes_per_agent() is -1; allowed: an integer of at least 0"),
        ("bytes_per_agent", 0.5, "bytes_per_agent() is 0.5; allowed: an integer of at least 0"),
        ("resource_limits", None, "resource_limits() is None; allowed: names with numbers"),
        ("resource_limits", {"bodies": NAN}, "resource_limits() is {'bodies': nan}; allowed: names with numbers"),
    ],
)
def test_what_a_workload_declares_wrongly_is_named(attribute: str, value: object, problem: str) -> None:
    (found,) = declaration_problems(toy_with(attribute, value))
    assert found.startswith(problem)


VALUES = st.recursive(st.none() | st.integers() | st.floats() | st.text() | st.binary(), lambda inner: st.lists(inner))
DECLARED = (
    *("name", "settle_phase", "phases", "main_phase", "digest_fields", "counters", "frame_counters", "event_counters"),
    *("default_criteria", "fields", "snapshot_fields", "picture", "frames_per_second", "bytes_per_agent"),
    "resource_limits",
)


@given(st.sampled_from(DECLARED), VALUES | st.lists(VALUES).map(tuple))
def test_any_value_is_either_usable_or_a_problem_in_words(attribute: str, value: object) -> None:
    for problem in declaration_problems(toy_with(attribute, value)):
        # Where a list lacks a name that another list has, the problem is reported for the other list.
        assert problem.startswith(attribute) or f"none of the {attribute}" in problem


def test_an_object_that_is_not_a_workload_is_named() -> None:
    assert [*declaration_problems(5)] == ["its factory made 5; allowed: an instance of Workload"]


@dataclass(frozen=True)
class WithoutDefault:
    depth: int


class Plain:
    settings_class = int


class Demanding:
    settings_class = WithoutDefault


@pytest.mark.parametrize(
    ("factory", "problem"),
    [
        (WalkerWorkload, None),
        (ToyWorkload, None),
        (5, "it is 5; allowed: a subclass of Workload, or a function that makes one"),
        (print, "its settings_class is None; allowed: a dataclass"),
        (Plain, "its settings_class is <class 'int'>; allowed: a dataclass"),
        (Demanding, "its setting depth has no default"),
    ],
)
def test_a_factory_is_checked(factory: object, problem: str | None) -> None:
    assert factory_problem(factory) == problem


class TwoColumns(ToyWorkload):
    settle_phase = "mix"
    settings_class = NoSettings


def refuse(*_: object) -> None:
    raise ValueError("no room\nfor it")


refuse.settings_class = NoSettings  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (5, "workload 'brought' cannot be used: it is 5; allowed: "),
        (refuse, "workload 'brought' cannot be made: ValueError: no room for it"),
        (
            lambda *_: TwoColumns(),
            "workload 'brought' cannot be made: ValueError: field 'mix_ns' occurs more than once",
        ),
    ],
)
def test_a_profile_with_an_unusable_workload_is_refused(factory: Any, message: str, tmp_path: Any) -> None:
    if callable(factory):
        factory.settings_class = NoSettings
    WORKLOADS.register("brought", factory)
    (tmp_path / "brought.toml").write_text('workload = "brought"\n')
    with pytest.raises(UsageError, match=re.escape(message)):
        load_profile(str(tmp_path / "brought.toml"))


def test_statistics_must_be_numbers_by_names() -> None:
    statistics = {"agents": 5, "bodies": np.int64(7), "energy_j": NAN}
    assert checked_statistics(statistics) is statistics
    with pytest.raises(TypeError, match=r"^statistics\(\) is None; allowed: a dictionary with names as keys$"):
        checked_statistics(None)
    with pytest.raises(TypeError, match=r"^statistics\(\) has '5' as 'agents'; allowed: a number$"):
        checked_statistics({"agents": "5"})
