from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from walkerbench.errors import OutputError
from walkerbench.run_directory import (
    ARRAYS,
    RunWriter,
)


def test_an_existing_output_is_refused_and_not_changed(tmp_path: Path, toy: Any) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    (tmp_path / "file").write_text("precious")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")

    for name in ("mine", "file", "dangling"):
        with pytest.raises(OutputError, match="the output exists already: give a directory that does not"):
            RunWriter.create(tmp_path / name, toy.begun(), toy.dtypes)

    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dangling", "file", "mine"]


def test_an_output_below_a_file_is_refused(tmp_path: Path, toy: Any) -> None:
    (tmp_path / "file").write_text("precious")

    with pytest.raises(OutputError, match="cannot be written: Not a directory"):
        RunWriter.create(tmp_path / "file" / "a" / "run", toy.begun(), toy.dtypes)

    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_without_permission_is_refused(tmp_path: Path, toy: Any) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)

    with pytest.raises(OutputError, match="Permission denied"):
        RunWriter.create(tmp_path / "locked" / "run", toy.begun(), toy.dtypes)


@pytest.mark.parametrize("successes", range(len(ARRAYS)))
def test_an_array_that_cannot_be_opened_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, successes: Any, toy: Any
) -> None:
    left = iter(range(successes))
    really_open = os.open

    def failing_open(path: Any, flags: Any, mode: int = 0o777, **more: Any) -> Any:
        if str(path).endswith(".npy") and next(left, None) is None:
            raise PermissionError(errno.EACCES, "Permission denied")
        return really_open(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", failing_open)
    with pytest.raises(OutputError, match="cannot be written: Permission denied"):
        RunWriter.create(tmp_path / "a" / "run", toy.begun(), toy.dtypes)

    assert list(left) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_while_creating_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Any, toy: Any
) -> None:
    def fail(descriptor: Any) -> None:
        raise failure

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError if isinstance(failure, OSError) else KeyboardInterrupt):
        RunWriter.create(tmp_path / "a" / "run", toy.begun(), toy.dtypes)

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_while_creating_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Any) -> None:
    def full(descriptor: Any, data: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OutputError, match="cannot be written: No space left on device"):
        RunWriter.create(tmp_path / "a" / "run", toy.begun(), toy.dtypes)

    assert list(tmp_path.iterdir()) == []


def test_a_failed_creation_removes_only_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Any) -> None:
    def fail(descriptor: Any) -> None:
        (tmp_path / "a" / "another").mkdir()
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError):
        RunWriter.create(tmp_path / "a" / "run", toy.begun(), toy.dtypes)

    assert [path.name for path in (tmp_path / "a").iterdir()] == ["another"]
