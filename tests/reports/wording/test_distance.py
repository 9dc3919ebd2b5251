"""How far a run is from its limits, in words."""

from __future__ import annotations

from typing import Any

import pytest
from comparisons import FINISHED

from walkerbench.criteria.grammar import parse_criterion
from walkerbench.reports.wording.distance import (
    distance_in_words,
    judged_criteria,
    left_out_criteria,
    metric_in_words,
)


@pytest.mark.parametrize(
    ("criterion", "value", "words"),
    [
        ("frame_ms.max < 200", 2.04, "98 times below 200"),
        ("frame_ms.max < 200", 0.001, "more than 1,000 times below 200"),
        ("frame_ms.max < 200", 0.0, "below 200"),
        ("frame_ms.max < 200", 100.0, "2.0 times below 200"),
        ("frame_ms.max < 200", 101.0, "50 % below 200"),
        ("frame_ms.max < 200", 199.0, "0.5 % below 200"),
        ("frame_ms.max <= 200", 200.0, "at the limit of 200"),
        ("frame_ms.max < 200", 200.0, "at the limit of 200, which is not allowed"),
        ("frame_ms.max < 200", 200.1, "0.05 % over the limit of 200"),
        ("frame_ms.max < 200", 246.0, "23 % over the limit of 200"),
        ("frame_ms.max < 200", 700.0, "3.5 times over the limit of 200"),
        ("physics_fps > 400", 1210.0, "3.0 times above 400"),
        ("physics_fps > 400", 468.6, "17 % above 400"),
        ("physics_fps > 1000", 310.0, "3.2 times under the limit of 1,000"),
        ("physics_fps > 400", 0.0, "under the limit of 400"),
        ("rss_mb.slope_per_hour < 1", -3.0, "4.0 below 1"),
        ("rss_mb.slope_per_hour < 0", -0.5, "0.5 below 0"),
        ("rss_mb.slope_per_hour < 0", 0.25, "0.25 over the limit of 0"),
        ("emergency_shutdowns == 0", 0.0, "as required"),
        ("emergency_shutdowns == 0", 2.0, "where 0 is required"),
        ("meals != 0", 3.0, "other than 0, as required"),
        ("meals != 0", 0.0, "which is not allowed"),
    ],
)
def test_a_distance_equals_words_by_hand(criterion: str, value: float, words: str) -> None:
    assert distance_in_words(parse_criterion(criterion), value) == words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("frame_ms.max", "frame max"),
        ("agent_processing_ms.p99", "agent processing p99"),
        ("physics_fps", "physics frames/s"),
        ("missed_deadlines", "missed deadlines"),
        ("rss_mb.max", "resident memory max"),
        ("frame_ms.slope_percent_per_hour", "growth of frame time"),
        ("rss_mb.slope_per_hour.high", "growth of memory, upper bound"),
        ("contested_meals", "contested_meals"),
        ("a" * 60, f"{'a' * 20}…{'a' * 19}"),
    ],
)
def test_a_metric_has_a_name_for_readers(key: str, words: str) -> None:
    assert metric_in_words(key) == words


def judged(*verdicts: tuple[str, int | None, float | None, str], **changes: Any) -> list[tuple[str, str]]:
    rows = [
        {"criterion": criterion, "stage": stage, "value": value, "outcome": outcome, "detail": "too few frames"}
        for criterion, stage, value, outcome in verdicts
    ]
    return [(each.outcome, each.words) for each in judged_criteria(FINISHED.changed(verdicts=rows, **changes))]


def test_criteria_that_are_not_met_come_first() -> None:
    assert judged(
        ("frame_ms.max < 200", None, 2.04, "pass"),
        ("frame_ms.p99 < 50", None, None, "unsupported"),
        ("meals > 1000", None, 412.0, "fail"),
        ("emergency_shutdowns == 0", None, 0.0, "pass"),
    ) == [
        ("fail", "meals 412, 2.4 times under the limit of 1,000"),
        ("unsupported", "frame p99 n/a: too few frames"),
        ("pass", "frame max 2.0 ms, 98 times below 200"),
        ("pass", "emergency shutdowns 0, as required"),
    ]


def test_a_shown_value_is_on_its_side_of_the_limit() -> None:
    assert judged(("frame_ms.max < 200", None, 199.96, "pass")) == [("pass", "frame max 199.96 ms, 0.02 % below 200")]
    assert judged(("cpu.effective_cores > 1.5", None, 1.54919, "pass")) == [
        ("pass", "effective cores 1.55, 3.3 % above 1.5")
    ]
    assert judged(("frame_ms.max < 2", None, 1.99999999, "pass")) == [
        ("pass", "frame max 1.99999999 ms, 5e-07 % below 2")
    ]
    assert judged(("frame_ms.max < 2", None, 2.004, "fail")) == [
        ("fail", "frame max 2.004 ms, 0.2 % over the limit of 2")
    ]


def test_of_several_stages_the_one_nearest_the_limit_is_shown() -> None:
    stages = [{**dict(FINISHED.stages[0]), "stage": number} for number in range(3)]
    criterion = "frame_ms.max < 200"
    met = [(criterion, stage, value, "pass") for stage, value in ((0, 2.0), (1, 50.0), (2, 20.0), (None, 50.0))]
    assert judged(*met, stages=stages) == [
        ("pass", "frame max 50.0 ms, 4.0 times below 200 (nearest to the limit: stage 2)")
    ]
    failed = [(criterion, 0, 2.0, "pass"), (criterion, 1, 210.0, "fail"), (criterion, 2, 400.0, "fail")]
    assert judged(*failed, stages=stages) == [
        ("fail", "frame max 400 ms, 2.0 times over the limit of 200 (stage 3, and 1 more)")
    ]


def test_an_estimate_is_as_near_as_the_bound_next_to_the_limit() -> None:
    slope = "rss_mb.slope_per_hour"
    metrics = {**FINISHED.metrics, slope: 1.0, f"{slope}.low": 0.5, f"{slope}.high": 2.0}
    assert judged((f"{slope} < 10", None, 1.0, "pass"), metrics=metrics) == [
        ("pass", "growth of memory 1.0 MB/h (at most 2.0 MB/h), 5.0 times below 10")
    ]
    assert judged((f"{slope} < 0.4", None, 1.0, "fail"), metrics=metrics) == [
        ("fail", "growth of memory 1.0 MB/h (at least 0.5 MB/h), 25 % over the limit of 0.4")
    ]
    assert judged((f"{slope} < 1.5", None, 1.0, "unsupported"), metrics=metrics) == [
        ("unsupported", "growth of memory not judged: too few frames")
    ]


def test_criteria_that_are_left_out_are_counted() -> None:
    rows = judged_criteria(FINISHED)
    assert left_out_criteria(rows[1:]) == f"and {len(rows) - 1} more: {len(rows) - 1} met"
