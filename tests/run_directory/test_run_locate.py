from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from walkerbench.errors import RunFileError
from walkerbench.run_directory import (
    default_directory,
    find_run,
)


def test_the_default_directory_is_named_by_utc_time_and_what_was_run() -> None:
    started = datetime(2026, 1, 2, 1, 4, 5, 678_912, tzinfo=timezone(timedelta(hours=-2)))

    assert default_directory(Path("runs"), started, "default", "process", 60) == Path(
        "runs/20260102T030405.678Z-default-process-60"
    )


def test_a_profile_name_stays_within_the_directory() -> None:
    path = default_directory(Path("runs"), datetime(2026, 1, 2, tzinfo=UTC), "../my profile", "process", 60)

    assert path == Path("runs/20260102T000000.000Z-..-my-profile-process-60")


def begin(path: Path, started: str, written: int = 0) -> Path:
    """Make a run with one start time, whose file was written at another time."""
    path.mkdir(parents=True)
    file = path / "run.json"
    file.write_text(json.dumps({"ended_because": 'a "started_utc": "9999-01-01T00:00:00Z"', "started_utc": started}))
    os.utime(file, ns=(written, written))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Any:
    """Runs whose order by start time differs from that of their names and of their files."""
    runs = tmp_path / "runs"
    for name, started in (
        ("z", "2025-12-31T00:00:00Z"),
        ("deep/in/b", "2026-01-03T00:00:00.5Z"),
        ("c", "2026-01-03T00:00:00Z"),
    ):
        begin(runs / name, started)
    (runs / "99990101T000000.000Z-not-a-run").mkdir()
    return runs


def test_a_run_is_found_by_its_directory_or_file(run_path: Any, root: Any) -> None:
    assert find_run(str(run_path), root) == run_path
    assert find_run(str(run_path / "run.json"), root) == run_path


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("@latest", "deep/in/b"),
        ("@latest~0", "deep/in/b"),
        ("@latest~1", "c"),
        ("@latest~2", "z"),
    ],
)
def test_a_run_is_found_by_its_age(root: Any, text: str, name: str) -> None:
    assert find_run(text, root) == root / name


def test_of_runs_with_one_start_time_the_last_name_is_the_latest(root: Any) -> None:
    begin(root / "d", "2026-01-03T00:00:00.500Z")
    assert find_run("@latest", root) == root / "deep/in/b"
    begin(root / "e", "2026-01-03T00:00:00.500Z")
    assert find_run("@latest", root) == root / "e"


def test_a_start_time_far_down_in_the_file_is_found(root: Any) -> None:
    path = begin(root / "sorted", "2026-02-01T00:00:00Z")
    content = json.loads((path / "run.json").read_text())
    (path / "run.json").write_text(json.dumps({"checkpoints": "x" * 100_000, **content}))
    assert find_run("@latest", root) == path


@pytest.mark.promise("kept", "@latest is never an older run because the newest one cannot be read.")
@pytest.mark.parametrize("content", [b"", b"{", b'{"started_utc": "2026-99-01T00:00:00Z"}', b'{"started_utc": 1}'])
def test_a_newer_file_without_a_start_time_is_not_ignored(root: Any, content: bytes) -> None:
    path = begin(root / "damaged", "2020-01-01T00:00:00Z")
    (path / "run.json").write_bytes(content)
    os.utime(path / "run.json", ns=(-1, -1))
    assert find_run("@latest", root) == root / "deep/in/b"
    os.utime(path / "run.json", ns=(1, 1))
    with pytest.raises(RunFileError, match=r"damaged/run\.json: does not say when the run was started, and may be"):
        find_run("@latest", root)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("@latest~3", "holds 3 runs, so @latest~2 is the oldest"),
        ("@latest~", "give a run's directory, @latest, or @latest~N"),
        ("@latest~x", "give a run's directory, @latest, or @latest~N"),
        ("@newest", "give a run's directory, @latest, or @latest~N"),
        ("nowhere", "nowhere: no such run directory"),
    ],
)
def test_a_run_that_cannot_be_found(root: Any, text: str, what: str) -> None:
    with pytest.raises(RunFileError) as caught:
        find_run(text, root)

    assert what in str(caught.value)


def test_no_run_recorded_yet(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="no recorded run here: record one with 'walkerbench run'"):
        find_run("@latest", tmp_path / "runs")
