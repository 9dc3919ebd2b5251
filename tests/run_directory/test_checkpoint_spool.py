from __future__ import annotations

import errno
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from walkerbench.run_directory import CheckpointRecord
from walkerbench.run_directory.checkpoint_spool import CheckpointSpool

CHECKPOINTS = st.builds(
    CheckpointRecord,
    stage=st.integers(0, 1 << 40),
    frame=st.integers(0, 1 << 40),
    digest=st.binary(min_size=1, max_size=32).map(bytes.hex),
    population=st.dictionaries(st.text(), st.floats() | st.integers(-(1 << 50), 1 << 50).map(float), max_size=5),
)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[CheckpointSpool]:
    spool = CheckpointSpool(tmp_path)
    yield spool
    spool.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(checkpoints=st.lists(CHECKPOINTS, max_size=20))
def test_appended_checkpoints_are_read_back(tmp_path: Path, checkpoints: list[CheckpointRecord]) -> None:
    spool = CheckpointSpool(tmp_path)
    for checkpoint in checkpoints:
        spool.append(checkpoint)

    assert list(spool.read()) == checkpoints
    assert list(spool.read()) == checkpoints

    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_the_file_has_no_name_even_while_it_is_open(tmp_path: Path) -> None:
    spool = CheckpointSpool(tmp_path)

    assert list(tmp_path.iterdir()) == []
    spool.close()


class FullDisk:
    """A file that accepts only a few bytes of the second line."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._room = 150

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: memoryview) -> int:
        if self._room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = int(self._file.write(data[: self._room]))
        self._room -= written
        return written


def test_a_line_that_does_not_fit_keeps_the_earlier_ones(spool: CheckpointSpool) -> None:
    first, second = (CheckpointRecord(stage=0, frame=frame, digest="0a" * 32, population={}) for frame in (1, 2))
    full: Any = FullDisk(spool._file)
    spool._file = full

    spool.append(first)
    with pytest.raises(OSError, match="No space left"):
        spool.append(second)

    assert spool.read() == (first,)


def test_nan_is_read_back_as_none(spool: CheckpointSpool) -> None:
    spool.append(CheckpointRecord(stage=0, frame=0, digest="00", population={"mean_loss": math.nan}))

    assert spool.read()[0].population == {"mean_loss": None}
