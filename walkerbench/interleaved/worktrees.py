"""Where a side's code comes from: the package that runs now, a checkout as it is, or a clean worktree of a revision."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from walkerbench.errors import SideError
from walkerbench.system.child_processes import PACKAGE

WORKING_TREE = "."
"""What stands for the working tree as it is, in place of a revision."""

_PROTOCOL_MODULE = Path("walkerbench/interleaved/__main__.py")
_FOLDER = "walkerbench-worktree-"
_OF_A_PROCESS = re.compile(rf"{_FOLDER}(\d+)-")
_GIT_TIMEOUT_S = 120.0
_OF_ANOTHER_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")


@dataclass(frozen=True)
class Checkout:
    """Code that a session can import.

    Attributes:
        directory: Where the package `walkerbench` lies.
        revision: Its commit, 40 hexadecimal digits; None where it is not told or the code is in no repository.
        dirty: Whether files that git knows differ from that commit; None without one.
    """

    directory: Path
    revision: str | None = None
    dirty: bool | None = None


@contextmanager
def checked_out(code: str | None, label: str) -> Iterator[Checkout]:
    """The code of a side, for as long as the context lasts; a worktree is removed afterwards in any case.

    Args:
        code: A revision of the repository that the current directory lies in, `WORKING_TREE`, or None for the
            package that runs now.
        label: The side's, for messages.

    Raises:
        SideError: There is no such revision here, or it cannot be measured by this walkerbench.
    """
    if code is None:
        yield _running_package()
    elif code == WORKING_TREE:
        yield _working_tree()
    else:
        with _worktree(code, label) as checkout:
            yield checkout


def _running_package() -> Checkout:
    return _as_it_is(PACKAGE)


def _working_tree() -> Checkout:
    root = _repository()
    # Outside of any checkout of walkerbench, what runs now is the only code that can be meant.
    return _running_package() if root is None or not (root / _PROTOCOL_MODULE).is_file() else _as_it_is(root)


def _as_it_is(directory: Path) -> Checkout:
    """A directory as it is; whether it is dirty is told where its own files are in a repository."""
    known = _try_git(directory, "ls-files", "--error-unmatch", "walkerbench/__init__.py")
    revision = None if known is None else _try_git(directory, "rev-parse", "--verify", "HEAD")
    # Files that git does not know are left aside, as `git describe --dirty` does: runs recorded here are such files.
    changes = None if revision is None else _try_git(directory, "status", "--porcelain", "--untracked-files=no")
    return Checkout(directory, revision, None if changes is None else changes != "")


@contextmanager
def _worktree(revision: str, label: str) -> Iterator[Checkout]:
    root = _repository()
    commit = root and _try_git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if root is None or not commit:
        raise SideError(
            f"side {label!r}: {revision!r} is no git revision here{_why_not(root)}, no profile and no key=value; "
            "`walkerbench profiles` lists the profiles there are"
        )
    if _try_git(root, "cat-file", "-e", f"{commit}:{_PROTOCOL_MODULE.as_posix()}") is None:
        raise SideError(
            f"side {label!r}: revision {commit[:10]} has no {_PROTOCOL_MODULE.parent}, the session protocol: it is "
            "older than this command, or no walkerbench; record runs of it with its own `walkerbench run` instead"
        )
    _sweep(root)
    with tempfile.TemporaryDirectory(prefix=f"{_FOLDER}{os.getpid()}-", ignore_cleanup_errors=True) as folder:
        directory = Path(folder) / "worktree"
        try:
            _git(root, "worktree", "add", "--detach", "--quiet", str(directory), commit, label=label)
            yield Checkout(directory, commit, False)
        finally:
            _remove(root, directory)


def _sweep(root: Path) -> None:
    """Remove what a process left that was killed and could not remove it itself."""
    for line in (_try_git(root, "worktree", "list", "--porcelain") or "").splitlines():
        directory = Path(line.removeprefix("worktree "))
        owner = _OF_A_PROCESS.match(directory.parent.name)
        if owner is not None and directory.is_dir() and not psutil.pid_exists(int(owner[1])):
            _remove(root, directory)
            shutil.rmtree(directory.parent, ignore_errors=True)


def _remove(root: Path, directory: Path) -> None:
    # Not `prune`, which would drop every worktree whose directory is out of sight right now, whosever it is.
    shutil.rmtree(directory, ignore_errors=True)
    _try_git(root, "worktree", "remove", "--force", "--force", str(directory))  # twice: also one that is half made


def _why_not(root: Path | None) -> str:
    if shutil.which("git") is None:
        return " (there is no git on the PATH)"
    if root is None:
        return " (this is no git repository)"
    if _try_git(root, "rev-parse", "--is-shallow-repository") == "true":
        return " (this clone is shallow: `git fetch --unshallow` brings what is missing)"
    return ""


def _repository() -> Path | None:
    root = _try_git(Path.cwd(), "rev-parse", "--show-toplevel")
    return None if not root else Path(root)


def _try_git(directory: Path, *arguments: str) -> str | None:
    """What git says, or None where it fails."""
    with suppress(OSError, subprocess.SubprocessError):
        return _run_git(directory, *arguments)
    return None


def _git(directory: Path, *arguments: str, label: str) -> str:
    try:
        return _run_git(directory, *arguments)
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"exit status {error.returncode}"]
        raise SideError(f"side {label!r}: git {arguments[0]} failed: {lines[-1]}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise SideError(f"side {label!r}: git {arguments[0]} failed: {error}") from error


def _run_git(directory: Path, *arguments: str) -> str:
    program = shutil.which("git")
    if program is None:
        raise FileNotFoundError("there is no git")
    # Within a git hook these point to the repository being worked on, whatever the directory.
    environment = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER_REPOSITORY}
    done = subprocess.run(  # noqa: S603  no shell
        # No hook of the repository is run, and no lock is taken for the sake of a look.
        [program, "--no-optional-locks", "-c", f"core.hooksPath={os.devnull}", "-C", str(directory), *arguments],
        capture_output=True, text=True, errors="surrogateescape", timeout=_GIT_TIMEOUT_S, check=True, env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches this process, which removes what git made; not git in its midst
    )  # fmt: skip
    return done.stdout.strip()
