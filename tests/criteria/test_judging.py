from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from walkerbench.criteria.grammar import parse_criterion
from walkerbench.criteria.judging import Outcome, RunState, Verdict, exit_code_of_run, judge_criteria
from walkerbench.criteria.metrics import Measured
from walkerbench.errors import CriterionError


def test_each_criterion_gets_a_verdict() -> None:
    measured = Measured(
        {"frame_ms.max": 250.0, "physics_fps": 512.25, "frame_ms.p99": None, "deaths": math.nan},
        {"frame_ms.p99": "p99 needs 100 judged frames, there are 3"},
    )
    wanted = [
        parse_criterion(text) for text in ("frame_ms.max < 200", "physics_fps > 400", "frame_ms.p99 < 1", "deaths < 1")
    ]

    assert judge_criteria(wanted, measured, 2) == (
        Verdict("frame_ms.max < 200", 2, 250.0, "fail", "250 is not < 200"),
        Verdict("physics_fps > 400", 2, 512.25, "pass", "512.25"),
        Verdict("frame_ms.p99 < 1", 2, None, "unsupported", "p99 needs 100 judged frames, there are 3"),
        Verdict("deaths < 1", 2, None, "unsupported", "the measured value is not a number"),
    )


def test_a_metric_that_is_not_measured_at_all_is_an_error() -> None:
    with pytest.raises(CriterionError, match="unknown metric"):
        judge_criteria([parse_criterion("frame_ms.max < 200")], Measured({"physics_fps": 500.0}, {}), None)


MEMORY = "rss_mb.slope_per_hour"


@pytest.mark.promise(
    "long runs", "A slope is judged by its whole interval, and is undecided where the limit is within."
)
@pytest.mark.parametrize(
    ("text", "bounds", "outcome"),
    [
        ("< 1", (-0.5, 0.9), "pass"),
        ("< 1", (0.5, 1.0), "unsupported"),
        ("<= 1", (0.5, 1.0), "pass"),
        ("< 1", (1.0, 1.5), "fail"),
        ("<= 1", (1.0, 1.5), "unsupported"),
        ("> 1", (1.5, 2.0), "pass"),
        ("> 1", (0.5, 2.0), "unsupported"),
        (">= 3", (0.5, 2.0), "fail"),
        ("== 0", (0.0, 0.0), "pass"),
        ("== 0", (-1.0, 1.0), "unsupported"),
        ("== 0", (0.5, 1.0), "fail"),
        ("!= 0", (0.5, 1.0), "pass"),
        ("!= 0", (-1.0, 1.0), "unsupported"),
        ("!= 0", (0.0, 0.0), "fail"),
    ],
)
def test_an_estimate_is_judged_by_its_whole_interval(text: str, bounds: tuple[float, float], outcome: str) -> None:
    low, high = bounds
    value = (low + high) / 2
    measured = Measured({MEMORY: value, f"{MEMORY}.low": low, f"{MEMORY}.high": high}, {})

    (found,) = judge_criteria([parse_criterion(f"{MEMORY} {text}")], measured, None)

    assert (found.outcome, found.value) == (outcome, value)
    assert f"between {low:.6g} and {high:.6g}" in found.detail


def test_a_bound_is_judged_as_any_other_value() -> None:
    measured = Measured({MEMORY: 1.0, f"{MEMORY}.low": 0.5, f"{MEMORY}.high": 1.5}, {})

    assert judge_criteria([parse_criterion(f"{MEMORY}.high < 1")], measured, None)[0].outcome == "fail"


def verdict(outcome: Any) -> Verdict:
    return Verdict("physics_fps > 1", None, 2.0, outcome, "")


@pytest.mark.parametrize(
    ("state", "outcomes", "code"),
    [
        ("finished", ["pass"], 0),
        ("finished", ["pass", "fail", "unsupported"], 1),
        ("finished", ["pass", "unsupported"], 4),
        ("finished", [], 4),
        ("emergency", ["pass"], 1),
        ("emergency", ["unsupported"], 1),
        ("emergency", [], 1),
        ("broken", ["fail", "unsupported"], 3),
        ("broken", ["pass"], 3),
        ("running", ["pass"], 3),
        ("interrupted", ["fail"], 130),
        ("interrupted", [], 130),
    ],
)
def test_a_runs_exit_code_follows_from_its_state_and_verdicts(
    state: RunState, outcomes: list[Outcome], code: int
) -> None:
    for order in itertools.permutations(outcomes):
        assert exit_code_of_run(state, [verdict(outcome) for outcome in order]) == code
