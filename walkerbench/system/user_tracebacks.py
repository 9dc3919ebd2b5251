"""Shortens tracebacks to the frames of the user's code."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_WORKLOADS = _PACKAGE / "workloads"
_IMPORT_FRAMES = "<frozen importlib"
_CALLING_MODULES = ("concurrent/futures/", "importlib/", "threading.py", "runpy.py")


def user_traceback(error: BaseException | None, *beneath: Path) -> str:
    """Return an error's traceback with only the lines of the user's code; an empty text where it has none.

    Args:
        error: As it was raised; None for no error.
        beneath: Folders of packages that called the user's code, whose frames are left out, too.
    """
    if error is None:
        return ""
    shown = traceback.TracebackException.from_exception(error)
    # A syntax error has no frame of its own: the error itself names the place.
    if not _keep_users(shown, beneath) and not isinstance(error, SyntaxError):
        return ""
    return "".join(shown.format()).rstrip()


def _keep_users(shown: traceback.TracebackException, beneath: Sequence[Path]) -> bool:
    """Remove all frames but those of the user's code, and return whether any is left."""
    kept = [frame for frame in shown.stack if not _is_ours(frame.filename, beneath)]
    shown.stack[:] = kept
    linked = [each for each in (shown.__cause__, shown.__context__) if each is not None]
    # Where an error was raised while another one was handled, both are shown.
    found = [_keep_users(each, beneath) for each in linked]
    return bool(kept) or any(found)


def _is_ours(filename: str, beneath: Sequence[Path]) -> bool:
    if filename.startswith(_IMPORT_FRAMES):
        return True
    path = Path(filename)
    if any(path.is_relative_to(folder) for folder in beneath):
        return True
    if path.is_relative_to(_PACKAGE):
        # A built-in workload with a folder of its own counts as the user's code, since it is measured.
        return not (path.is_relative_to(_WORKLOADS) and path.parent != _WORKLOADS)
    standard_library = Path(traceback.__file__).parent
    return path.is_relative_to(standard_library) and str(path.relative_to(standard_library)).startswith(
        _CALLING_MODULES
    )
