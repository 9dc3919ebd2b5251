from __future__ import annotations

import functools
import json
import json.decoder
from typing import Any

import pytest

from walkerbench import recording
from walkerbench.system.stack_markers import StackMarker, last_part, short_path

HERE = short_path(__file__)


class Herd:
    def move(self) -> tuple[Any, Any]:
        return (lambda: None), self


def decorated(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper() -> Any:
        return function()

    return wrapper


@decorated
def graze() -> None: ...


def test_a_marker_is_made_from_the_function() -> None:
    assert StackMarker.of(Herd.move) == StackMarker("move", HERE)
    assert StackMarker.of(json.loads).file == "json/__init__.py"


def test_a_decorated_function_is_marked_itself() -> None:
    assert StackMarker.of(graze) == StackMarker("graze", HERE)


def test_a_function_that_no_profiler_sees_cannot_be_marked() -> None:
    with pytest.raises(AttributeError):
        StackMarker.of(len)


def test_a_marker_marks_no_other_function() -> None:
    marker = StackMarker.of(Herd.move)

    assert marker.marks("Herd.move", HERE)
    assert marker.marks("move", HERE)
    assert not marker.marks("Herd.remove", HERE)
    assert not marker.marks("Herd.move.<locals>.<lambda>", HERE)
    assert not marker.marks("Herd.move", f"{HERE}x")


def test_a_name_is_marked_in_every_file() -> None:
    marker = StackMarker.of_name(Herd.move)

    assert marker.marks("Flock.move", "birds.py")
    assert not marker.marks("Flock.remove", "birds.py")


def test_a_package_is_marked_with_every_file_in_it() -> None:
    marker = StackMarker.of_package(recording)

    assert marker.marks("Clock.end", "walkerbench/recording/deep/clock.py")
    assert not marker.marks("Clock.end", "walkerbench/recording.py")
    assert not marker.marks("Clock.end", "walkerbench/recordings/clock.py")


def test_a_module_is_no_package() -> None:
    with pytest.raises(AttributeError):
        StackMarker.of_package(json.decoder)


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("/opt/env/lib/python3.13t/site-packages/numpy/linalg.py", "numpy/linalg.py"),
        ("/usr/lib/python3.11/threading.py", "threading.py"),
        (
            "/home/me/walkerbench/walkerbench/running/training_environment.py",
            "walkerbench/running/training_environment.py",
        ),
        ("C:\\env\\Lib\\site-packages\\walkerbench\\modes\\contract.py", "walkerbench/modes/contract.py"),
        ("/home/me/mine.py", "/home/me/mine.py"),
        ("<frozen runpy>", "<frozen runpy>"),
        ("", ""),
    ],
)
def test_paths_begin_at_the_package(path: str, short: str) -> None:
    assert short_path(path) == short


@pytest.mark.parametrize(
    ("function", "last"), [("ShardRunner.run", "run"), ("run", "run"), ("run.<locals>.<lambda>", "<lambda>")]
)
def test_the_last_part_of_a_name(function: str, last: str) -> None:
    assert last_part(function) == last
