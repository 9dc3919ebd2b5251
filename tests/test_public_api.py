from __future__ import annotations

import subprocess
import sys
from importlib import resources

import pytest

import walkerbench


def test_every_public_name_can_be_imported() -> None:
    for name in walkerbench.__all__:
        assert getattr(walkerbench, name) is not None
    assert set(walkerbench.__all__) == {*walkerbench._HOMES, "__version__"}


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'walkerbench' has no attribute 'nothing'"):
        walkerbench.nothing  # noqa: B018


def test_the_package_itself_imports_nothing_heavy() -> None:
    program = "import sys, walkerbench; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"numpy", "pydantic", "Box2D", "walkerbench.running.runner"} & set(done.stdout.split())


def test_the_package_says_that_it_is_typed() -> None:
    assert resources.files("walkerbench").joinpath("py.typed").is_file()
