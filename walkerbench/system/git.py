"""Runs git, and says which revision a file of code is of."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from walkerbench.errors import GitError

_TIMEOUT_S = 120.0
_POINT_ELSEWHERE = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_IMPLICIT_WORK_TREE", "GIT_SHALLOW_FILE", "GIT_CEILING_DIRECTORIES"),
)
"""Variables that name a repository, whatever the directory: within a git hook, that of the hook."""


@dataclass(frozen=True)
class CodeRevision:
    """Which code a file is of.

    Attributes:
        revision: Commit of the repository that tracks it, 40 hexadecimal digits; None where no repository does.
        changed_files: Whether files that git knows differ from that commit; None without one.
    """

    revision: str | None
    changed_files: bool | None


UNKNOWN_REVISION = CodeRevision(None, None)
"""Of code that no repository tracks."""


def run_git(directory: Path, *arguments: str) -> str:
    """Run git in a directory.

    No hook of the repository is run, and no lock is taken for the sake of a look.

    Args:
        directory: Where to run it; decides on the repository, whatever the environment says.
        arguments: git's.

    Returns:
        What it printed, without the newline at the end; bytes that are no UTF-8 are escaped as surrogates.

    Raises:
        GitError: There is no git, or it failed; in its own words.
    """
    program = shutil.which("git")
    if program is None:
        raise GitError("there is no git on the PATH")
    environment = {name: value for name, value in os.environ.items() if name not in _POINT_ELSEWHERE}
    try:
        done = subprocess.run(  # noqa: S603  no shell
            [program, "--no-optional-locks", "-c", f"core.hooksPath={os.devnull}", "-C", str(directory), *arguments],
            capture_output=True, text=True, encoding="utf-8", errors="surrogateescape", timeout=_TIMEOUT_S,
            check=True, env=environment, stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches this process, which removes what git made; not git in its midst
        )  # fmt: skip
    except subprocess.CalledProcessError as error:
        lines = str(error.stderr).strip().splitlines() or [f"exit status {error.returncode}"]
        raise GitError(f"git {arguments[0]} failed: {lines[-1]}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise GitError(f"git {arguments[0]} failed: {error}") from error
    return str(done.stdout).removesuffix("\n")


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

    A file that merely lies in a repository, such as that of a package installed into an environment there, is not of
    its code.
    """
    directory = file.parent
    if not directory.is_dir() or try_git(directory, "ls-files", "--error-unmatch", "--", file.name) is None:
        return UNKNOWN_REVISION
    revision = try_git(directory, "rev-parse", "--verify", "HEAD")
    # Files that git does not know are left aside, as `git describe --dirty` does: runs recorded here are such files.
    changes = None if revision is None else try_git(directory, "status", "--porcelain", "--untracked-files=no")
    return CodeRevision(revision, None if changes is None else changes != "")
