from __future__ import annotations

import sysconfig
from typing import Any

import pytest

from walkerbench.doctor import gil
from walkerbench.doctor.gil import FROM_THE_START, GilState, first_to_switch_on, read_gil


@pytest.mark.parametrize(
    ("culprit", "found", "imported"),
    [
        ("numpy", "numpy", ["numpy"]),
        ("Box2D", "Box2D", ["numpy", "scipy", "Box2D"]),
        (None, None, ["numpy", "scipy", "Box2D", "mine"]),
    ],
)
def test_the_first_import_that_switches_the_gil_on_is_found(
    culprit: str | None, found: str | None, imported: list[str]
) -> None:
    done: list[str] = []
    modules = ["numpy", "scipy", "Box2D", "mine"]

    assert first_to_switch_on(modules, done.append, lambda: culprit in done) == found
    assert done == imported


def test_the_gil_may_be_on_from_the_start() -> None:
    assert first_to_switch_on(["numpy"], gil_enabled=lambda: True) == FROM_THE_START


def test_a_standard_build_always_has_the_gil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: 0)

    assert read_gil() == GilState(free_threaded_build=False, enabled=True, switched_on_by=None)


@pytest.mark.parametrize(("said", "state"), [("Box2D", (True, True, "Box2D")), ("", (True, False, None))])
def test_a_free_threaded_build_asks_a_fresh_interpreter(monkeypatch: pytest.MonkeyPatch, said: str, state: Any) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: 1)
    monkeypatch.setattr(gil, "_ask_fresh_interpreter", lambda: said)

    assert read_gil() == GilState(*state)


@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="for builds that always have the GIL")
def test_the_fresh_interpreter_reports_its_gil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: 1)

    assert read_gil() == GilState(free_threaded_build=True, enabled=True, switched_on_by=FROM_THE_START)
