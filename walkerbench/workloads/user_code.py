"""Imports the object that a SPEC names from the user's own code, and says what is wrong where that fails."""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from walkerbench.errors import RAISED_BY_OTHERS, UsageError, describe_error
from walkerbench.near_words import did_you_mean
from walkerbench.shown_text import shortened
from walkerbench.system.child_bootstrap import path_with
from walkerbench.system.forked_copies import OneProcess
from walkerbench.system.imported_code import top_level
from walkerbench.system.user_tracebacks import user_traceback

_SOURCE_FOLDERS = (".", "src")
"""Folders of a project in which its modules lie."""


def import_user_object(module: str, name: str, what: str) -> Any:
    """Return the object that a user's module holds under a name.

    The module is found as `python -m` would find it in the working directory, or in its folder `src`. Installed modules
    are found, too.

    Args:
        module: The module's dotted name.
        name: The object's name in the module; dotted for an attribute of a class.
        what: What the object is, for messages, such as `workload 'mysim:Herd'`.

    Raises:
        UsageError: There is no such module or name, or the module cannot be imported.
    """
    problem = _wrong_names(module, name)
    if problem is not None:
        raise UsageError(f"{what}: {problem}; give MODULE:NAME, such as mysim:Herd")
    found: Any = import_user_module(module, what)
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            hint = did_you_mean(part, _public_names(found))
            known = ", ".join(_public_names(found)[:10]) or "nothing"
            raise UsageError(f"{what}: {module} has no {name!r}; {hint}it has {known}") from None
        except RAISED_BY_OTHERS as error:
            raise _failed_import(module, what, error) from error
    return found


def import_user_module(module: str, what: str) -> Any:
    """Return a user's module, imported as `import_user_object` does.

    Raises:
        UsageError: There is no such module, or it cannot be imported.
    """
    add_to_path(module)
    try:
        with OneProcess():
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # Another module, which this one imports, may be missing: that is an error of the user's code.
        if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
            searched = ", ".join(str(folder) for folder in _project_folders())
            raise UsageError(f"{what}: no module {error.name!r} in {searched}, and none is installed") from None
        raise _failed_import(module, what, error) from error
    except RAISED_BY_OTHERS as error:
        raise _failed_import(module, what, error) from error


def _wrong_names(module: str, name: str) -> str | None:
    """Return what is wrong with the names of a module and of an object in it, or None; looks for neither."""
    for text, kind in ((module, "module"), (name, "class or function")):
        if not text:
            return f"it names no {kind}"
        wrong = next((part for part in text.split(".") if not part.isidentifier()), None)
        if wrong is not None:
            return f"{shortened(wrong)!r} is no Python name" if wrong else f"the name of the {kind} has an empty part"
    return None


def add_to_path(module: str) -> None:
    """Let a module be imported from the working directory's project, where it lies there.

    The folder comes before installed packages, as for `python -m`, so that other modules in it are found, too; and
    before every other copy of the module. It comes after the standard library: a file of the project that has the name
    of a standard module must not break walkerbench.
    """
    package = top_level(module)
    for folder in _project_folders():
        if PathFinder.find_spec(package, [str(folder)]) is not None:
            installed = next((number for number, entry in enumerate(sys.path) if _holds_packages(entry)), len(sys.path))
            first = path_with(str(folder), [package], sys.path[:installed])
            sys.path[:] = [*first, *sys.path[installed:]]
            return


def _holds_packages(entry: str) -> bool:
    return Path(entry).name in ("site-packages", "dist-packages")


def _project_folders() -> list[Path]:
    return [folder for name in _SOURCE_FOLDERS if (folder := Path.cwd() / name).is_dir()]


def _failed_import(module: str, what: str, error: BaseException) -> UsageError:
    # The first line names the error, and its frames need no heading.
    frames = [line for line in user_traceback(error).splitlines()[:-1] if not line.startswith("Traceback ")]
    return UsageError(f"{what}: {module} cannot be imported: {describe_error(error)}", *frames)


def _public_names(found: object) -> list[str]:
    return [name for name in dir(found) if not name.startswith("_")]
