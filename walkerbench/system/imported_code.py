"""Which file a package is imported from, and whether the working directory holds the same package in other files."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

from walkerbench.shown_text import encodable

_ROOT_MARKS = (".git", "pyproject.toml")
"""What the top folder of a project holds."""

_INSTALLED = ("purelib", "platlib")


def top_level(module: str) -> str:
    """Return the name of the package, or of the module without a package, that a module belongs to."""
    return module.partition(".")[0]


def imported_from(package: str) -> Path | None:
    """Return the file that a top-level package or module was imported from; None where it has none.

    Args:
        package: Its name; it has been imported.
    """
    file = getattr(sys.modules.get(package), "__file__", None)
    return None if file is None else Path(file).resolve()


def path_text(path: Path | None) -> str | None:
    """Return a path as JSON can hold it."""
    return None if path is None else encodable(str(path))


def is_installed(file: Path) -> bool:
    """Return whether a file lies where packages are installed, so that it is a copy of what some project holds."""
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
    found = [file for folder in _project_folders(directory) for file in _files_of(package, folder)]
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


def _files_of(package: str, folder: Path) -> Iterator[Path]:
    for place in (folder, folder / "src"):
        for file in (place / package / "__init__.py", place / f"{package}.py"):
            if os.path.isfile(file):  # noqa: PTH113  False for what may not be looked at
                yield file
