from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from walkerbench.errors import OutputLost
from walkerbench.run_directory import (
    ARRAYS,
    RunWriter,
    read_recorded,
    writer,
)

FILES = {"run.json", *(f"{name}.npy" for name in ARRAYS)}


def read_dtype(toy: Any) -> Any:
    """Return the columns of frames as they are read: those of the file, but with a bool."""
    columns = toy.dtypes["frames"]
    return np.dtype([(name, "?" if name == "warmup" else columns[name]) for name in columns.names])


def test_a_written_run_is_read_back_unchanged(run_path: Any, toy: Any) -> None:
    recorded = read_recorded(run_path)

    assert recorded.directory == run_path
    assert recorded.run.changed(arrays=None) == toy.ended()
    assert recorded.run.stages[0].population == {"loss": None}
    for name, expected in {
        "frames": toy.rows("frames", 0, 1, 2),
        "workers": toy.rows("workers", 0, 1, 2),
        "cpu": toy.rows("cpu"),
        "digests": toy.checkpoint(2),
    }.items():
        array = getattr(recorded, name)
        assert array.dtype == (read_dtype(toy) if name == "frames" else toy.dtypes[name])
        np.testing.assert_array_equal(array, expected.astype(array.dtype))


def test_plain_numpy_opens_every_array(run_path: Any, toy: Any) -> None:
    for name in ARRAYS:
        array = np.load(run_path / f"{name}.npy", allow_pickle=False)
        assert array.dtype == toy.dtypes[name]
    assert np.load(run_path / "frames.npy", mmap_mode="r", allow_pickle=False)["frame"].tolist() == [0, 1, 2]


def test_a_run_without_frames_can_be_read(tmp_path: Path, toy: Any) -> None:
    RunWriter.create(tmp_path / "empty", toy.begun(), toy.dtypes).close()

    recorded = read_recorded(tmp_path / "empty")

    assert recorded.run.state == "running"
    assert [len(getattr(recorded, name)) for name in ARRAYS] == [0, 0, 0, 0]
    assert recorded.frames.dtype == read_dtype(toy)


def test_create_makes_parents_and_only_the_published_files(tmp_path: Path, toy: Any) -> None:
    path = tmp_path / "a" / "b" / "run"

    RunWriter.create(path, toy.begun(), toy.dtypes).close()

    assert {file.name for file in path.iterdir()} == FILES


def test_rows_count_once_they_are_flushed(tmp_path: Path, toy: Any) -> None:
    with RunWriter.create(tmp_path / "run", toy.begun(), toy.dtypes) as recording:
        toy.append_frames(recording, 0, 1)
        assert len(read_recorded(tmp_path / "run").frames) == 0
        recording.flush()
        assert read_recorded(tmp_path / "run").frames["frame"].tolist() == [0, 1]
        toy.append_frames(recording, 2)
        toy.append_frames(recording)
        assert read_recorded(tmp_path / "run").frames["frame"].tolist() == [0, 1]

    assert read_recorded(tmp_path / "run").frames["frame"].tolist() == [0, 1, 2]


def test_the_header_never_changes_its_length(toy: Any) -> None:
    for name, dtype in toy.dtypes.items():
        sizes = {len(writer._header(dtype, count)) for count in (0, 9, 10, 10**6, 10**18)}
        assert len(sizes) == 1, name


def test_rows_of_another_dtype_are_refused(tmp_path: Path, toy: Any) -> None:
    with (
        RunWriter.create(tmp_path / "run", toy.begun(), toy.dtypes) as recording,
        pytest.raises(ValueError, match=r"frames\.npy: rows of"),
    ):
        recording.append("frames", toy.rows("workers", 1))


def test_arrays_that_are_missing_or_too_many_are_refused(tmp_path: Path, toy: Any) -> None:
    with pytest.raises(ValueError, match="dtypes for"):
        RunWriter.create(tmp_path / "run", toy.begun(), {"frames": toy.dtypes["frames"]})
    assert list(tmp_path.iterdir()) == []


def test_a_writer_can_be_closed_twice_and_write_run_json_after(tmp_path: Path, toy: Any) -> None:
    recording = RunWriter.create(tmp_path / "run", toy.begun(), toy.dtypes)
    recording.close()
    recording.close()
    recording.write(toy.ended())

    assert read_recorded(tmp_path / "run").run.state == "emergency"


def test_run_json_is_replaced_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Any) -> None:
    recording = RunWriter.create(tmp_path / "run", toy.begun(), toy.dtypes)
    before = (tmp_path / "run" / "run.json").read_bytes()

    def full(descriptor: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OutputLost, match=r"run\.json: can no longer be written: No space left on device"):
            recording.write(toy.ended())
    recording.close()

    assert (tmp_path / "run" / "run.json").read_bytes() == before
    assert {file.name for file in (tmp_path / "run").iterdir()} == FILES
