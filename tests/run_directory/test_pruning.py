from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from recorded_runs import recorded, write

from walkerbench.run_directory import RunWriter, list_runs, plan_pruning, remove_run


def old(folder: Path, keep: int = 0) -> list[str]:
    return [run.directory.name for run in plan_pruning(list_runs(folder), keep).old]


def kept(folder: Path, keep: int = 0) -> dict[str, str]:
    return {run.directory.name: reason for run, reason in plan_pruning(list_runs(folder), keep).kept}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three runs, the newest of which is c."""
    for second, name in enumerate("abc", 1):
        write(tmp_path / "runs" / name, recorded(str(second)))
    return tmp_path / "runs"


@pytest.mark.parametrize(("keep", "removed"), [(0, ["c", "b", "a"]), (1, ["b", "a"]), (3, []), (9, [])])
def test_all_but_the_newest_runs_are_old(folder: Path, keep: int, removed: list[str]) -> None:
    assert old(folder, keep) == removed
    assert kept(folder, keep) == {}


def test_a_run_is_removed_with_its_directory(folder: Path) -> None:
    (run,) = plan_pruning(list_runs(folder), 2).old
    assert remove_run(run, folder) is None
    assert sorted(path.name for path in folder.iterdir()) == ["b", "c"]


def test_a_damaged_run_is_kept_and_does_not_count(folder: Path) -> None:
    (folder / "c" / "run.json").write_text("{")
    assert old(folder, 1) == ["a"]
    assert kept(folder, 1) == {"c": "it is damaged"}


@pytest.mark.promise("left behind", "`walkerbench runs --prune` removes no run that is being recorded.")
def test_a_run_that_is_being_recorded_is_kept(tmp_path: Path, toy: Any) -> None:
    with RunWriter.create(tmp_path / "run", toy.begun(), toy.dtypes):
        assert (old(tmp_path), kept(tmp_path)) == ([], {"run": "it is being recorded"})
    assert (old(tmp_path), kept(tmp_path)) == (["run"], {})


@pytest.mark.promise("left behind", "`walkerbench runs --prune` removes nothing but a run's own files.")
@pytest.mark.parametrize("other", ["notes.txt", "wall/", "frames.npy.bak"])
def test_a_run_directory_with_other_files_is_kept(folder: Path, other: str) -> None:
    path = folder / "a" / other.rstrip("/")
    path.mkdir() if other.endswith("/") else path.write_text("mine")
    assert old(folder) == ["c", "b"]
    assert kept(folder) == {"a": f"it holds {path.name!r}, which is no part of a run"}


def test_a_link_in_place_of_a_runs_file_is_kept(folder: Path, tmp_path: Path) -> None:
    elsewhere = (folder / "a" / "cpu.npy").rename(tmp_path / "cpu.npy")
    (folder / "a" / "cpu.npy").symlink_to(elsewhere)
    assert old(folder) == ["c", "b"]


def test_a_link_to_a_run_is_kept(folder: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside", recorded("9"))
    (folder / "link").symlink_to(outside)
    assert kept(folder) == {"link": "it is a link to another folder"}


def test_a_file_added_after_the_plan_is_kept(folder: Path) -> None:
    (run,) = plan_pruning(list_runs(folder), 2).old
    (run.directory / "notes.txt").write_text("mine")
    assert remove_run(run, folder) == "it holds 'notes.txt', which is no part of a run"
    assert (run.directory / "run.json").is_file()


def test_empty_folders_are_removed_up_to_the_listed_one(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    write(folder / "set" / "inner" / "1", recorded("1"))
    (run,) = plan_pruning(list_runs(folder), 0).old
    assert remove_run(run, folder) is None
    assert list(folder.iterdir()) == []


def test_a_folder_with_other_files_stays(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    write(folder / "set" / "1", recorded("1"))
    (folder / "set" / "notes.txt").write_text("mine")
    (run,) = plan_pruning(list_runs(folder), 0).old
    assert remove_run(run, folder) is None
    assert [path.name for path in (folder / "set").iterdir()] == ["notes.txt"]


def test_no_folder_above_a_listed_run_is_removed(tmp_path: Path) -> None:
    directory = write(tmp_path / "parent" / "run", recorded("1"))
    (run,) = plan_pruning(list_runs(directory), 0).old
    assert remove_run(run, directory) is None
    assert list((tmp_path / "parent").iterdir()) == []


def test_an_interrupted_removal_leaves_a_run_to_remove(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run,) = plan_pruning(list_runs(folder), 2).old
    unlink = Path.unlink

    def interrupt(path: Path, missing_ok: bool = False) -> None:
        if path.name == "cpu.npy":
            raise KeyboardInterrupt
        unlink(path, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", interrupt)
        with pytest.raises(KeyboardInterrupt):
            remove_run(run, folder)
    assert not (run.directory / "frames.npy").exists()
    assert old(folder, 2) == ["a"]
