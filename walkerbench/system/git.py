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
"""Variables that describe one repository, whatever the directory: within a git hook, that of the hook.

Of those that `git rev-parse --local-env-vars` lists, `GIT_CONFIG_PARAMETERS` and `GIT_CONFIG_COUNT` stay: they cannot
name another repository, and a CI system may permit with them (`safe.directory`) to read a repository at all.
"""

_PATTERN_VARIABLES = ("GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS")
"""Variables that would make a pattern of a file name; git refuses them beside `--literal-pathspecs`."""

_REMOVED_VARIABLES = frozenset((*_REPOSITORY_VARIABLES, *_PATTERN_VARIABLES))

_OPTIONS = (
    *("--no-optional-locks", "--literal-pathspecs"),
    # Programs that the repository's configuration names, and that git would start.
    *("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false"),
)


@dataclass(frozen=True)
class CodeRevision:
    """The commit that a file of code belongs to.

    Attributes:
        revision: Commit of the repository that tracks it, 40 hexadecimal digits; None where no repository does.
        changed_files: Whether files that git knows differ from that commit; None without one.
    """

    revision: str | None
    changed_files: bool | None


UNKNOWN_REVISION = CodeRevision(None, None)
"""The revision of code that no repository tracks."""


def run_git(directory: Path, *arguments: str) -> str:
    """Run git in a directory.

    No hook and no file system monitor of the repository is run. A command that only reads takes no lock.

    Args:
        directory: Where to run it; decides on the repository, whatever the environment says.
        arguments: Words of the git command; a path among them is that path, and no pattern.

    Returns:
        What it printed, without the newline at the end; bytes that are not UTF-8 are escaped as surrogates.

    Raises:
        GitError: There is no git, or it failed; in its own words.
    """
    program = shutil.which("git")
    if program is None:
        raise GitError("there is no git on the PATH")
    command = [program, *_OPTIONS, "-C", str(directory), *arguments]
    try:
        # Ctrl-C must reach this process, which removes what git made, and not git; nor may git ask at the terminal.
        with ChildProcess(command, without=_REMOVED_VARIABLES, stdout=subprocess.PIPE, own_session=True) as child:
            printed = child.output_within(_TIMEOUT_S)
            said = child.stderr_tail(_TAIL_BYTES).strip().splitlines()
    except OSError as error:
        raise GitError(f"git {arguments[0]} failed: {error}") from error
    if printed is None:
        raise GitError(f"git {arguments[0]} failed: it did not end within {_TIMEOUT_S:g} s")
    if child.exit_status != 0:
        raise GitError(f"git {arguments[0]} failed: {said[-1] if said else describe_exit(child.exit_status)}")
    return printed.decode("utf-8", "surrogateescape").removesuffix("\n")


def try_git(directory: Path, *arguments: str) -> str | None:
    """Run git in a directory; return what it printed, or None where it failed."""
    try:
        return run_git(directory, *arguments)
    except GitError:
        return None


def repository_of(directory: Path) -> Path | None:
    """Return the top directory of the repository that a directory lies in, or None."""
    root = try_git(directory, "rev-parse", "--show-toplevel")
    return None if not root else Path(root)


def revision_of(file: Path) -> CodeRevision:
    """Return the revision of the repository that tracks a file.

    A file that lies in a repository and is not tracked there, such as one of a package that is installed into a virtual
    environment there, is not code of that repository.
    """
    directory = file.parent
    if not directory.is_dir() or try_git(directory, "ls-files", "--error-unmatch", "--", file.name) is None:
        return UNKNOWN_REVISION
    revision = try_git(directory, "rev-parse", "--verify", "HEAD")
    # Files that git does not know are left aside, as `git describe --dirty` does: runs recorded here are such files.
    changes = None if revision is None else try_git(directory, "status", "--porcelain", "--untracked-files=no")
    return CodeRevision(revision, None if changes is None else changes != "")
