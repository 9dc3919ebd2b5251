"""Tracebacks of code that others wrote, without the frames of the code that called it."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
_FAMILIES = _PACKAGE / "workloads"
_IMPORTING = "<frozen importlib"
_CALLING = ("concurrent/futures/", "importlib/", "threading.py", "runpy.py")


def user_traceback(error: BaseException | None, *beneath: Path) -> str:
    """Return an error's traceback with the lines of the code that was called; an empty text where it has none.

    Args:
        error: As it was raised; None for no error.
        beneath: Folders of packages that called the user's code, whose frames are left out, too.
    """
    if error is None:
        return ""
    shown = traceback.TracebackException.from_exception(error)
    # What cannot be compiled has no frame: its place stands in the error itself.
    if not _keep_users(shown, beneath) and not isinstance(error, SyntaxError):
        return ""
    return "".join(shown.format()).rstrip()


def _keep_users(shown: traceback.TracebackException, beneath: Sequence[Path]) -> bool:
    """Take away the frames of others; return whether any is left."""
    kept = [frame for frame in shown.stack if not _is_ours(frame.filename, beneath)]
    shown.stack[:] = kept
    linked = [each for each in (shown.__cause__, shown.__context__) if each is not None]
    # Of an error that was raised while another one was handled, both are the user's.
    found = [_keep_users(each, beneath) for each in linked]
    return bool(kept) or any(found)


def _is_ours(filename: str, beneath: Sequence[Path]) -> bool:
    if filename.startswith(_IMPORTING):
        return True
    path = Path(filename)
    if any(path.is_relative_to(folder) for folder in beneath):
        return True
    if path.is_relative_to(_PACKAGE):
        # A workload that is a folder of its own is code that is measured, as a user's is.
        return not (path.is_relative_to(_FAMILIES) and path.parent != _FAMILIES)
    standard_library = Path(traceback.__file__).parent
    return path.is_relative_to(standard_library) and str(path.relative_to(standard_library)).startswith(_CALLING)
