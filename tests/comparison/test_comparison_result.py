from __future__ import annotations

import json

import numpy as np
import pytest
from comparisons import compared, measurement, side

from walkerbench.comparison.comparison_result import statistics_ms
from walkerbench.errors import ExitCode, most_severe
from walkerbench.interleaved.judging import judge_measurement


@pytest.mark.parametrize(
    ("codes", "counts"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 4], 4),
        ([4, 1, 0], 1),
        ([1, 2], 2),
        ([2, 3, 1], 3),
        ([3, 130], 130),
        ([130, 70, 0], 70),
    ],
)
def test_of_several_exit_codes_the_most_severe_counts(codes: list[int], counts: int) -> None:
    assert most_severe(map(ExitCode, codes)) is ExitCode(counts)


def test_every_exit_code_has_its_severity() -> None:
    assert {most_severe([code]) for code in ExitCode} == set(ExitCode) == {0, 1, 2, 3, 4, 70, 130}


@pytest.mark.parametrize(
    ("ratios", "code"),
    [
        ([(1.0, 1.01), (0.5, 0.6)], 0),
        ([(0.5, 0.6), (0.5, 0.6)], 0),
        ([(0.5, 0.6), (1.2, 1.3)], 1),
        ([(0.5, 0.6), (1.01, 1.03)], 4),
        ([(1.0, 1.01), (1.2, 1.3)], 1),
        ([(1.01, 1.03), (1.0, 1.0)], 4),
        ([(1.01, 1.03), (1.2, 1.3)], 1),
    ],
)
def test_a_regression_outranks_an_inconclusive_verdict(ratios: list[tuple[float, float]], code: int) -> None:
    result = compared(side("threaded (2)", "threaded"), side("process (2)", "process"), ratios=ratios)
    assert result.exit_code == code
    told = json.loads(json.dumps(result.as_dict(), allow_nan=False))["comparisons"]
    assert len(told) == len(ratios)
    assert [each["verdict"] == "faster" for each in told] == [high < 1 for _, high in ratios]
    assert all(each["p_not_slower"] <= each["p_faster"] for each in told)


def test_statistics_are_in_milliseconds() -> None:
    found = statistics_ms(np.arange(1, 21, dtype=np.int64) * 1_000_000)
    assert found == {"mean": 10.5, "min": 1.0, "p50": 10.0, "p95": 19.0, "p99": None, "max": 20.0}


def test_a_measurement_is_judged_as_one_family() -> None:
    sides = {"sequential": "sequential", "threaded (2)": "threaded", "process (2)": "process"}
    result = judge_measurement(measurement(sides, [1.0, 1.25, 0.5]))
    assert [each.verdict for each in result.comparisons] == ["regression", "faster"]
    assert [each.time_ratio for each in result.comparisons] == pytest.approx([1.25, 0.5])
    # 12 of 12 rounds have the p-value 1/4096; Holm doubles it for the first of a family of two.
    assert result.comparisons[0].p_slower == pytest.approx(2 / 4096)
    base, threaded, process = result.sides
    assert (base.frames, base.frames_per_s, threaded.frames_per_s) == (1200, 500.0, 400.0)
    assert (base.repetition_ms, threaded.repetition_ms) == ((2.0,) * 12, (2.5,) * 12)
    assert (process.mode, process.workers, process.effective_cores) == ("process", 2, 1.5)
    assert threaded.frame_ms["p50"] == 2.5
    assert threaded.main_phase_ms["max"] == 1.25
    assert base.digest == "cd" * 32
    assert result.repetitions == "12 rounds of 2 blocks of 50 frames a side"
    assert result.profile == "smoke"
