"""The single times behind a comparison: in the result, and not in its JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from comparisons import measurement
from recorded_runs import code_of, recorded, write

from walkerbench.comparison.comparison_result import Compared
from walkerbench.interleaved.judging import judge_measurement
from walkerbench.recorded_sides.compare_recorded import compare_recorded
from walkerbench.recorded_sides.sides import find_sides


@pytest.fixture
def interleaved() -> Compared:
    return judge_measurement(measurement({"main": "sequential", "HEAD": "sequential"}, [1.0, 1.25]))


def test_every_round_keeps_the_value_that_was_judged(interleaved: Compared) -> None:
    (ratios,) = interleaved.times.round_ratios
    assert ratios == pytest.approx([1.25 * np.exp(sign * 1e-3) for sign in (-1, 1)] * 6)
    assert float(np.median(ratios)) == pytest.approx(interleaved.comparisons[0].time_ratio)
    assert [len(each) for each in interleaved.times.frame_ns] == [1200, 1200]


def test_recorded_sides_keep_the_judged_frames_of_all_runs(tmp_path: Path) -> None:
    for number in range(2):
        write(tmp_path / "a" / f"{number}", recorded(f"{number}", frame_ms=2.0))
        write(tmp_path / "b" / f"{number}", recorded(f"{10 + number}", frame_ms=3.0, code=code_of("fedcba9876543210")))
    result = compare_recorded(find_sides([str(tmp_path / "a"), str(tmp_path / "b")], tmp_path))
    assert result.times.round_ratios == ()
    assert [len(each) for each in result.times.frame_ns] == [side.frames for side in result.sides]
    assert [set(each.tolist()) for each in result.times.frame_ns] == [{2_000_000}, {3_000_000}]


def test_the_json_of_a_comparison_has_no_single_times(interleaved: Compared) -> None:
    content = json.loads(json.dumps(interleaved.as_dict()))
    assert set(content) == {
        "how", "repetitions", "profile", "sides", "comparisons", "same_work", "did_same_work", "same_as_base",
        "tolerance", "alpha", "machine", "same_work_not_proven",
    }  # fmt: skip
