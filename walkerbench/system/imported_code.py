"""Which file a package is imported from, and whether the working directory holds the same package in other files."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from walkerbench.shown_text import encodable

_ROOT_MARKS = (".git", "pyproject.toml")
"""What the top folder of a project holds."""

_INSTALLED = ("purelib", "platlib")
_PACKAGE_FOLDERS = frozenset({"site-packages", "dist-packages"})

_HARNESS = __name__.partition(".")[0]


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

    Those of the standard library and what is installed do not, nor does walkerbench. A package without a file of its
    own, which has no `__init__.py`, stands for nothing: its modules are named in its place.
    """
    found = set()
    for name in tuple(sys.modules):  # asking a module for its file may import others
        named = top_level(name) if imported_from(top_level(name)) is not None else name
        file = imported_from(named)
        if file is not None and not named.startswith("__") and not _is_of_no_project(named, file):
            found.add(named)
    return tuple(sorted(found))


def _is_of_no_project(name: str, file: Path) -> bool:
    return top_level(name) == _HARNESS or is_installed(file) or any(map(file.is_relative_to, _standard_library()))


@cache
def _standard_library() -> tuple[Path, ...]:
    return tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))


def modules_beside(module: str) -> tuple[str, ...]:
    """Return those of `project_modules` that lie in the same project as a module, and so may be measured with it."""
    file = imported_from(top_level(module)) or imported_from(module)
    if file is None:
        return ()
    top = [*_project_folders(file.parent)][-1]
    others = ((name, imported_from(name)) for name in project_modules())
    return tuple(name for name, other in others if other is not None and other.is_relative_to(top))


def path_text(path: Path | None) -> str | None:
    """Return a path as JSON can hold it."""
    return None if path is None else encodable(str(path))


def is_installed(file: Path) -> bool:
    """Return whether a file lies where packages are installed, so that it is a copy of what some project holds."""
    if not _PACKAGE_FOLDERS.isdisjoint(file.parts):  # of another environment, too
        return True
    return any(file.is_relative_to(Path(sysconfig.get_path(name)).resolve()) for name in _INSTALLED)


def other_copy(package: str, directory: Path) -> Path | None:
    """Return the file of a package that lies in a directory's project and is not the one that was imported.

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
    """Return a sentence for each package that a directory's project holds in another copy than the one that runs.

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
    """Yield a directory and those above it up to the top of its project; the directory alone where it has none."""
    above = [directory, *directory.parents]
    tops = [
        number for number, folder in enumerate(above) if any(os.path.lexists(folder / mark) for mark in _ROOT_MARKS)
    ]
    yield from above[: tops[0] + 1] if tops else above[:1]


def files_of(package: str, folder: Path) -> Iterator[Path]:
    """Yield the files by which a package or module would be imported from a folder, or from its folder `src`."""
    for place in (folder, folder / "src"):
        for file in (place / package / "__init__.py", place / f"{package}.py"):
            if os.path.isfile(file):  # noqa: PTH113  False for what may not be looked at
                yield file
