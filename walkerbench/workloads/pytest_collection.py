"""Finds tests that use the fixture `benchmark`, and the modules that they import, in a child process.

The child process runs this module with a file, folder or test as its argument, and writes what pytest finds to stdout
as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from walkerbench.errors import UsageError
from walkerbench.system.child_processes import ChildProcess, python_command
from walkerbench.system.imported_code import imported_from, project_modules, top_level

_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Collected:
    """What pytest collected.

    Attributes:
        tests: Tests that use `benchmark`, in pytest's order, each as it is written after `pytest:` in a SPEC.
        modules: `(name, file)` of each module of a project that was imported; the tests' own modules come last.
        problem: Why there are no tests, in one line; None where there are tests.
    """

    tests: tuple[str, ...]
    modules: tuple[tuple[str, str], ...]
    problem: str | None


class _StandIn(ModuleType):
    """Stands for a module that only the test's process imports, so that this process knows the module's file."""


def collect(node: str, directory: Path | None = None) -> Collected:
    """Return what pytest collects in a child process; imports nothing into this process.

    Args:
        node: A file or folder, or a test in one, relative to the directory.
        directory: The working directory; None for this process's.

    Raises:
        UsageError: pytest cannot collect the node.
    """
    return _collect(node, str(directory or Path.cwd()))


def tests_of(node: str) -> tuple[str, ...]:
    """Return the tests that use `benchmark`, at least one.

    Raises:
        UsageError: There is no such test, or pytest cannot collect the node.
    """
    collected = collect(node)
    if collected.problem is not None:
        raise UsageError(f"workload 'pytest:{node}': {collected.problem}")
    return collected.tests


def modules_of(node: str) -> tuple[str, ...]:
    """Return the names of a project's modules that a test imports; the test's own module comes last.

    Where the test runs in another process, stand-ins for the modules are imported here, so that their files are known.

    Raises:
        UsageError: pytest cannot collect the test.
    """
    here = _own_module(node)
    if here is not None:
        return (*(name for name in project_modules() if name != here), here)
    collected = collect(node)
    if collected.problem is not None:
        raise UsageError(f"workload 'pytest:{node}': {collected.problem}")
    for name, file in collected.modules:
        if name not in sys.modules:
            stand_in = _StandIn(name)
            stand_in.__file__ = file
            sys.modules[name] = stand_in
    return tuple(name for name, _ in collected.modules)


def remove_stand_ins() -> None:
    """Remove the stand-ins, before the modules themselves are imported."""
    for name, module in [*sys.modules.items()]:
        if isinstance(module, _StandIn):
            del sys.modules[name]


def _own_module(node: str) -> str | None:
    """Return the name of the test's own module, if this process has imported it."""
    file = Path(node.partition("::")[0]).resolve()
    for name, module in [*sys.modules.items()]:
        if getattr(module, "__file__", None) == str(file) and not isinstance(module, _StandIn):
            return name if imported_from(top_level(name)) is None else top_level(name)
    return None


@cache
def _collect(node: str, directory: str) -> Collected:
    command = python_command(__name__, node)
    with ChildProcess(command, directory=Path(directory), stdout=subprocess.PIPE, keep_stderr=True) as child:
        output = child.output_within(_TIMEOUT_S)
        if output is None:
            raise UsageError(f"workload 'pytest:{node}': pytest did not finish collecting within {_TIMEOUT_S:g} s")
        try:
            found = json.loads(output)
        except ValueError:
            raise UsageError(
                f"workload 'pytest:{node}': pytest cannot collect: {child.stderr_tail(2000).strip() or output!r}"
            ) from None
    return Collected(tuple(found["tests"]), tuple(map(tuple, found["modules"])), found["problem"])


def _main() -> None:
    """Collect tests, and write the result to stdout; what pytest and the tests print goes to stderr."""
    answers = os.dup(1)
    os.dup2(2, 1)
    from walkerbench.workloads.collecting_plugin import collected_here

    with os.fdopen(answers, "w", encoding="utf-8") as file:
        json.dump(collected_here(sys.argv[1]), file)


if __name__ == "__main__":
    _main()
