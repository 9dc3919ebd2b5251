from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from walkerbench.errors import RunFileError
from walkerbench.run_directory import (
    default_directory,
    find_run,
)


def test_the_default_directory_is_named_by_utc_time_and_what_was_run():
    started = datetime(2026, 1, 2, 1, 4, 5, 678_912, tzinfo=timezone(timedelta(hours=-2)))

    assert default_directory(Path("runs"), started, "default", "process", 60) == Path(
        "runs/20260102T030405.678Z-default-process-60"
    )


def test_a_profile_name_stays_within_the_directory():
    path = default_directory(Path("runs"), datetime(2026, 1, 2, tzinfo=UTC), "../my profile", "process", 60)

    assert path == Path("runs/20260102T000000.000Z-..-my-profile-process-60")


@pytest.fixture
def root(tmp_path):
    for name in ("20260102T000000.000Z-a-x-1", "20260103T000000.000Z-a-x-1", "20251231T000000.000Z-z-x-1"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").touch()
    (tmp_path / "runs" / "99990101T000000.000Z-not-a-run").mkdir()
    return tmp_path / "runs"


def test_a_run_is_found_by_its_directory_or_file(run_path, root):
    assert find_run(str(run_path), root) == run_path
    assert find_run(str(run_path / "run.json"), root) == run_path


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("@latest", "20260103T000000.000Z-a-x-1"),
        ("@latest~0", "20260103T000000.000Z-a-x-1"),
        ("@latest~1", "20260102T000000.000Z-a-x-1"),
        ("@latest~2", "20251231T000000.000Z-z-x-1"),
    ],
)
def test_a_run_is_found_by_its_age(root, text, name):
    assert find_run(text, root) == root / name


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
def test_a_run_that_cannot_be_found(root, text, what):
    with pytest.raises(RunFileError) as caught:
        find_run(text, root)

    assert what in str(caught.value)


def test_no_run_recorded_yet(tmp_path):
    with pytest.raises(RunFileError, match="no recorded run here: record one with 'walkerbench run'"):
        find_run("@latest", tmp_path / "runs")
