from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from repositories import make_repository

import walkerbench
from walkerbench.errors import GitError, SideError, UsageError
from walkerbench.interleaved.worktrees import Checkout, checked_out
from walkerbench.system import imported_code
from walkerbench.system.git import run_git

PACKAGES = ("walkerbench",)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for temporary files, so that a test can see which are left."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(directory))
    return directory


def test_a_revision_is_checked_out_and_removed(repository: Any, temporary: Path) -> None:
    with checked_out("the-flipped", "it", PACKAGES) as checkout:
        assert run_git(checkout.harness, "rev-parse", "HEAD") == repository.git("rev-parse", "the-flipped^{commit}")
        assert checkout.harness.is_relative_to(temporary)
        assert "agent=7" in (checkout.harness / "varied_walkers.py").read_text(encoding="utf-8")
        assert repository.worktrees() == 2
    assert repository.worktrees() == 1
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_worktree_is_removed_after_an_error(repository: Any, temporary: Path, error: type[BaseException]) -> None:
    def break_off(directory: Path) -> None:
        (directory / "walkerbench/profile/model.py").write_text("changed since then")
        (directory / "new").touch()
        raise error

    with pytest.raises(error), checked_out("main", "it", PACKAGES) as checkout:
        break_off(checkout.harness)
    assert repository.worktrees() == 1
    assert list(temporary.iterdir()) == []


def test_one_revision_can_have_two_worktrees(repository: Any) -> None:
    with checked_out("main", "a", PACKAGES) as one, checked_out("main", "b", PACKAGES) as other:
        assert one.harness != other.harness
        assert run_git(one.harness, "rev-parse", "HEAD") == run_git(other.harness, "rev-parse", "HEAD")
    assert repository.worktrees() == 1


def test_hooks_of_the_repository_are_not_run(repository: Any, tmp_path: Path) -> None:
    hook = repository.directory / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    hook.chmod(0o755)
    try:
        with checked_out("main", "it", PACKAGES):
            pass
    finally:
        hook.unlink()
    assert not (tmp_path / "was-run").exists()


def test_a_call_from_a_git_hook_makes_a_worktree(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    with checked_out("main", "it", PACKAGES) as checkout:
        assert (checkout.harness / "walkerbench/__init__.py").is_file()


RUNNING = Path(walkerbench.__file__).resolve()


@pytest.mark.promise("verdicts", "A working tree whose code is not what runs is refused, and never named in a result.")
@pytest.mark.parametrize("place", [".", "walkerbench/modes"])
def test_a_working_tree_whose_code_does_not_run_is_refused(
    repository: Any, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(repository.directory / place)
    assert refused(".") == (
        f"side 'it': walkerbench is imported from {RUNNING.parent}, and the working tree holds another copy, "
        f"{repository.package}, which would not be measured: run `pip install -e .` in the working tree"
    )


def test_a_working_tree_whose_code_runs_needs_no_checkout(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = repository.package / "__init__.py"
    monkeypatch.setattr(imported_code, "imported_from", lambda _: file)
    monkeypatch.setattr("walkerbench.interleaved.worktrees.imported_from", lambda _: file)
    with checked_out(".", "it", PACKAGES) as checkout:
        assert checkout == Checkout(RUNNING.parents[1], PACKAGES)
        assert checkout.expected_imports() == {"walkerbench": str(file)}


def test_a_build_of_the_working_tree_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, built = tmp_path / "python/mine", tmp_path / "build/lib/mine"
    source.mkdir(parents=True)
    (source / "__init__.py").touch()
    make_repository(tmp_path)
    shutil.copytree(source, built)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("walkerbench.interleaved.worktrees.imported_from", lambda _: built / "__init__.py")
    with pytest.raises(SideError, match=f"is imported from {built}, and the working tree holds another copy, {source}"):
        checked_out(".", "it", ("mine",)).__enter__()
    monkeypatch.setattr("walkerbench.interleaved.worktrees.imported_from", lambda _: source / "__init__.py")
    with checked_out(".", "it", ("mine",)):
        pass


@pytest.mark.promise("verdicts", "A repository that holds none of the code that would be measured is refused.")
def test_a_repository_without_code_under_test_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_repository(tmp_path / "theirs", other="")
    monkeypatch.chdir(tmp_path / "theirs")
    assert refused(".").startswith(
        f"side 'it': the repository {tmp_path}/theirs holds none of the code that is measured "
        f"(walkerbench is imported from {RUNNING.parent})"
    )


def test_outside_of_a_repository_the_code_that_runs_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for code in (".", None):
        with checked_out(code, "it", PACKAGES) as checkout:
            assert checkout == Checkout(RUNNING.parents[1], PACKAGES)


@pytest.mark.promise("verdicts", "Where git does not answer, its words are the refusal, and no other code is measured.")
@pytest.mark.parametrize("code", [".", "main"])
def test_where_git_refuses_a_repository_its_words_are_shown(
    repository: Any, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setattr(imported_code, "imported_from", lambda _: repository.package / "__init__.py")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git then treats the repository as another user's
    monkeypatch.setenv("HOME", os.devnull)
    said = r"fatal: detected dubious ownership in repository at .*safe\.directory"
    with pytest.raises(GitError, match=said), checked_out(code, "it", PACKAGES):
        pass


def test_packages_are_expected_from_the_worktree(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, installed = repository.directory / "varied_walkers.py", Path(pytest.__file__)
    files = {"walkerbench": RUNNING, "varied_walkers": mine, "pytest": installed, "made up": None}
    monkeypatch.setattr("walkerbench.interleaved.worktrees.imported_from", files.get)
    with checked_out("main", "it", tuple(files)) as checkout:
        assert checkout.expected_imports() == {
            "walkerbench": str(checkout.harness / "walkerbench/__init__.py"),
            "varied_walkers": str(checkout.harness / "varied_walkers.py"),
            "pytest": str(installed),
            "made up": None,
        }


def refused(code: str) -> str:
    with pytest.raises(UsageError) as caught, checked_out(code, "it", PACKAGES):
        pass
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_revision_that_does_not_exist_is_refused(
    repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (
        "side 'it': 'mian' is no git revision here, no profile and no key=value; "
        "`walkerbench profiles` lists the profiles there are"
    )
    assert refused("mian") == said
    monkeypatch.chdir(tmp_path)
    assert refused("mian") == said.replace("here,", "here (this is no git repository),")


def test_a_misspelt_profile_is_refused_with_a_suggestion(repository: Any) -> None:
    assert "no key=value; did you mean smoke? `walkerbench profiles` lists" in refused("smokke")


def test_without_git_no_revision_is_known(repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    assert refused("main") == "there is no git on the PATH"
    monkeypatch.chdir(tmp_path)
    assert "'main' is no git revision here (there is no git on the PATH)" in refused("main")


def test_a_revision_without_the_session_protocol_is_refused(repository: Any) -> None:
    assert refused("the-lacking") == (
        "side 'it': revision the-lacking has no walkerbench/interleaved, the session protocol: it is older than this "
        "command, or no walkerbench; record runs of it with its own `walkerbench run` instead"
    )
    assert repository.worktrees() == 1


def test_in_a_shallow_clone_the_error_says_how_to_get_more(
    repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "shallow"
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.directory}", str(clone))
    monkeypatch.chdir(clone)
    assert "no git revision here (this clone is shallow: `git fetch --unshallow` brings what is missing)" in refused(
        "HEAD~1"
    )


def test_a_users_worktree_whose_folder_is_absent_is_kept(repository: Any, tmp_path: Path) -> None:
    theirs = tmp_path / "unmounted"
    repository.git("worktree", "add", "--detach", "--quiet", str(theirs), "main")
    theirs.rename(tmp_path / "elsewhere")
    try:
        with checked_out("main", "it", PACKAGES):
            pass
        assert str(theirs) in repository.git("worktree", "list", "--porcelain")
    finally:
        repository.git("worktree", "prune")


HOLDS_A_WORKTREE = """
import sys
from walkerbench.interleaved.worktrees import checked_out
with checked_out("main", "it", ("walkerbench",)) as checkout:
    print(checkout.harness, flush=True)
    sys.stdin.read()
"""


@contextmanager
def process_with_worktree(temporary: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Yield a process that holds a worktree, and the worktree; only its lock shows that the worktree is in use."""
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
        with checked_out("main", "it", ("walkerbench",)):
            assert not left.parent.exists()
            assert (kept / "walkerbench").is_dir()
        assert repository.worktrees() == 2
    assert repository.worktrees() == 1
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("fault", ["no lock", "no locks here", "another name"])
def test_without_a_usable_lock_a_worktree_is_kept(
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
        with checked_out("main", "it", PACKAGES):
            pass
        assert (theirs / "walkerbench").is_dir()
    finally:
        repository.git("worktree", "remove", "--force", str(theirs))


def refuse_to_lock(*_: object) -> None:
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))


def test_the_error_of_git_is_shown(repository: Any, temporary: Path) -> None:
    locked = repository.directory / ".git/worktrees"
    locked.write_text("no directory")
    try:
        assert refused("main").startswith("side 'it': git worktree failed: fatal: ")
    finally:
        locked.unlink()
    assert list(temporary.iterdir()) == []
