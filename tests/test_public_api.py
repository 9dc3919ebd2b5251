from __future__ import annotations

import subprocess
import sys
from importlib import resources

import pytest

import walkerbench
from walkerbench import errors


def test_every_public_name_can_be_imported() -> None:
    for name in walkerbench.__all__:
        assert getattr(walkerbench, name) is not None
    assert set(walkerbench.__all__) == {*walkerbench._HOMES, "__version__"}


def test_every_error_of_the_tree_is_public() -> None:
    tree = {
        name for name, thing in vars(errors).items() if isinstance(thing, type) and thing.__module__ == errors.__name__
    }
    assert tree <= set(walkerbench.__all__)
    assert len(tree) > 30


def test_a_prompt_offers_every_public_name() -> None:
    assert set(walkerbench.__all__) <= set(dir(walkerbench))


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'walkerbench' has no attribute 'nothing'"):
        walkerbench.nothing  # noqa: B018


def test_the_package_itself_imports_nothing_heavy() -> None:
    program = "import sys, walkerbench; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"numpy", "pydantic", "Box2D", "walkerbench.running.runner"} & set(done.stdout.split())


def test_the_package_says_that_it_is_typed() -> None:
    assert resources.files("walkerbench").joinpath("py.typed").is_file()
