"""Where a side's code comes from: the package that runs now, a checkout as it is, or a clean worktree of a revision."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from walkerbench.errors import GitError, SideError
from walkerbench.system.child_processes import PACKAGE
from walkerbench.system.file_locks import hold_lock, take_abandoned_lock
from walkerbench.system.git import repository_of, revision_of, run_git, try_git
from walkerbench.system.temporary import temporary_directory

WORKING_TREE = "."
"""Written in place of a revision, it means the working tree as it is."""

_PROTOCOL_MODULE = Path("walkerbench/interleaved/__main__.py")
_FOLDER = "walkerbench-worktree-"
_WORKTREE, _LOCK = "worktree", "in-use"
"""What lies in a folder: the worktree, and the file that the process to which it belongs holds locked."""


@dataclass(frozen=True)
class Checkout:
    """Code that a session can import.

    Attributes:
        directory: Where the package `walkerbench` lies.
        revision: Its commit, 40 hexadecimal digits; None where no repository tracks the code.
        changed_files: Whether files that git knows differ from that commit; None without one.
    """

    directory: Path
    revision: str | None = None
    changed_files: bool | None = None


@contextmanager
def checked_out(code: str | None, label: str) -> Iterator[Checkout]:
    """Yield the code of a side; a worktree is removed at the context's end, whatever happens within.

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
    return _checkout_of(PACKAGE)


def _working_tree() -> Checkout:
    root = repository_of(Path.cwd())
    # Outside of any checkout of walkerbench, what runs now is the only code that can be meant.
    return _running_package() if root is None or not (root / _PROTOCOL_MODULE).is_file() else _checkout_of(root)


def _checkout_of(directory: Path) -> Checkout:
    code = revision_of(directory / "walkerbench/__init__.py")
    return Checkout(directory, code.revision, code.changed_files)


@contextmanager
def _worktree(revision: str, label: str) -> Iterator[Checkout]:
    root = repository_of(Path.cwd())
    commit = root and try_git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if root is None or not commit:
        raise SideError(
            f"side {label!r}: {revision!r} is no git revision here{_why_no_revision(root)}, no profile and no "
            "key=value; `walkerbench profiles` lists the profiles there are"
        )
    if try_git(root, "cat-file", "-e", f"{commit}:{_PROTOCOL_MODULE.as_posix()}") is None:
        raise SideError(
            f"side {label!r}: revision {commit[:10]} has no {_PROTOCOL_MODULE.parent}, the session protocol: it is "
            "older than this command, or no walkerbench; record runs of it with its own `walkerbench run` instead"
        )
    _remove_abandoned(root)
    # Locked before git knows of it: who looks for abandoned worktrees asks git.
    with temporary_directory(_FOLDER, ignore_cleanup_errors=True) as folder, hold_lock(folder / _LOCK):
        directory = folder / _WORKTREE
        try:
            try:
                run_git(root, "worktree", "add", "--detach", "--quiet", str(directory), commit)
            except GitError as error:
                raise SideError(f"side {label!r}: {error}") from error
            yield Checkout(directory, commit, False)
        finally:
            _remove(root, directory)


def _remove_abandoned(root: Path) -> None:
    """Remove the worktrees of processes that were killed and could not remove them."""
    for line in (try_git(root, "worktree", "list", "--porcelain") or "").splitlines():
        directory = Path(line.removeprefix("worktree "))
        folder = directory.parent
        if directory.name != _WORKTREE or not folder.name.startswith(_FOLDER):
            continue
        with take_abandoned_lock(folder / _LOCK) as abandoned:
            if abandoned:
                _remove(root, directory)
                shutil.rmtree(folder, ignore_errors=True)


def _remove(root: Path, directory: Path) -> None:
    # Not `prune`: it would also drop a worktree of the user whose directory is absent now, as on a removed disk.
    shutil.rmtree(directory, ignore_errors=True)
    try_git(root, "worktree", "remove", "--force", "--force", str(directory))  # twice: also one that is half made


def _why_no_revision(root: Path | None) -> str:
    if shutil.which("git") is None:
        return " (there is no git on the PATH)"
    if root is None:
        return " (this is no git repository)"
    if try_git(root, "rev-parse", "--is-shallow-repository") == "true":
        return " (this clone is shallow: `git fetch --unshallow` brings what is missing)"
    return ""
