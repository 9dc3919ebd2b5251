"""Recognises errors of a system without free files, processes, threads, memory or space, and says what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from walkerbench.errors import CapacityError

_THREAD_REFUSED = "can't start new thread"  # Python's whole message
_NO_TEMPORARY_DIRECTORY = "No usable temporary directory"  # what tempfile says; the errno is that of any missing file

_SHARED_MEMORY = "/dev/shm"  # noqa: S108  where multiprocessing looks on Linux

_PROBLEMS_BY_ERRNO = {
    errno.EMFILE: "this process may open no more files: raise the limit (ulimit -n), or give fewer workers",
    errno.ENFILE: "the system can open no more files: close what else is running, or give fewer workers",
    errno.EAGAIN: "no more processes or threads may be started: raise the limit (ulimit -u), or give fewer workers",
    errno.ENOMEM: "no memory is left: give fewer workers or agents, or close what else is running",
}
_NO_FILE_ERRNOS = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT)


def capacity_problem(error: BaseException) -> str | None:
    """Return what the system has run out of, and what to do; None for any other error."""
    if isinstance(error, MemoryError):
        return _PROBLEMS_BY_ERRNO[errno.ENOMEM]
    if isinstance(error, RuntimeError) and str(error) == _THREAD_REFUSED:
        return _PROBLEMS_BY_ERRNO[errno.EAGAIN]
    if not isinstance(error, OSError):
        return None
    if _NO_TEMPORARY_DIRECTORY in str(error):
        return "no temporary directory can be written: set TMPDIR to one that can"
    return None if error.errno is None else _PROBLEMS_BY_ERRNO.get(error.errno)


@contextmanager
def capacity_errors(doing: str) -> Iterator[None]:
    """Turn an error of the block into a `CapacityError` where the system refuses what the block needs.

    Args:
        doing: What then cannot be done, for the message, such as `2 workers cannot be started`.
    """
    try:
        yield
    except (OSError, RuntimeError, MemoryError) as error:
        missing = capacity_problem(error) or _no_file_problem(error)
        if missing is None:
            raise
        raise CapacityError(f"{doing}: {missing}") from error


def _no_file_problem(error: BaseException) -> str | None:
    """Return which folder takes no file; None for any other error. Call it only where starting something failed."""
    if isinstance(error, FileNotFoundError) and error.filename == _SHARED_MEMORY:
        return f"there is no {_SHARED_MEMORY}, which memory that processes share lies in: mount it"
    if not isinstance(error, OSError) or error.errno not in _NO_FILE_ERRNOS:
        return None
    folder = f"in {Path(error.filename).parent}" if isinstance(error.filename, str) else "for temporary data"
    return f"no file can be made {folder} ({error.strerror}): make room there, or let this user write there"
