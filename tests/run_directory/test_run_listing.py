from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from recorded_runs import recorded, run_file, write

from walkerbench.run_directory import RunWriter, list_runs


def names(folder: Path) -> list[str]:
    return [run.directory.relative_to(folder).as_posix() for run in list_runs(folder)]


def damaged(folder: Path, content: bytes) -> Path:
    """Change values in a run's file."""
    directory = write(folder, recorded("1"))
    (directory / "run.json").write_bytes(content)
    return directory


def test_runs_are_listed_newest_first_from_all_folders(tmp_path: Path) -> None:
    for name, second in (("z", "1"), ("deep/in/b", "3"), ("c", "2")):
        write(tmp_path / name, recorded(second))
    (tmp_path / "notes").mkdir()
    assert names(tmp_path) == ["deep/in/b", "c", "z"]


def test_a_run_is_listed_with_the_facts_of_its_file(tmp_path: Path) -> None:
    directory = write(tmp_path / "mine", recorded("1", criteria=["frame_ms.mean < 1"], frame_ms=2.0))
    (run,) = list_runs(tmp_path)
    assert run.facts is not None
    facts = run.facts
    assert (facts.state, facts.verdict, facts.profile, facts.workload) == ("finished", "FAIL", "tiny", "toy")
    assert (facts.mode, facts.agents, facts.being_recorded) == ("sequential", (3,), False)
    assert run.started.isoformat() == "2026-01-02T03:04:01+00:00"
    assert run.size_bytes == sum(file.stat().st_size for file in directory.iterdir())


@pytest.mark.promise("kept", "A list of runs shows damaged ones as such, with the reason, and goes on.")
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"started_utc": 1}', b"\xff", b'{"schema_version": 999}'])
def test_a_damaged_run_is_listed_with_the_reason(tmp_path: Path, content: bytes) -> None:
    damaged(tmp_path / "damaged", content)
    write(tmp_path / "whole", recorded("2"))
    found = {run.directory.name: run for run in list_runs(tmp_path)}
    assert found["whole"].problem is None
    assert found["damaged"].facts is None
    assert str(found["damaged"].problem).startswith(f"{tmp_path / 'damaged' / 'run.json'}: ")


def test_a_run_without_its_file_is_listed_as_damaged(tmp_path: Path) -> None:
    (write(tmp_path / "lost", recorded("1")) / "run.json").unlink()
    (run,) = list_runs(tmp_path)
    assert "missing" in str(run.problem)


def test_a_run_file_that_is_a_folder_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "odd" / "run.json").mkdir(parents=True)
    (run,) = list_runs(tmp_path)
    assert "no regular file" in str(run.problem)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_folder_that_may_not_be_read_is_damaged(tmp_path: Path) -> None:
    locked = write(tmp_path / "locked", recorded("1"))
    locked.chmod(0)
    try:
        (run,) = list_runs(tmp_path)
    finally:
        locked.chmod(0o755)
    assert run.problem is not None


def test_a_missing_folder_has_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "nowhere") == ()


def test_a_run_is_being_recorded_while_its_writer_lives(tmp_path: Path, toy: Any) -> None:
    with RunWriter.create(tmp_path / "run", toy.begun(), toy.dtypes):
        (going_on,) = list_runs(tmp_path)
    (killed,) = list_runs(tmp_path)
    assert going_on.facts is not None
    assert killed.facts is not None
    assert (going_on.facts.state, going_on.facts.being_recorded) == ("running", True)
    assert (killed.facts.state, killed.facts.being_recorded) == ("running", False)


def test_agents_are_those_of_each_stage(tmp_path: Path) -> None:
    stages = [{"agents": 3, "frames": 40}, {"agents": 5, "frames": 40}]
    write(tmp_path / "run", recorded("1", run_file("1", state="running", stages=(), profile={"stages": stages})))
    (run,) = list_runs(tmp_path)
    assert run.facts is not None
    assert run.facts.agents == (3, 5)
