from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import walkerbench
from walkerbench.errors import SideError
from walkerbench.interleaved.worktrees import checked_out


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go, so that what is left of them is seen."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(directory))
    return directory


def test_a_revision_is_checked_out_and_removed(repository: Any, temporary: Path) -> None:
    with checked_out("the-flipped", "it") as checkout:
        assert checkout.revision == repository.git("rev-parse", "the-flipped^{commit}")
        assert checkout.changed_files is False
        assert checkout.directory.is_relative_to(temporary)
        assert "agent=7" in (checkout.directory / "varied_walkers.py").read_text(encoding="utf-8")
        assert repository.worktrees() == 2
    assert repository.worktrees() == 1
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_worktree_is_removed_after_an_error(repository: Any, temporary: Path, error: type[BaseException]) -> None:
    def break_off(directory: Path) -> None:
        (directory / "walkerbench/profile/model.py").write_text("changed meanwhile")
        (directory / "new").touch()
        raise error

    with pytest.raises(error), checked_out("main", "it") as checkout:
        break_off(checkout.directory)
    assert repository.worktrees() == 1
    assert list(temporary.iterdir()) == []


def test_two_worktrees_of_one_revision(repository: Any) -> None:
    with checked_out("main", "a") as one, checked_out("main", "b") as other:
        assert one.directory != other.directory
        assert one.revision == other.revision
    assert repository.worktrees() == 1


def test_hooks_of_the_repository_are_not_run(repository: Any, tmp_path: Path) -> None:
    hook = repository.directory / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    hook.chmod(0o755)
    try:
        with checked_out("main", "it"):
            pass
    finally:
        hook.unlink()
    assert not (tmp_path / "was-run").exists()


def test_a_git_hook_that_calls_us_does_not_confuse_us(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    with checked_out("main", "it") as checkout:
        assert (checkout.directory / "walkerbench/__init__.py").is_file()


def test_the_working_tree_is_taken_as_it_is(repository: Any, temporary: Path) -> None:
    with checked_out(".", "it") as clean:
        assert clean.directory == repository.directory
        assert (clean.revision, clean.changed_files) == (repository.git("rev-parse", "HEAD"), False)
    (repository.package / "unknown_to_git").touch()
    repository.append("running/pacing.py", "# changed\n")
    try:
        with checked_out(".", "it") as changed:
            assert changed.changed_files is True
    finally:
        repository.git("reset", "--quiet", "--hard")
        repository.git("clean", "--quiet", "--force", "-d")
    assert list(temporary.iterdir()) == []


def test_a_subdirectory_is_in_the_working_tree_too(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository.package / "modes")
    with checked_out(".", "it") as checkout:
        assert checkout.directory == repository.directory


def test_outside_of_a_checkout_the_working_tree_is_what_runs_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for code in (".", None):
        with checked_out(code, "it") as checkout:
            assert checkout.directory == Path(walkerbench.__file__).parent.parent


def refused(code: str) -> str:
    with pytest.raises(SideError) as caught, checked_out(code, "it"):
        pass
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_revision_that_is_not_there(repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = (
        "side 'it': 'mian' is no git revision here, no profile and no key=value; "
        "`walkerbench profiles` lists the profiles there are"
    )
    assert refused("mian") == said
    monkeypatch.chdir(tmp_path)
    assert refused("mian") == said.replace("here,", "here (this is no git repository),")


def test_without_git_no_revision_is_known(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    assert "'main' is no git revision here (there is no git on the PATH)" in refused("main")


def test_a_revision_without_the_session_protocol(repository: Any) -> None:
    commit = repository.git("rev-parse", "the-lacking^{commit}")
    assert refused("the-lacking") == (
        f"side 'it': revision {commit[:10]} has no walkerbench/interleaved, the session protocol: it is older than "
        "this command, or no walkerbench; record runs of it with its own `walkerbench run` instead"
    )
    assert repository.worktrees() == 1


def test_in_a_shallow_clone_it_is_said_how_to_get_more(
    repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "shallow"
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.directory}", str(clone))
    monkeypatch.chdir(clone)
    assert "no git revision here (this clone is shallow: `git fetch --unshallow` brings what is missing)" in refused(
        "HEAD~1"
    )


def test_a_worktree_of_the_user_that_is_out_of_sight_is_kept(repository: Any, tmp_path: Path) -> None:
    theirs = tmp_path / "unmounted"
    repository.git("worktree", "add", "--detach", "--quiet", str(theirs), "main")
    theirs.rename(tmp_path / "elsewhere")
    try:
        with checked_out("main", "it"):
            pass
        assert str(theirs) in repository.git("worktree", "list", "--porcelain")
    finally:
        repository.git("worktree", "prune")


HOLDS_A_WORKTREE = """
import sys
from walkerbench.interleaved.worktrees import checked_out
with checked_out("main", "it") as checkout:
    print(checkout.directory, flush=True)
    sys.stdin.read()
"""


@contextmanager
def process_with_worktree(temporary: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process with a worktree, which another process id would not give away: only its lock tells of it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS_A_WORKTREE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
        text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            yield process, Path(process.stdout.readline().strip())
        finally:
            process.communicate("")


@pytest.mark.promise("left behind", "A worktree that a killed process left is removed by the next measurement.")
@pytest.mark.promise("left behind", "No worktree in use is removed, not even one of another container.")
def test_a_lock_tells_abandoned_worktrees_from_others(repository: Any, temporary: Path) -> None:
    with process_with_worktree(temporary) as (killed, left), process_with_worktree(temporary) as (_, kept):
        killed.kill()
        killed.wait()
        assert (left / "walkerbench").is_dir()
        with checked_out("main", "it"):
            assert not left.parent.exists()
            assert (kept / "walkerbench").is_dir()
        assert repository.worktrees() == 2
    assert repository.worktrees() == 1
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("fault", ["no lock", "no locks here", "another name"])
def test_where_a_lock_tells_nothing_the_worktree_is_kept(
    repository: Any, temporary: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    name = "a-worktree" if fault == "another name" else "walkerbench-worktree-x"
    theirs = temporary / name / "worktree"
    repository.git("worktree", "add", "--detach", "--quiet", str(theirs), "main")
    if fault != "no lock":
        (theirs.parent / "in-use").touch()
    if fault == "no locks here":
        monkeypatch.setattr(fcntl, "flock", refuse_to_lock)
    try:
        with checked_out("main", "it"):
            pass
        assert (theirs / "walkerbench").is_dir()
    finally:
        repository.git("worktree", "remove", "--force", str(theirs))


def refuse_to_lock(*_: object) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def test_git_that_fails_says_why(repository: Any, temporary: Path) -> None:
    locked = repository.directory / ".git/worktrees"
    locked.write_text("no directory")
    try:
        assert refused("main").startswith("side 'it': git worktree failed: fatal: ")
    finally:
        locked.unlink()
    assert list(temporary.iterdir()) == []
