from __future__ import annotations

from typing import Any

import pytest

from walkerbench.errors import UsageError
from walkerbench.modes.contract import ExecutionMode
from walkerbench.modes.declaration import mode_problem
from walkerbench.modes.registry import MODES
from walkerbench.modes.sequential import SequentialMode


def mode(base: type = SequentialMode, **attributes: Any) -> type:
    return type("Brought", (base,), {"name": "brought", **attributes})


@pytest.mark.parametrize("name", MODES.names())
def test_the_built_in_modes_have_no_problem(name: str) -> None:
    assert mode_problem(name, MODES.find(name)) is None


@pytest.mark.parametrize(
    ("thing", "problem"),
    [
        (mode(), None),
        (5, "it is 5; allowed: a subclass of ExecutionMode"),
        (int, "it is <class 'int'>; allowed: a subclass of ExecutionMode"),
        (mode(ExecutionMode), "it does not define _checkpoint, _close, _dispatch, _snapshot, _start, _wait"),
        (mode(name="other"), "its name is 'other'; allowed: the name that it is registered by"),
        (mode(traits=None), "its traits are None; allowed: ModeTraits"),
        (mode(fewest_agents=0), "its fewest_agents is 0; allowed: at least 1"),
        (mode(fewest_agents="5"), "its fewest_agents is '5'; allowed: at least 1"),
    ],
)
def test_a_wrong_declaration_of_a_mode_is_named(thing: object, problem: str | None) -> None:
    assert mode_problem("brought", thing) == problem


def test_a_mode_that_cannot_be_used_is_refused_by_its_name() -> None:
    MODES.register("brought", mode(traits=None))
    with pytest.raises(UsageError, match="mode 'brought' cannot be used: its traits are None; allowed: ModeTraits"):
        MODES.find("brought")
