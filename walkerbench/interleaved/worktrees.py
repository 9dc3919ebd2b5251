"""Provides a side's code: the package that runs now, the working tree as it is, or a clean worktree of a revision."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import walkerbench
from walkerbench.errors import GitError, SideError
from walkerbench.interleaved.worktree_content import fill_worktree
from walkerbench.interleaved.worktree_setup import (
    Environment,
    environment_variables,
    make_virtual_environment,
    run_setup,
)
from walkerbench.near_words import did_you_mean
from walkerbench.profile import shipped as shipped_profiles
from walkerbench.system.child_bootstrap import worktree_variables
from walkerbench.system.child_processes import PACKAGE, python_command
from walkerbench.system.file_locks import hold_lock, take_abandoned_lock
from walkerbench.system.git import commit_of, repository_of, run_git, try_git
from walkerbench.system.imported_code import files_of, imported_from, is_installed, other_copy, path_text
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.system.temporary import temporary_directory

WORKING_TREE = "."
"""The word in place of a revision that means the working tree as it is."""

_PACKAGE_FILE = Path("walkerbench/__init__.py")
_PROTOCOL_MODULE = Path("walkerbench/interleaved/__main__.py")
_FOLDER = "walkerbench-worktree-"
_WORKTREE, _LOCK, _ENVIRONMENT = "worktree", "in-use", "environment"
"""The content of a temporary folder: the worktree, the file that the owning process keeps locked, and the virtual
environment of a setup."""


@dataclass(frozen=True)
class Checkout:
    """Code that a session can import.

    Attributes:
        harness: Folder of the package `walkerbench` that measures: the package that runs now, except where the
            repository is walkerbench's own.
        packages: Top-level packages and modules whose code is measured, imported in this process.
        worktree: The worktree that holds the code; None for the code that runs now.
        working_directory: The working directory of a session; None for that of this process.
    """

    harness: Path
    packages: tuple[str, ...]
    worktree: Worktree | None = None
    working_directory: Path | None = None

    def command(self) -> list[str]:
        """Return the command that starts a session."""
        environment = None if self.worktree is None else self.worktree.environment
        program = None if environment is None else environment.program
        return python_command("walkerbench.interleaved", places=self.places(), program=program)

    def variables(self) -> dict[str, str]:
        """Return the environment variables that a session has in addition to those of this process."""
        if self.worktree is None:
            return {}
        worktree = self.worktree
        theirs = {folder: packages for folder, packages in self.places().items() if folder != PACKAGE}
        variables = worktree_variables(
            repository=str(worktree.repository),
            worktree=str(worktree.directory),
            folders=[*map(str, theirs)],
            packages=[package for packages in theirs.values() for package in packages],
        )
        return {**variables, **({} if worktree.environment is None else environment_variables(worktree.environment))}

    def places(self) -> dict[Path, list[str]]:
        """Return the folders that a session imports from, each with the packages that the folder holds."""
        found: dict[Path, list[str]] = {}
        for package in self.packages:
            file = self._expected(package)
            if file is not None and self.worktree is not None and self.worktree.holds(file):
                found.setdefault(_import_folder(file), []).append(package)
        found.setdefault(self.harness, []).append(walkerbench.__name__)
        return found

    def expected_imports(self) -> dict[str, str | None]:
        """Return the file that a session must import each package from; None for a package without a file."""
        return {package: path_text(self._expected(package)) for package in self.packages}

    def wrong_imports(self, imported: Mapping[str, str | None]) -> list[str]:
        """Return in words which packages and modules a session has imported from a wrong place.

        Args:
            imported: Name → file of each package and module of a project that the session has imported.
        """
        expected = {package: file for package, file in self.expected_imports().items() if not self._lacks(package)}
        wrong = [
            f"{package} from {imported.get(package)} in place of {wanted}"
            for package, wanted in expected.items()
            if imported.get(package) != wanted
        ]
        if self.worktree is not None:
            wrong += [
                f"{name} from {file}, which is the working tree and not the revision"
                for name, file in imported.items()
                if name not in expected and file is not None and self.worktree.is_of_working_tree(Path(file))
            ]
        return wrong

    def _lacks(self, package: str) -> bool:
        """Return whether the revision has no such package, so that its code cannot import the package."""
        expected = self._expected(package)
        return self.worktree is not None and expected is not None and not expected.is_file()

    def _expected(self, package: str) -> Path | None:
        file = imported_from(package)
        if self.worktree is None or file is None:
            return file
        if package == walkerbench.__name__:
            return self.harness / package / file.name
        return self.worktree.file_of(package, file)


@dataclass(frozen=True)
class Worktree:
    """A checkout of one revision.

    Attributes:
        directory: Its top directory.
        repository: Top directory of the repository that it is a worktree of.
        here: This process's working directory, relative to the top of the repository.
        environment: The virtual environment of its setup; None without a setup.
        absent: Submodules and Git LFS files that it lacks because the user's working tree lacks them, too.
    """

    directory: Path
    repository: Path
    here: Path
    environment: Environment | None = None
    absent: tuple[str, ...] = ()

    @property
    def working_directory(self) -> Path:
        """Return the folder for this process's working directory; the top directory where the revision has no such."""
        folder = self.directory / self.here
        return folder if folder.is_dir() else self.directory

    def holds(self, file: Path) -> bool:
        """Return whether a file lies in this worktree, or was installed by its setup."""
        return file.is_relative_to(self.directory.parent)

    def is_of_working_tree(self, file: Path) -> bool:
        """Return whether a file is code of the user's working tree, and therefore not of a revision."""
        return file.is_relative_to(self.repository) and not self.holds(file) and not is_installed(file)

    def file_of(self, package: str, file: Path) -> Path:
        """Return the file in this worktree of a package that this process has imported from `file`.

        An installed package is the same for every revision. A package that has moved since the revision is looked for
        in the working directory and its folder `src`.
        """
        if is_installed(file) or not file.is_relative_to(self.repository):
            return file
        # A package that the setup installed as a copy has its built files, which the worktree's own folders lack.
        installed = self.environment and next(iter(files_of(package, self.environment.packages)), None)
        if installed:
            return installed
        same_place = self.directory / file.relative_to(self.repository)
        if same_place.is_file():
            return same_place
        return next(iter(files_of(package, self.working_directory)), same_place)


def _import_folder(file: Path) -> Path:
    """Return the folder on the module search path by which a package or module of this file is found."""
    return file.parents[1] if file.name == "__init__.py" else file.parent


@contextmanager
def checked_out(
    code: str | None,
    label: str,
    packages: tuple[str, ...],
    setup: str | None = None,
    interrupts: InterruptWatch | None = None,
) -> Iterator[Checkout]:
    """Yield the code of a side; a worktree is always removed at the context's end, after an error too.

    Args:
        code: A revision of the repository that the current directory lies in, `WORKING_TREE`, or None for the
            package that runs now.
        label: The side's label, for messages.
        packages: As in `Checkout`.
        setup: A command that is run in a new worktree, in a virtual environment of its own; not in the working tree.
        interrupts: Checked while the setup runs.

    Raises:
        SideError: There is no such revision here, this walkerbench cannot measure it, its setup failed, or the working
            tree holds different code from what runs.
        GitError: Git refuses to read the repository.
        Interrupted: The user ended the setup.
    """
    if code is None:
        yield Checkout(PACKAGE, packages)
    elif code == WORKING_TREE:
        yield _working_tree(label, packages)
    else:
        with worktree_of(code, label) as worktree:
            checkout = _checkout_of(worktree, code, label, packages)
            yield checkout if setup is None else _set_up(checkout, setup, label, interrupts or InterruptWatch())


def _working_tree(label: str, packages: tuple[str, ...]) -> Checkout:
    """Return the code that runs now; refuse it where the working tree holds another copy of it, or none of it."""
    here = Path.cwd()
    repository = repository_of(here)
    for package in packages:
        other = other_copy(package, here) or (repository and _tracked_copy(repository.resolve(), package))
        if other is not None:
            raise SideError(
                f"side {label!r}: {package} is imported from {_folder_of(package)}, and the working tree holds another "
                f"copy, {other.parent}, which would not be measured: run `pip install -e .` in the working tree"
            )
    if repository is not None and not any(_holds_running(repository, package) for package in packages):
        _refuse_foreign_code(repository, label, packages)
    return Checkout(PACKAGE, packages)


def _refuse_foreign_code(repository: Path, label: str, packages: tuple[str, ...]) -> NoReturn:
    where = ", ".join(f"{package} is imported from {_folder_of(package)}" for package in packages)
    raise SideError(
        f"side {label!r}: the repository {repository} holds none of the code that is measured ({where}): "
        "change to the repository that holds it, or name a workload of this repository"
    )


def _tracked_copy(repository: Path, package: str) -> Path | None:
    """Return the file of a package that a repository tracks, where a file of the repository runs that is not tracked.

    For example, `build/lib/mine/__init__.py` runs and `python/mine/__init__.py` is tracked. None in all other cases.
    """
    file = imported_from(package)
    if file is None or not file.is_relative_to(repository) or file in map(Path.resolve, files_of(package, Path.cwd())):
        return None
    name = f"{package}/{file.name}" if file.name == "__init__.py" else file.name
    tracked = [repository / each for each in run_git(repository, "ls-files", "-z").split("\0")]
    copies = [each for each in tracked if f"/{each.relative_to(repository).as_posix()}".endswith(f"/{name}")]
    return None if file in (each.resolve() for each in copies) else next(iter(copies), None)


def _holds_running(repository: Path, package: str) -> bool:
    file = imported_from(package)
    return file is not None and file.is_relative_to(repository.resolve()) and not is_installed(file)


def _folder_of(package: str) -> str:
    file = imported_from(package)
    return "no file" if file is None else str(file.parent)


def _checkout_of(worktree: Worktree, revision: str, label: str, packages: tuple[str, ...]) -> Checkout:
    """Return the code of a worktree that holds everything that is measured.

    Raises:
        SideError: The worktree holds no walkerbench that can be measured, although the repository is walkerbench's own;
            or the worktree lacks a package.
    """
    is_ours = (worktree.repository / _PACKAGE_FILE).is_file() or (worktree.directory / _PACKAGE_FILE).is_file()
    if is_ours and not (worktree.directory / _PROTOCOL_MODULE).is_file():
        raise SideError(
            f"side {label!r}: revision {revision} has no {_PROTOCOL_MODULE.parent}, the session protocol: it is "
            "older than this command, or no walkerbench; record runs of it with its own `walkerbench run` instead"
        )
    theirs = [package for package in packages if package != walkerbench.__name__]
    if not is_ours and not any(_holds_running(worktree.repository, package) for package in theirs):
        _refuse_foreign_code(worktree.repository, label, packages)
    for package in theirs[-1:]:  # the workload's own package; the candidate may have added the others
        file = imported_from(package)
        if file is not None and not (found := worktree.file_of(package, file)).is_file():
            raise SideError(
                f"side {label!r}: revision {revision} has no {package} at {found.relative_to(worktree.directory)}: it "
                "is older than the workload: give a revision that has the workload"
            )
    harness = worktree.directory if is_ours else PACKAGE
    return Checkout(harness, packages, worktree, worktree.working_directory)


def _set_up(checkout: Checkout, command: str, label: str, interrupts: InterruptWatch) -> Checkout:
    """Run a setup in a worktree, and return the checkout whose sessions run in the setup's virtual environment."""
    worktree = checkout.worktree
    assert worktree is not None  # noqa: S101  the caller made it
    environment = make_virtual_environment(worktree.directory.parent / _ENVIRONMENT, label, interrupts)
    run_setup(command, environment, worktree.working_directory, label, interrupts)
    return replace(checkout, worktree=replace(worktree, environment=environment))


@contextmanager
def worktree_of(revision: str, label: str) -> Iterator[Worktree]:
    """Yield a clean worktree of a revision, without a check of its content; remove it at the context's end.

    Args:
        revision: A revision of the repository that the current directory lies in.
        label: The side's label, for messages.

    Raises:
        SideError: There is no such revision here, or it cannot be checked out.
        GitError: Git refuses to read the repository.
    """
    root = repository_of(Path.cwd())
    commit = root and commit_of(root, revision)
    if root is None or not commit:
        hint = did_you_mean(revision, shipped_profiles.names())
        raise SideError(
            f"side {label!r}: {revision!r} is no git revision here{_why_no_revision(root)}, no profile and no "
            f"key=value; {hint}`walkerbench profiles` lists the profiles there are"
        )
    _remove_abandoned(root)
    # The lock is taken before git lists the worktree: processes that look for abandoned worktrees ask git.
    with temporary_directory(_FOLDER, ignore_cleanup_errors=True) as folder, hold_lock(folder / _LOCK):
        directory = folder.resolve() / _WORKTREE
        try:
            try:
                run_git(root, "worktree", "add", "--detach", "--quiet", str(directory), commit)
            except GitError as error:
                raise SideError(f"side {label!r}: {error}") from error
            absent = fill_worktree(root, directory, label)
            here = Path.cwd().resolve().relative_to(root.resolve())
            yield Worktree(directory, root.resolve(), here, absent=absent)
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
    # `--force` twice also removes a worktree that is half made, which git has locked.
    try_git(root, "worktree", "remove", "--force", "--force", str(directory))


def _why_no_revision(root: Path | None) -> str:
    if shutil.which("git") is None:
        return " (there is no git on the PATH)"
    if root is None:
        return " (this is no git repository)"
    if try_git(root, "rev-parse", "--is-shallow-repository") == "true":
        return " (this clone is shallow: `git fetch --unshallow` brings what is missing)"
    return ""
