from __future__ import annotations

import os
from pathlib import Path

import pytest
from repositories import git, make_repository

from walkerbench.errors import GitError
from walkerbench.system.git import UNKNOWN_REVISION, CodeRevision, repository_of, revision_of, run_git, try_git


def test_a_tracked_file_is_of_its_repositorys_commit(tmp_path: Path) -> None:
    commit = make_repository(tmp_path, code="a = 1")
    (tmp_path / "unknown_to_git").touch()
    assert revision_of(tmp_path / "code.py") == CodeRevision(commit, False)
    (tmp_path / "code.py").write_text("a = 2")
    assert revision_of(tmp_path / "code.py") == CodeRevision(commit, True)


def test_an_untracked_file_is_of_no_revision(tmp_path: Path) -> None:
    make_repository(tmp_path, code="")
    (tmp_path / "other.py").touch()
    installed = tmp_path / ".venv/lib/site-packages/code.py"
    installed.parent.mkdir(parents=True)
    installed.touch()
    assert revision_of(tmp_path / "other.py") == UNKNOWN_REVISION
    assert revision_of(installed) == UNKNOWN_REVISION


def test_a_file_outside_any_repository_is_of_no_revision(tmp_path: Path) -> None:
    (tmp_path / "code.py").touch()
    assert revision_of(tmp_path / "code.py") == UNKNOWN_REVISION
    assert revision_of(tmp_path / "gone" / "code.py") == UNKNOWN_REVISION
    assert repository_of(tmp_path) is None


def test_the_environment_does_not_lead_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = make_repository(tmp_path / "ours", code="a = 1")
    make_repository(tmp_path / "theirs", code="a = 2")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "theirs" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "theirs"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "theirs" / ".git/index"))
    monkeypatch.chdir(tmp_path / "theirs")
    assert revision_of(tmp_path / "ours" / "code.py") == CodeRevision(commit, False)
    assert repository_of(tmp_path / "ours") == tmp_path / "ours"


def test_a_file_name_may_be_any_bytes(tmp_path: Path) -> None:
    make_repository(tmp_path, code="")
    path = tmp_path / os.fsdecode(b"na\xefve.py")
    path.write_text("a = 1")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "-m", "second")
    path.write_text("a = 2")
    assert revision_of(tmp_path / "code.py").changed_files is True


def test_a_directory_may_end_in_a_space(tmp_path: Path) -> None:
    make_repository(tmp_path / "ours ", code="")
    assert repository_of(tmp_path / "ours ") == tmp_path / "ours "


def test_what_git_refuses_is_said_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(GitError, match=r"git rev-parse failed: fatal: not a git repository"):
        run_git(tmp_path, "rev-parse", "HEAD")
    assert try_git(tmp_path, "rev-parse", "HEAD") is None


def test_without_git_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_repository(tmp_path, code="")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="there is no git on the PATH"):
        run_git(tmp_path, "status")
    assert revision_of(tmp_path / "code.py") == UNKNOWN_REVISION
