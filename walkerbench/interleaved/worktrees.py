"""Where a side's code comes from: the package that runs now, a checkout as it is, or a clean worktree of a revision."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import walkerbench
from walkerbench.errors import GitError, SideError
from walkerbench.system.child_processes import PACKAGE
from walkerbench.system.file_locks import hold_lock, take_abandoned_lock
from walkerbench.system.git import commit_of, repository_of, run_git, try_git
from walkerbench.system.imported_code import imported_from, is_installed, other_copy, path_text
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
        packages: Top-level packages and modules whose code is measured, imported in this process.
        repository: Top directory of the repository that it is a worktree of; None for the code that runs now.
    """

    directory: Path
    packages: tuple[str, ...]
    repository: Path | None = None

    def expected_imports(self) -> dict[str, str | None]:
        """Return the file that a session has to import each package from; None for a package without a file."""
        return {package: path_text(self._expected(package)) for package in self.packages}

    def _expected(self, package: str) -> Path | None:
        file = imported_from(package)
        if self.repository is None or file is None:
            return file
        if package == walkerbench.__name__:
            return self.directory / package / file.name
        # What is installed is the same for every revision.
        if is_installed(file) or not file.is_relative_to(self.repository):
            return file
        return self.directory / file.relative_to(self.repository)


@contextmanager
def checked_out(code: str | None, label: str, packages: tuple[str, ...]) -> Iterator[Checkout]:
    """Yield the code of a side; a worktree is removed at the context's end, whatever happens within.

    Args:
        code: A revision of the repository that the current directory lies in, `WORKING_TREE`, or None for the
            package that runs now.
        label: The side's, for messages.
        packages: As in `Checkout`.

    Raises:
        SideError: There is no such revision here, it cannot be measured by this walkerbench, or the working tree holds
            other code than what runs.
        GitError: Git does not say what lies here.
    """
    if code is None:
        yield Checkout(PACKAGE, packages)
    elif code == WORKING_TREE:
        yield _working_tree(label, packages)
    else:
        with _worktree(code, label, packages) as checkout:
            yield checkout


def _working_tree(label: str, packages: tuple[str, ...]) -> Checkout:
    """Return the code that runs now, where the working tree holds it or no other code could be meant."""
    here = Path.cwd()
    repository = repository_of(here)
    for package in packages:
        other = other_copy(package, here) or (repository and _tracked_copy(repository.resolve(), package))
        if other is not None:
            raise SideError(
                f"side {label!r}: {package} is imported from {_folder_of(package)}, and the working tree holds another "
                f"copy, {other.parent}, which would not be measured: run `pip install -e .` in the working tree"
            )
    if repository is not None and not any(_is_of(repository, package) for package in packages):
        where = ", ".join(f"{package} is imported from {_folder_of(package)}" for package in packages)
        raise SideError(
            f"side {label!r}: the repository {repository} holds none of the code that is measured ({where}): "
            "change to the repository that does, or name the workload that this one holds"
        )
    return Checkout(PACKAGE, packages)


def _tracked_copy(repository: Path, package: str) -> Path | None:
    """Return the file of a package that a repository tracks, where another one runs that lies there and is not tracked.

    Such as `build/lib/mine/__init__.py`, whatever the folder is called that the code is written in.
    """
    file = imported_from(package)
    if file is None or not file.is_relative_to(repository):
        return None
    name = f"{package}/{file.name}" if file.name == "__init__.py" else file.name
    tracked = [repository / each for each in run_git(repository, "ls-files", "-z").split("\0")]
    copies = [each for each in tracked if f"/{each.relative_to(repository).as_posix()}".endswith(f"/{name}")]
    return None if file in (each.resolve() for each in copies) else next(iter(copies), None)


def _is_of(repository: Path, package: str) -> bool:
    file = imported_from(package)
    return file is not None and file.is_relative_to(repository.resolve()) and not is_installed(file)


def _folder_of(package: str) -> str:
    file = imported_from(package)
    return "no file" if file is None else str(file.parent)


@contextmanager
def _worktree(revision: str, label: str, packages: tuple[str, ...]) -> Iterator[Checkout]:
    root = repository_of(Path.cwd())
    commit = root and commit_of(root, revision)
    if root is None or not commit:
        raise SideError(
            f"side {label!r}: {revision!r} is no git revision here{_why_no_revision(root)}, no profile and no "
            "key=value; `walkerbench profiles` lists the profiles there are"
        )
    if not run_git(root, "ls-tree", "--name-only", "--full-tree", commit, "--", _PROTOCOL_MODULE.as_posix()):
        raise SideError(
            f"side {label!r}: revision {commit[:10]} has no {_PROTOCOL_MODULE.parent}, the session protocol: it is "
            "older than this command, or no walkerbench; record runs of it with its own `walkerbench run` instead"
        )
    _remove_abandoned(root)
    # Locked before git knows of it: who looks for abandoned worktrees asks git.
    with temporary_directory(_FOLDER, ignore_cleanup_errors=True) as folder, hold_lock(folder / _LOCK):
        directory = folder.resolve() / _WORKTREE
        try:
            try:
                run_git(root, "worktree", "add", "--detach", "--quiet", str(directory), commit)
            except GitError as error:
                raise SideError(f"side {label!r}: {error}") from error
            yield Checkout(directory, packages, root.resolve())
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
