"""Runs git, and finds the revision of a file of code."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from walkerbench.errors import GitError, describe_exit
from walkerbench.system.child_processes import ChildProcess

_TIMEOUT_S = 120.0
_TAIL_BYTES = 4096
_REPOSITORY_VARIABLES = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"),
    *("GIT_INTERNAL_SUPER_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SHALLOW_FILE"),
    *("GIT_GRAFT_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_CEILING_DIRECTORIES"),
    "GIT_CONFIG",
)
"""Variables that name one repository, whatever the directory: within a git hook, the hook's repository.

Of those that `git rev-parse --local-env-vars` lists, `GIT_CONFIG_PARAMETERS` and `GIT_CONFIG_COUNT` stay: they cannot
name another repository, and a CI system may permit with them (`safe.directory`) to read a repository at all.
"""

_PATTERN_VARIABLES = ("GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS")
"""Variables by which git reads file names as patterns; git refuses them together with `--literal-pathspecs`."""

_REMOVED_VARIABLES = frozenset((*_REPOSITORY_VARIABLES, *_PATTERN_VARIABLES))

_OPTIONS = (
    *("--no-optional-locks", "--literal-pathspecs"),
    # Keeps git from starting programs that the repository's configuration names.
    *("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false"),
)

_NO_REPOSITORY = "not a git repository"
"""Git's English message for a directory that lies in no repository."""

_ENGLISH_VARIABLES = {"LC_ALL": "C", "LANGUAGE": ""}
"""Variables for messages in English: they show whether a directory has no repository, or git refuses to read it."""


@dataclass(frozen=True)
class CodeRevision:
    """The commit that a file of code belongs to.

    Attributes:
        revision: Commit of the repository that tracks it, 40 hexadecimal digits; None where no repository does, or git
            failed.
        changed_files: Whether files that git knows differ from that commit; None without one.
        git_error: Git's own message where it failed, else None.
    """

    revision: str | None
    changed_files: bool | None
    git_error: str | None = None


UNKNOWN_REVISION = CodeRevision(None, None)
"""The revision of code that no repository tracks."""


def run_git(directory: Path, *arguments: str) -> str:
    """Run git in a directory.

    No hook and no file system monitor of the repository is run. A command that only reads takes no lock.

    Args:
        directory: Where to run git. It decides on the repository, whatever the environment says.
        arguments: Words of the git command; paths among them are not read as patterns.

    Returns:
        The text that git printed, without the newline at the end; bytes that are not UTF-8 are escaped as surrogates.

    Raises:
        GitError: Git is not installed, or it failed; the text is git's own.
    """
    answer = _answer(directory, *arguments)
    if answer.status != 0:
        raise answer.failure(arguments[0])
    return answer.printed


def try_git(directory: Path, *arguments: str) -> str | None:
    """Run git in a directory; return the text that it printed, or None where it failed."""
    try:
        return run_git(directory, *arguments)
    except GitError:
        return None


def repository_of(directory: Path) -> Path | None:
    """Return the top directory of the repository that a directory lies in; None where it lies in none.

    Raises:
        GitError: Git refuses to answer, for example in another user's repository; the text is git's own.
    """
    if shutil.which("git") is None and not _may_be_in_repository(directory):
        return None
    answer = _answer(directory, "rev-parse", "--show-toplevel")
    if answer.status != 0:
        if any(_NO_REPOSITORY in line for line in answer.said):
            return None
        raise answer.failure("rev-parse")
    return Path(answer.printed)


def commit_of(directory: Path, revision: str) -> str | None:
    """Return the commit that a revision names in a directory's repository; None where there is no such revision.

    Raises:
        GitError: Git failed; the text is git's own.
    """
    answer = _answer(directory, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if answer.status != 0 and answer.said:
        raise answer.failure("rev-parse")
    return answer.printed or None


def revision_of(file: Path) -> CodeRevision:
    """Return the revision of the repository that tracks a file.

    A file that lies in a repository and is not tracked there is not code of that repository. An example is a package
    that is installed into a virtual environment within the repository.
    """
    directory = file.parent
    try:
        if not directory.is_dir() or repository_of(directory) is None:
            return UNKNOWN_REVISION
        if not run_git(directory, "ls-files", "--", file.name):
            return UNKNOWN_REVISION
        revision = commit_of(directory, "HEAD")
        if revision is None:
            return UNKNOWN_REVISION
        # Files that git does not track are ignored, as `git describe --dirty` does: recorded runs are such files.
        return CodeRevision(revision, run_git(directory, "status", "--porcelain", "--untracked-files=no") != "")
    except GitError as error:
        return CodeRevision(None, None, str(error))


@dataclass(frozen=True)
class _Answer:
    """What git answered: its exit status, what it printed, and the lines that it wrote to stderr."""

    status: int
    printed: str
    said: tuple[str, ...]

    def failure(self, command: str) -> GitError:
        """Return an error with all of git's message in one line: the last line alone often leaves out the reason."""
        said = "; ".join(line.rstrip(";") for line in self.said) or describe_exit(self.status)
        return GitError(f"git {command} failed: {said}")


def _answer(directory: Path, *arguments: str) -> _Answer:
    """Run git in a directory, and return its answer, also where it failed.

    Raises:
        GitError: Git is not installed, or does not end.
    """
    program = shutil.which("git")
    if program is None:
        raise GitError("there is no git on the PATH")
    command = [program, *_OPTIONS, "-C", str(directory), *arguments]
    try:
        # Ctrl-C must reach this process, which removes what git made, and not git. Git must not ask at the terminal.
        with ChildProcess(
            command, variables=_ENGLISH_VARIABLES, without=_REMOVED_VARIABLES, stdout=subprocess.PIPE, own_session=True
        ) as child:
            printed = child.output_within(_TIMEOUT_S)
            lines = child.stderr_tail(_TAIL_BYTES).splitlines()
    except OSError as error:
        raise GitError(f"git {arguments[0]} failed: {error}") from error
    if printed is None or child.exit_status is None:
        raise GitError(f"git {arguments[0]} failed: it did not end within {_TIMEOUT_S:g} s")
    said = tuple(" ".join(line.split()) for line in lines if line.strip())
    return _Answer(child.exit_status, printed.decode("utf-8", "surrogateescape").removesuffix("\n"), said)


def _may_be_in_repository(directory: Path) -> bool:
    """Return whether a directory or one above it has a `.git`; used where git is not installed."""
    return any(os.path.lexists(each / ".git") for each in (directory, *directory.parents))
