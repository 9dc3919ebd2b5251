"""Brings into a new worktree what git leaves out: submodules, and the content of Git LFS files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from walkerbench.errors import GitError, SideError
from walkerbench.system.git import commit_of, run_git, try_git

_SUBMODULE_MODE = "160000"
_POINTER_START = "version https://git-lfs.github.com/spec/v1"
"""The beginning of a pointer: the file that git keeps in place of a file that Git LFS keeps."""

_MOST_POINTER_BYTES = 1024


def fill_worktree(repository: Path, worktree: Path, label: str) -> tuple[str, ...]:
    """Copy submodules from the user's working tree, and check that Git LFS files have their content.

    Args:
        repository: Top directory of the user's own working tree.
        worktree: Top directory of a new worktree of the same repository.
        label: The side's label, for messages.

    Returns:
        The content that is absent because the user's working tree lacks it, too; each entry says how to get it.

    Raises:
        SideError: The worktree lacks something that the user's working tree has.
    """
    absent = [*_fill_submodules(repository, worktree, "", label)]
    for path in _pointers(worktree):
        if _is_pointer(repository / path) or not (repository / path).exists():
            absent.append(f"the content of the Git LFS file {path} (`git lfs pull` brings it)")
            continue
        raise SideError(
            f"side {label!r}: {path} is a Git LFS file whose content git does not bring into a worktree: "
            "run `git lfs install`, which makes git bring it"
        )
    return tuple(absent)


def _fill_submodules(repository: Path, worktree: Path, above: str, label: str) -> Iterator[str]:
    for path, commit in _submodules(worktree):
        name, own = f"{above}{path}", repository / path
        if not (own / ".git").exists():
            yield f"the submodule {name} (`git submodule update --init` brings it)"
            continue
        try:
            if commit_of(own, commit) is None:
                raise SideError(
                    f"side {label!r}: the submodule {name} has no commit {commit[:10]}, which the revision asks for: "
                    f"`git -C {name} fetch` brings it"
                )
            # The clone uses the objects of the user's own copy: nothing is fetched, and that copy is not changed.
            run_git(worktree, "clone", "--quiet", "--shared", "--no-checkout", str(own), str(worktree / path))
            run_git(worktree / path, "checkout", "--quiet", "--detach", commit)
        except GitError as error:
            raise SideError(f"side {label!r}: the submodule {name}: {error}") from error
        yield from _fill_submodules(own, worktree / path, f"{name}/", label)


def _submodules(worktree: Path) -> Iterator[tuple[str, str]]:
    """Yield the path and the commit of each submodule."""
    if not (worktree / ".gitmodules").is_file():
        return
    for line in run_git(worktree, "ls-files", "--stage", "-z").split("\0"):
        facts, _, path = line.partition("\t")
        if facts.startswith(_SUBMODULE_MODE):
            yield path, facts.split()[1]


def _pointers(worktree: Path) -> list[str]:
    # `git grep` fails where no file has the line.
    found = try_git(worktree, "grep", "--name-only", "-z", "--fixed-strings", "-e", _POINTER_START)
    return [path for path in (found or "").split("\0") if path and _is_pointer(worktree / path)]


def _is_pointer(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_POINTER_BYTES + 1)
    except OSError:
        return False
    return len(content) <= _MOST_POINTER_BYTES and content.startswith(_POINTER_START.encode())
