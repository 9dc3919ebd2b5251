"""Finds tests that use the fixture `benchmark`, and the modules that they import, in a child process.

Run as a module, with what pytest is asked for, it writes what it finds to stdout as JSON.
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
    """What pytest collects.

    Attributes:
        tests: Those that use `benchmark`, by what stands behind `pytest:` in a SPEC; in their order.
        modules: Name → file of each module of a project that was imported; the tests' own last.
        problem: Why there are no tests, in a line; None where there are.
    """

    tests: tuple[str, ...]
    modules: tuple[tuple[str, str], ...]
    problem: str | None


class _StandIn(ModuleType):
    """Stands for a module that is imported where the test runs, so that its file is known here."""


def collect(node: str, directory: Path | None = None) -> Collected:
    """Return what pytest collects; nothing is imported into this process.

    Args:
        node: A file or folder, or a test in one, relative to the directory.
        directory: The working directory; None for this process's.

    Raises:
        UsageError: It cannot be collected.
    """
    return _collect(node, str(directory or Path.cwd()))


def tests_of(node: str) -> tuple[str, ...]:
    """Return the tests that use `benchmark`, at least one.

    Raises:
        UsageError: There is none, or they cannot be collected.
    """
    collected = collect(node)
    if collected.problem is not None:
        raise UsageError(f"workload 'pytest:{node}': {collected.problem}")
    return collected.tests


def modules_of(node: str) -> tuple[str, ...]:
    """Return the names of a project's modules that a test imports, its own last.

    Where the test does not run in this process, stand-ins of them tell here which files they have.

    Raises:
        UsageError: It cannot be collected.
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
        told = child.output_within(_TIMEOUT_S)
        if told is None:
            raise UsageError(f"workload 'pytest:{node}': pytest collected for {_TIMEOUT_S:g} s and did not end")
        try:
            found = json.loads(told)
        except ValueError:
            raise UsageError(
                f"workload 'pytest:{node}': pytest cannot collect: {child.stderr_tail(2000).strip() or told!r}"
            ) from None
    return Collected(tuple(found["tests"]), tuple(map(tuple, found["modules"])), found["problem"])


def _main() -> None:
    """Collect, and write what was found to what was stdout."""
    answers = os.dup(1)
    os.dup2(2, 1)
    from walkerbench.workloads.collecting_plugin import collected_here

    with os.fdopen(answers, "w", encoding="utf-8") as file:
        json.dump(collected_here(sys.argv[1]), file)


if __name__ == "__main__":
    _main()
