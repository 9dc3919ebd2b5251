from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from repositories import git, make_repository

from walkerbench.errors import GitError
from walkerbench.system.git import (
    UNKNOWN_REVISION,
    CodeRevision,
    commit_of,
    repository_of,
    revision_of,
    run_git,
    try_git,
)


def test_a_tracked_file_has_its_repositorys_commit(tmp_path: Path) -> None:
    commit = make_repository(tmp_path, code="a = 1")
    (tmp_path / "unknown_to_git").touch()
    assert revision_of(tmp_path / "code.py") == CodeRevision(commit, False)
    (tmp_path / "code.py").write_text("a = 2")
    assert revision_of(tmp_path / "code.py") == CodeRevision(commit, True)


def test_an_untracked_file_has_no_revision(tmp_path: Path) -> None:
    make_repository(tmp_path, code="")
    (tmp_path / "other.py").touch()
    installed = tmp_path / ".venv/lib/site-packages/code.py"
    installed.parent.mkdir(parents=True)
    installed.touch()
    assert revision_of(tmp_path / "other.py") == UNKNOWN_REVISION
    assert revision_of(installed) == UNKNOWN_REVISION


def test_a_file_outside_any_repository_has_no_revision(tmp_path: Path) -> None:
    (tmp_path / "code.py").touch()
    assert revision_of(tmp_path / "code.py") == UNKNOWN_REVISION
    assert revision_of(tmp_path / "gone" / "code.py") == UNKNOWN_REVISION
    assert repository_of(tmp_path) is None


def test_variables_do_not_lead_git_to_another_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = make_repository(tmp_path / "ours", code="a = 1")
    make_repository(tmp_path / "theirs", code="a = 2")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "theirs" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "theirs"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "theirs" / ".git/index"))
    monkeypatch.chdir(tmp_path / "theirs")
    assert revision_of(tmp_path / "ours" / "code.py") == CodeRevision(commit, False)
    assert repository_of(tmp_path / "ours") == tmp_path / "ours"


def test_no_variable_of_another_repository_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = make_repository(tmp_path, code="a = 1")
    configuration = {"GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"}
    for name in set(git(tmp_path, "rev-parse", "--local-env-vars").split()) - configuration:
        monkeypatch.setenv(name, "nonsense")
    assert revision_of(tmp_path / "code.py") == CodeRevision(commit, False)
    assert "=nonsense" not in run_git(tmp_path, "-c", "alias.variables=!env", "variables")


@pytest.mark.parametrize(("key", "value"), [("core.worktree", "theirs"), ("core.bare", "true")])
def test_configuration_in_variables_names_no_other_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    commit = make_repository(tmp_path / "ours", code="a = 1")
    make_repository(tmp_path / "theirs", code="a = 2")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", key)
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path / value) if value == "theirs" else value)
    assert revision_of(tmp_path / "ours" / "code.py") == CodeRevision(commit, False)
    assert repository_of(tmp_path / "ours") == tmp_path / "ours"


@pytest.mark.parametrize("kind", ["GLOB", "NOGLOB", "ICASE", "LITERAL"])
def test_a_file_name_is_no_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    commit = make_repository(tmp_path, code="")
    for name in ("[c]ode.py", ":(glob)*", "*"):
        (tmp_path / name).touch()
    assert {revision_of(tmp_path / name) for name in ("[c]ode.py", ":(glob)*", "*")} == {UNKNOWN_REVISION}
    monkeypatch.setenv(f"GIT_{kind}_PATHSPECS", "1")
    assert revision_of(tmp_path / "code.py") == CodeRevision(commit, False)
    assert revision_of(tmp_path / "[c]ode.py") == UNKNOWN_REVISION


def test_no_program_of_the_repository_is_run(tmp_path: Path) -> None:
    make_repository(tmp_path, code="a = 1")
    program = tmp_path / ".git/hooks/post-checkout"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    program.chmod(0o755)
    git(tmp_path, "config", "core.fsmonitor", str(program))
    assert revision_of(tmp_path / "code.py").changed_files is False
    run_git(tmp_path, "checkout", "--quiet", "--detach")
    assert not (tmp_path / "was-run").exists()


def test_reading_a_revision_takes_no_lock(tmp_path: Path) -> None:
    commit = make_repository(tmp_path, code="a = 1")
    index = tmp_path / ".git/index"
    before = index.read_bytes()
    os.utime(tmp_path / "code.py", (1, 1))  # without its options, `git status` would write the new time into the index
    assert revision_of(tmp_path / "code.py") == CodeRevision(commit, False)
    assert index.read_bytes() == before


def test_git_has_a_session_of_its_own_and_no_input(tmp_path: Path) -> None:
    make_repository(tmp_path, code="")
    said = run_git(tmp_path, "-c", "alias.facts=!ps -o sid= -p $$; wc -c", "facts").split()
    assert int(said[0]) != os.getsid(0)
    assert said[1] == "0"


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


def test_a_refusal_of_git_is_reported_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(GitError, match=r"git rev-parse failed: fatal: not a git repository"):
        run_git(tmp_path, "rev-parse", "HEAD")
    assert try_git(tmp_path, "rev-parse", "HEAD") is None


def test_without_git_no_revision_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_repository(tmp_path, code="")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="there is no git on the PATH"):
        run_git(tmp_path, "status")
    assert revision_of(tmp_path / "code.py") == CodeRevision(None, None, "there is no git on the PATH")
    with pytest.raises(GitError, match="there is no git on the PATH"):
        repository_of(tmp_path)


def test_without_git_and_repository_there_is_no_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "code.py").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert revision_of(tmp_path / "code.py") == UNKNOWN_REVISION
    assert repository_of(tmp_path) is None


def test_a_repository_of_another_user_is_not_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_repository(tmp_path, code="")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # makes git treat the checkout as another user's
    monkeypatch.setenv("HOME", os.devnull)
    said = (
        "git rev-parse failed: fatal: detected dubious ownership in repository at .*; "
        "To add an exception for this directory, call:; git config --global --add safe.directory "
    )
    with pytest.raises(GitError, match=said):
        repository_of(tmp_path)
    revision = revision_of(tmp_path / "code.py")
    assert revision.revision is None
    assert re.match(said, revision.git_error or "")


def test_the_error_holds_all_of_gits_message(tmp_path: Path) -> None:
    with pytest.raises(GitError) as caught:
        run_git(tmp_path, "-c", "alias.talk=!printf 'one: not found\\n\\n  two\\n' >&2; exit 3 #", "talk")
    assert str(caught.value) == "git -c failed: one: not found; two"


def test_a_commit_without_a_name_is_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert commit_of(tmp_path, "HEAD") is None
    commit = make_repository(tmp_path, code="")
    assert commit_of(tmp_path, "HEAD") == commit
    assert commit_of(tmp_path, "nowhere") is None
