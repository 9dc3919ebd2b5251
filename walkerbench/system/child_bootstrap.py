"""Runs a module in a child process that imports certain packages from certain folders.

Started as a script by `child_processes.python_command`, and so without any package: it imports nothing but the standard
library, which no folder on the path may stand in front of.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder


def path_with(folder: str, packages: Sequence[str], path: Sequence[str]) -> list[str]:
    """Return a module search path on which a folder's packages come before those of the same names elsewhere.

    The folder stands directly before the first entry that holds one of the packages, and so behind the standard library
    unless that entry is in front of it, too. A folder that is found first already adds nothing.

    Args:
        folder: The folder to import from.
        packages: Names of packages and modules that it may hold.
        path: The path so far, such as `sys.path`.
    """
    for number, entry in enumerate(path):
        if os.path.realpath(entry) == os.path.realpath(folder):
            return [*path]
        if any(PathFinder.find_spec(package, [entry]) is not None for package in packages):
            return [*path[:number], folder, *path[number:]]
    return [*path, folder]


def run_module() -> None:
    """Run the module that the process's arguments name: JSON of [[FOLDER, [PACKAGE, …]], …], MODULE ARGUMENT…."""
    places, module = sys.argv[1:3]
    sys.argv[1:3] = []
    for folder, packages in json.loads(places):
        sys.path[:] = path_with(folder, packages, sys.path)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    run_module()
