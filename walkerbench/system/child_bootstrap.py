"""Runs a module in a child process that imports certain packages from certain folders.

`child_processes.python_command` starts this file as a script, outside of any package. It imports only the standard
library, which no folder on the path may hide.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

WORKTREE_VARIABLE = "WALKERBENCH_WORKTREE"
"""The environment variable that tells a child and its workers which worktree they measure."""

_INSTALLED = {"site-packages", "dist-packages"}
"""Names of folders that hold installed packages; these are the same for every revision."""


def path_with(folder: str, packages: Sequence[str], path: Sequence[str]) -> list[str]:
    """Return a module search path on which a folder's packages come before those of the same names elsewhere.

    The folder is put directly before the first entry that holds one of the packages. So it comes after the standard
    library, unless that entry comes before it. Nothing is added where the folder is found first already.

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


def worktree_variables(
    repository: str, worktree: str, folders: Sequence[str], packages: Sequence[str]
) -> Mapping[str, str]:
    """Return the environment variables of a child that measures the code of a worktree.

    Args:
        repository: Top directory of the repository that the worktree belongs to.
        worktree: Top directory of the worktree.
        folders: Where `packages` are imported from, before any other folder.
        packages: Top-level packages and modules under test.
    """
    plan = {"repository": repository, "worktree": worktree, "folders": [*folders], "packages": [*packages]}
    return {WORKTREE_VARIABLE: json.dumps(plan)}


class WorktreeFinder:
    """Finds the code of a worktree before any other finder does, such as that of an editable install.

    Args:
        worktree: Top directory of the worktree.
        folders: Where `packages` are imported from.
        packages: Top-level packages and modules under test. Other modules of the worktree are found by the module
            search path.
    """

    def __init__(self, worktree: str, folders: Sequence[str], packages: Sequence[str]) -> None:
        self._worktree = worktree
        self._folders = [*folders]
        self._packages = frozenset(packages)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of the worktree; None for any other."""
        if name in sys.stdlib_module_names:
            return None
        if path is not None:
            inside = [entry for entry in path if is_inside(entry, self._worktree)]
            return PathFinder.find_spec(name, inside) if inside else None
        if name in self._packages:
            return PathFinder.find_spec(name, self._folders)
        spec = PathFinder.find_spec(name)
        found = spec is not None and spec.origin is not None and is_inside(spec.origin, self._worktree)
        return spec if found else None


def is_inside(path: str, folder: str) -> bool:
    """Return whether a path is a folder, or lies in it."""
    return os.path.join(os.path.realpath(path), "").startswith(os.path.join(os.path.realpath(folder), ""))  # noqa: PTH118


def find_worktree_first() -> None:
    """Let this process import the code of the worktree that `WORKTREE_VARIABLE` names, if it names one."""
    plan = json.loads(os.environ.get(WORKTREE_VARIABLE, "null"))
    if plan is not None and not any(type(each).__name__ == WorktreeFinder.__name__ for each in sys.meta_path):
        # Python only calls `find_spec`, though the type of a meta path finder has more.
        sys.meta_path.insert(0, WorktreeFinder(plan["worktree"], plan["folders"], plan["packages"]))


def _lead_to_worktree() -> None:
    """Change the module search path: entries in the repository's working tree then lead to the worktree."""
    plan = json.loads(os.environ.get(WORKTREE_VARIABLE, "null"))
    if plan is None:
        return
    sys.path[:] = [_in_worktree(entry, plan["repository"], plan["worktree"]) for entry in sys.path]
    find_worktree_first()


def _in_worktree(entry: str, repository: str, worktree: str) -> str:
    if is_inside(entry, worktree) or not is_inside(entry, repository):
        return entry
    below = os.path.relpath(os.path.realpath(entry), os.path.realpath(repository))
    installed = _INSTALLED.intersection(Path(below).parts)
    if installed or is_inside(entry, sys.prefix) or is_inside(entry, sys.base_prefix):
        return entry
    return os.path.normpath(os.path.join(worktree, below))  # noqa: PTH118


def run_module() -> None:
    """Run the module that the arguments name. They are JSON of [[FOLDER, [PACKAGE, …]], …], then MODULE ARGUMENT…."""
    places, module = sys.argv[1:3]
    sys.argv[1:3] = []
    _lead_to_worktree()
    for folder, packages in json.loads(places):
        sys.path[:] = path_with(folder, packages, sys.path)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    run_module()
