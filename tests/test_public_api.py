from __future__ import annotations

import dataclasses
import doctest
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

import walkerbench
from walkerbench import errors


def test_every_public_name_can_be_imported() -> None:
    for name in walkerbench.__all__:
        assert getattr(walkerbench, name) is not None
    errors_of_the_tree = {name for name in walkerbench.__all__ if hasattr(errors, name)} - set(walkerbench._HOMES)
    assert set(walkerbench.__all__) == {*walkerbench._HOMES, *errors_of_the_tree, "__version__"}


def test_every_error_of_the_tree_is_public() -> None:
    tree = {
        name for name, thing in vars(errors).items() if isinstance(thing, type) and thing.__module__ == errors.__name__
    }
    assert tree == set(walkerbench.__all__) - {*walkerbench._HOMES, "__version__"}
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


PUBLIC = {name: getattr(walkerbench, name) for name in walkerbench.__all__}
every_name = pytest.mark.parametrize("name", PUBLIC)


def described(docstring: str | None, section: str) -> set[str]:
    """The names that a section of a docstring describes."""
    found = re.search(rf"^{section}:\n((?: .*\n|\n)*)", f"{inspect.cleandoc(docstring or '')}\n", re.MULTILINE)
    return set(re.findall(r"^    (\w+):", found[1], re.MULTILINE)) if found else set()


def parameters(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters) - {"self"}


def undescribed(name: str, thing: Any) -> Iterator[str]:
    """Each parameter or attribute of a public name, and of its public methods, that its docstring leaves out."""
    if inspect.isfunction(thing):
        yield from (f"{name}: {each}" for each in parameters(thing) - described(thing.__doc__, "Args"))
    elif dataclasses.is_dataclass(thing):
        fields = {each.name for each in dataclasses.fields(thing)}
        yield from (f"{name}: {each}" for each in fields - described(thing.__doc__, "Attributes"))
    elif isinstance(thing, type) and "__init__" in vars(thing) and not issubclass(thing, BaseException):
        yield from (f"{name}: {each}" for each in parameters(thing.__init__) - described(thing.__doc__, "Args"))
    for method, function in vars(thing).items() if isinstance(thing, type) else ():
        if inspect.isfunction(function) and not method.startswith("_"):
            yield from undescribed(f"{name}.{method}", function)


@every_name
def test_every_parameter_of_a_public_name_is_described(name: str) -> None:
    assert list(undescribed(name, PUBLIC[name])) == []


def test_a_parameter_without_a_description_is_noticed() -> None:
    class Thing:
        """Does something.

        Args:
            known: A number.
        """

        def __init__(self, known: int, unknown: int) -> None: ...

        def act(self, what: str) -> None:
            """Act."""

    assert list(undescribed("Thing", Thing)) == ["Thing: unknown", "Thing.act: what"]


def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(recurse=False, exclude_empty=True)
    found = [each for name, thing in PUBLIC.items() for each in finder.find(thing, name)]
    return [each for each in found if each.examples]


@pytest.mark.parametrize("example", examples(), ids=lambda example: str(example.name))
def test_every_example_of_a_docstring_gives_what_it_shows(example: doctest.DocTest) -> None:
    said: list[str] = []
    failed, tried = doctest.DocTestRunner().run(example, out=said.append)
    assert (failed, "".join(said)) == (0, "")
    assert tried > 0
