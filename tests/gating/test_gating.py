from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from comparisons import FASTER, SLOWER, UNCLEAR, gated

from walkerbench.errors import BaselineSizeError, UsageError
from walkerbench.gating.against_baseline import runs_to_record
from walkerbench.gating.gate_result import GatedRun, GateResult


@pytest.mark.parametrize(
    ("result", "code", "word"),
    [
        (gated("pass"), 0, "PASS"),
        (gated("fail"), 1, "FAIL"),
        (gated("pass", ratio=SLOWER), 1, "FAIL"),
        (gated("unsupported"), 4, "INCONCLUSIVE"),
        (gated("pass", ratio=UNCLEAR), 4, "INCONCLUSIVE"),
        (gated("unsupported", ratio=SLOWER), 1, "FAIL"),
        (gated(), 4, "INCONCLUSIVE"),  # a gate without criteria does not pass
        (gated("pass", state="emergency", ended_because="slow"), 1, "FAIL"),
        (gated("pass", state="interrupted"), 130, "NO VERDICT"),
        (gated("fail", state="broken"), 3, "NO VERDICT"),
    ],
)
def test_the_most_severe_result_decides_a_gate(result: GateResult, code: int, word: str) -> None:
    assert (result.exit_code, result.word) == (code, word)
    plain = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert (plain["exit_code"], plain["verdict"]) == (code, word)
    assert plain["runs"][0]["directory"] == "a-run"


def test_failures_and_doubts_name_each_criterion() -> None:
    result = gated("pass", "fail", "unsupported", ratio=SLOWER)
    assert result.failures == [
        "criterion not met: frame_ms.max < 200 (250 is not < 200)",
        "regression: . is 0.80 times as fast as main (0.77…0.83): slower by more than 2 % (p = 0.00024)",
    ]
    assert result.doubts == ["criterion not judged: frame_ms.p99 < 50 (there are no judged frames)"]
    assert result.improvements == []


def test_a_gate_passes_a_faster_side_and_says_so() -> None:
    result = gated("pass", ratio=FASTER)
    assert (result.exit_code, result.word, result.failures, result.doubts) == (0, "PASS", [], [])
    assert result.improvements == [
        "faster: . is 1.77 times as fast as main (1.72…1.82): faster by more than 2 % (p = 0.00024)"
    ]
    plain = result.as_dict()
    assert plain["improvements"] == result.improvements
    assert [each["verdict"] for each in plain["comparison"]["comparisons"]] == ["faster"]
    assert gated("fail", ratio=FASTER).exit_code == 1, "speed does not make up for a criterion"


def of_stages(outcome: str, directory: str) -> GatedRun:
    """Return a run whose criterion judges two stages and the whole run; in the second stage it has this outcome."""
    run = gated(outcome).runs[0].run
    verdicts = [dataclasses.asdict(run.verdicts[0]) | {"stage": stage, "criterion": "c < 1"} for stage in (0, 1, None)]
    for verdict in (verdicts[0], verdicts[2]):
        verdict |= {"outcome": "pass", "value": 0.5, "detail": "0.5"}
    return GatedRun(Path(directory), run.changed(verdicts=verdicts))


def test_a_criterion_of_several_runs_is_listed_once_per_stage() -> None:
    runs = tuple(of_stages(outcome, name) for outcome, name in (("pass", "1"), ("fail", "2"), ("fail", "3")))
    result = GateResult(runs, gated("pass").compared)
    assert [(each.name, each.outcome, each.how_often) for each in result.criteria] == [
        ("c < 1, stage 1", "pass", " in 3 of 3 runs"),
        ("c < 1, stage 2", "fail", " in 2 of 3 runs"),
        ("c < 1", "pass", " in 3 of 3 runs"),
    ]
    assert result.failures == ["criterion not met: c < 1, stage 2 (250 is not < 200) in 2 of 3 runs, first in 2"]


def test_a_number_that_is_not_finite_is_null_in_json() -> None:
    one = gated("pass").runs[0]
    run = one.run.changed(metrics={**one.run.metrics, "physics_fps": float("nan")})
    plain = GateResult((GatedRun(one.directory, run),), gated("pass").compared).as_dict()
    assert json.loads(json.dumps(plain, allow_nan=False))["runs"][0]["run"]["metrics"]["physics_fps"] is None


@pytest.mark.parametrize(
    ("base", "alpha", "count"),
    # As many as the base, or more where 1 / splits is above alpha: C(10, 5) = 252, C(10, 3) = 120, C(9, 4) = 126.
    [(5, 0.01, 5), (3, 0.01, 7), (4, 0.01, 5), (10, 0.01, 10), (2, 0.05, 5), (8, 1e-4, 8)],
)
def test_as_many_runs_are_recorded_as_alpha_needs(base: int, alpha: float, count: int) -> None:
    assert runs_to_record(base, alpha) == count


@pytest.mark.parametrize(
    ("base", "alpha", "message"),
    [
        (1, 0.01, "the baseline has 1 run: record 3 to 10, one after another"),
        (2, 0.01, "the baseline has 2 runs: record 3 to 10, one after another"),
        (11, 0.01, "the baseline has 11 runs: record 3 to 10, one after another"),
        (
            10,
            1e-6,
            "recorded runs cannot reach an error rate of 0.0001 %: give a higher one, or a revision to measure against",
        ),
    ],
)
def test_a_baseline_that_cannot_reach_alpha_is_refused(base: int, alpha: float, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        runs_to_record(base, alpha)
    assert str(caught.value) == message
    if isinstance(caught.value, BaselineSizeError):
        assert message.endswith(f"record {caught.value.fewest} to {caught.value.most}, one after another")


def test_an_emergency_is_a_failure() -> None:
    assert gated("pass", state="emergency", ended_because="10 slow frames").failures == [
        "emergency shutdown: 10 slow frames"
    ]
