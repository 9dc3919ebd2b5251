"""The results of `walkerbench.read_run`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from fabricated_runs import recorded_run

from walkerbench import RecordedRun, read_run
from walkerbench.errors import RunFileError, UsageError
from walkerbench.run_directory import RUNS_ROOT


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The newest run of a working directory."""
    monkeypatch.chdir(tmp_path)
    recorded_run(RUNS_ROOT / "newest", stages=2)
    return RUNS_ROOT / "newest"


def test_a_run_is_read_by_its_path_and_by_each_of_its_names(directory: Path) -> None:
    for name in (directory, str(directory), f"{directory}/run.json", "@latest", "@latest~0"):
        assert read_run(name).directory == directory
    with pytest.raises(RunFileError, match="so @latest~0 is the oldest"):
        read_run("@latest~1")


def test_metrics_are_given_by_name(directory: Path) -> None:
    metrics = read_run(directory).metrics
    assert metrics["frame_ms.max"] == 0.72
    assert metrics["frame_ms.p99"] is None


def test_warmup_is_a_mask_in_memory_and_a_number_in_the_file(directory: Path) -> None:
    frames = read_run(directory).frames
    assert frames["warmup"].dtype == np.bool_
    assert frames[~frames["warmup"]]["frame"].tolist() == [1, 2, 1, 2]
    assert np.load(directory / "frames.npy")["warmup"].tolist() == [1, 0, 0, 1, 0, 0]
    with pytest.raises(ValueError, match="read-only"):
        frames["wall_ns"][0] = 0


def test_a_killed_run_has_metrics_of_its_recorded_frames(tmp_path: Path) -> None:
    recorded_run(tmp_path / "killed", state="running", stages=1)
    recorded = read_run(tmp_path / "killed")
    assert (recorded.run.state, recorded.metrics["frame_ms.max"]) == ("running", 0.72)


def test_frames_become_a_dataframe(directory: Path) -> None:
    recorded = read_run(directory)
    table = recorded.to_pandas()
    assert table.index.names == ["stage", "frame"]
    assert list(table.index) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert [*table.index.names, *table.columns] == sorted(recorded.frames.dtype.names or (), key=_index_first)
    for name in table.columns:
        assert table[name].dtype == recorded.frames.dtype[name]
        assert table[name].tolist() == recorded.frames[name].tolist()
    assert table.loc[~table["warmup"], "wall_ns"].tolist() == [710_000, 720_000] * 2


def _index_first(name: str) -> int:
    return ["stage", "frame"].index(name) if name in ("stage", "frame") else 2


def test_a_run_without_frames_is_an_empty_dataframe(tmp_path: Path) -> None:
    empty: RecordedRun = recorded_run(tmp_path / "empty", frames=0, state="running")
    assert empty.to_pandas().shape == (0, len(empty.frames.dtype.names or ()) - 2)


def test_without_pandas_the_error_says_what_to_install(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match=r"^a DataFrame needs pandas: pip install pandas$"):
        read_run(directory).to_pandas()
