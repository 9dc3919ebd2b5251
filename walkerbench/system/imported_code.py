"""Finds the file that a package was imported from, and other copies of the package in the working directory."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from walkerbench.shown_text import encodable

_ROOT_MARKS = (".git", "pyproject.toml")
"""The top folder of a project holds one of these."""

_INSTALLED = ("purelib", "platlib")
_PACKAGE_FOLDERS = frozenset({"site-packages", "dist-packages"})

_OWN_PACKAGE = __name__.partition(".")[0]


def top_level(module: str) -> str:
    """Return the name of the package, or of the module without a package, that a module belongs to."""
    return module.partition(".")[0]


def imported_from(package: str) -> Path | None:
    """Return the file that a top-level package or module was imported from; None where it has none.

    Args:
        package: Its name, or that of a module within it; it has been imported.
    """
    file = getattr(sys.modules.get(package), "__file__", None)
    return None if file is None else Path(file).resolve()


def project_modules() -> tuple[str, ...]:
    """Return the names of the imported packages and modules that belong to a project of the user's.

    The standard library, installed packages and walkerbench do not. For a package without an `__init__.py`, its modules
    are named in its place.
    """
    found = set()
    for name in tuple(sys.modules):  # asking a module for its file may import others
        named = top_level(name) if imported_from(top_level(name)) is not None else name
        file = imported_from(named)
        if file is not None and not named.startswith("__") and not _is_outside_projects(named, file):
            found.add(named)
    return tuple(sorted(found))


def _is_outside_projects(name: str, file: Path) -> bool:
    return top_level(name) == _OWN_PACKAGE or is_installed(file) or any(map(file.is_relative_to, _standard_library()))


@cache
def _standard_library() -> tuple[Path, ...]:
    return tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))


def modules_beside(module: str) -> tuple[str, ...]:
    """Return the modules of `project_modules` that lie in the same project as a module, and so are measured with it."""
    file = imported_from(top_level(module)) or imported_from(module)
    if file is None:
        return ()
    top = [*_project_folders(file.parent)][-1]
    others = ((name, imported_from(name)) for name in project_modules())
    return tuple(name for name, other in others if other is not None and other.is_relative_to(top))


def path_text(path: Path | None) -> str | None:
    """Return a path as text that JSON can hold."""
    return None if path is None else encodable(str(path))


def is_installed(file: Path) -> bool:
    """Return whether a file lies in a folder of installed packages, and so is a copy of a project's file."""
    if not _PACKAGE_FOLDERS.isdisjoint(file.parts):  # also in another environment
        return True
    return any(file.is_relative_to(Path(sysconfig.get_path(name)).resolve()) for name in _INSTALLED)


def other_copy(package: str, directory: Path) -> Path | None:
    """Return a file in a directory's project that holds the same package as another file, which was imported.

    Args:
        package: A top-level package or module.
        directory: Such as the working directory; its project's folders above it are searched, too.

    Returns:
        The first such file; None where there is none, or where the imported file is one of those found.
    """
    imported = imported_from(package)
    found = [file for folder in _project_folders(directory) for file in files_of(package, folder)]
    if imported is None or any(file.resolve() == imported for file in found):
        return None
    return next(iter(found), None)


def describe_other_copies(packages: Sequence[str], directory: Path) -> list[str]:
    """Return a sentence for each package of which a directory's project holds another copy than the running one.

    Args:
        packages: Top-level packages and modules, imported in this process.
        directory: Such as the working directory.
    """
    found = ((package, imported_from(package), other_copy(package, directory)) for package in packages)
    return [
        f"{package} runs from {imported.parent}, and not from {other.parent}: an edit there has no effect; "
        "`pip install -e .` in its project makes it the one that runs"
        for package, imported, other in found
        if imported is not None and other is not None
    ]


def _project_folders(directory: Path) -> Iterator[Path]:
    """Yield a directory and its parents up to the top of its project; only the directory where there is no project."""
    above = [directory, *directory.parents]
    tops = [
        number for number, folder in enumerate(above) if any(os.path.lexists(folder / mark) for mark in _ROOT_MARKS)
    ]
    yield from above[: tops[0] + 1] if tops else above[:1]


def files_of(package: str, folder: Path) -> Iterator[Path]:
    """Yield the files from which a package or module would be imported in a folder, or in its folder `src`."""
    for place in (folder, folder / "src"):
        for file in (place / package / "__init__.py", place / f"{package}.py"):
            if os.path.isfile(file):  # noqa: PTH113  False for what may not be looked at
                yield file
