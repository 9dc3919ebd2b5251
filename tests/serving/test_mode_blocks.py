"""The ratio of frame times with and without threads, against computations by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fabricated_runs import recorded_run

from walkerbench.running.observers import RecordedRows
from walkerbench.serving.messages import RowsRecorded
from walkerbench.serving.mode_blocks import _MOST_FRAMES, ModeBlocks


class Telling:
    """Sends rows of 3 frames, all of one time and in one mode."""

    def __init__(self, directory: Path) -> None:
        recorded = recorded_run(directory, 3)
        self._told = RowsRecorded(recorded.run.stages[0], RecordedRows(recorded.frames, recorded.workers, recorded.cpu))
        self.blocks = ModeBlocks()

    def tell(self, mode: str, ms: float, stage: int = 0, times: int = 2) -> None:
        for _ in range(times):
            frames = self._told.rows.frames.copy()
            frames["wall_ns"] = int(ms * 1e6)
            record = self._told.stage.model_copy(update={"mode": mode, "stage": stage})
            self.blocks.add(RowsRecorded(record, replace(self._told.rows, frames=frames)))


@pytest.fixture
def telling(tmp_path: Path) -> Telling:
    return Telling(tmp_path / "run")


def test_a_pair_of_blocks_gives_a_ratio_without_an_interval(telling: Telling) -> None:
    assert telling.blocks.as_dict() is None
    telling.tell("sequential", 3.0)
    telling.tell("threaded", 2.0)
    telling.tell("sequential", 100.0)  # ends the block before it
    found = telling.blocks.as_dict()
    assert found == {"pairs": 1, "speedup": pytest.approx(1.5), "low": None, "high": None, "level": None}


def test_no_block_is_in_two_pairs_and_many_pairs_have_an_interval(telling: Telling) -> None:
    for number in range(6):
        telling.tell("sequential", 2.0)
        telling.tell("threaded", 2.0 / (1 + number / 10))
    telling.tell("sequential", 2.0)
    found = telling.blocks.as_dict()
    assert found is not None
    assert (found["pairs"], found["speedup"]) == (6, pytest.approx((1.2 * 1.3) ** 0.5))
    assert (found["low"], found["high"]) == (pytest.approx(1.0), pytest.approx(1.5))
    assert found["level"] == 1 - 2 / 2**6


def test_blocks_of_two_stages_are_not_a_pair(telling: Telling) -> None:
    telling.tell("sequential", 3.0, stage=0)
    telling.tell("threaded", 2.0, stage=1)
    telling.tell("sequential", 2.0, stage=1)
    telling.tell("threaded", 2.0, stage=1)
    assert telling.blocks.as_dict() == {"pairs": 1, "speedup": 1.0, "low": None, "high": None, "level": None}


def test_the_first_rows_after_a_switch_are_left_out(telling: Telling) -> None:
    telling.tell("sequential", 3.0, times=1)
    telling.tell("threaded", 2.0, times=1)
    telling.tell("sequential", 3.0, times=1)
    assert telling.blocks.as_dict() is None


def test_a_block_without_an_end_stays_bounded(telling: Telling) -> None:
    telling.tell("threaded", 2.0, times=_MOST_FRAMES)  # three frames each time
    assert telling.blocks._block is not None
    assert len(telling.blocks._block.wall_ns) == _MOST_FRAMES
