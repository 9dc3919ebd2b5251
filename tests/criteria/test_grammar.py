from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.criteria.grammar import NO_EMERGENCY, OPERATORS, Criterion, check_known, parse_criterion, replace
from walkerbench.criteria.metrics import known_metrics
from walkerbench.criteria.statistics import STATISTICS
from walkerbench.errors import CriterionError
from walkerbench.workloads.main_phase import MainPhase

GUIDE = (
    *(parse_criterion(text) for text in ("frame_ms.max < 200", "agent_processing_ms.max < 200")),
    NO_EMERGENCY,
    parse_criterion("physics_fps > 400"),
)
KNOWN = known_metrics(
    ("frame", "start_ns", "wall_ns", "agents_ns"), ("deaths",), MainPhase("agents", "agent processing")
)
WORDS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(lambda word: word not in STATISTICS)


@st.composite
def criteria(draw: st.DrawFn) -> Criterion:
    return Criterion(
        ".".join(draw(st.lists(WORDS, min_size=1, max_size=3))),
        draw(st.none() | st.sampled_from(STATISTICS)),
        draw(st.sampled_from(sorted(OPERATORS))),
        draw(st.floats(allow_nan=False, allow_infinity=False)),
    )


@pytest.mark.parametrize(
    ("text", "criterion", "canonical"),
    [
        ("frame_ms.p99 < 50", Criterion("frame_ms", "p99", "<", 50.0), "frame_ms.p99 < 50"),
        ("frame_ms.p99<50", Criterion("frame_ms", "p99", "<", 50.0), "frame_ms.p99 < 50"),
        ("  physics_fps\t>=  4e2 ", Criterion("physics_fps", None, ">=", 400.0), "physics_fps >= 400"),
        ("cpu.effective_cores > 1.85", Criterion("cpu.effective_cores", None, ">", 1.85), "cpu.effective_cores > 1.85"),
        ("deaths != -0.5", Criterion("deaths", None, "!=", -0.5), "deaths != -0.5"),
        ("deaths == .5", Criterion("deaths", None, "==", 0.5), "deaths == 0.5"),
        ("a.b.max <= +1.", Criterion("a.b", "max", "<=", 1.0), "a.b.max <= 1"),
        ("max > 1", Criterion("max", None, ">", 1.0), "max > 1"),
    ],
)
def test_a_text_is_parsed_to_its_criterion(text: str, criterion: Any, canonical: str) -> None:
    assert parse_criterion(text) == criterion
    assert str(criterion) == canonical


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "the metric is missing"),
        ("< 50", "the metric is missing"),
        ("frame_ms.max", "the operator is missing"),
        ("frame_ms.max 50", "the operator is missing"),
        ("frame_ms.max = 50", "'=' is no operator"),
        ("frame_ms.max =< 50", "'=<' is no operator"),
        ("frame_ms.max <", "the value is missing"),
        ("frame_ms.max < fast", "'fast' is no finite number"),
        ("frame_ms.max < 50 ms", "'50 ms' is no finite number"),
        ("frame_ms.max < 50ms", "'50ms' is no finite number"),
        ("frame_ms.max < nan", "'nan' is no finite number"),
        ("frame_ms.max < inf", "'inf' is no finite number"),
        ("frame_ms.max < 1e999", "'1e999' is no finite number"),
        ("frame_ms.max < 1_000", "'1_000' is no finite number"),
        ("frame_ms.max < 0x10", "'0x10' is no finite number"),
        ("frame_ms.max < ٣", "'٣' is no finite number"),
        ("frame_ms.max < 1 < 2", "'1 < 2' is no finite number"),
        ("frame_ms.max < 1\n2", "'1 2' is no finite number"),
        ("frame-ms.max < 1", "'frame-ms.max' is no metric"),
        ("frame_ms. < 1", "'frame_ms.' is no metric"),
        (".max < 1", "'.max' is no metric"),
        ("frame_ms..max < 1", "'frame_ms..max' is no metric"),
        ("1frame < 1", "'1frame' is no metric"),
    ],
)
def test_the_error_says_what_is_wrong_with_a_text(text: str, what: str) -> None:
    with pytest.raises(CriterionError) as caught:
        parse_criterion(text)

    assert what in str(caught.value)
    assert "metric[.statistic] op value" in str(caught.value)


@given(criteria())
def test_the_canonical_text_parses_to_the_same_criterion(criterion: Any) -> None:
    parsed = parse_criterion(str(criterion))

    assert parsed == criterion
    assert str(parsed) == str(criterion)


@given(criteria(), st.lists(st.sampled_from([" ", "\t", "  "]), min_size=4, max_size=4))
def test_white_space_has_no_effect(criterion: Any, spaces: Any) -> None:
    text = spaces[0].join(["", criterion.key]) + spaces[1] + criterion.operator + spaces[2] + repr(criterion.value)

    assert parse_criterion(text + spaces[3]) == criterion


@given(st.text() | st.text(alphabet="af_.<>=! 019e+-\n", max_size=20))
def test_any_text_is_a_criterion_or_a_one_line_error(text: Any) -> None:
    try:
        criterion = parse_criterion(text)
    except CriterionError as error:
        criterion, message = None, str(error)

    if criterion is None:
        assert len(message.splitlines()) == 1
    else:
        assert math.isfinite(criterion.value)
        assert parse_criterion(str(criterion)) == criterion


@pytest.mark.parametrize("text", ["frame_ms.max < 1", "physics_fps > 1", "deaths == 0", "cpu.effective_cores > 1"])
def test_known_metrics_are_accepted(text: str) -> None:
    check_known(parse_criterion(text), KNOWN)


def test_a_duration_needs_a_statistic() -> None:
    with pytest.raises(CriterionError) as caught:
        check_known(parse_criterion("frame_ms < 50"), KNOWN)

    assert str(caught.value) == (
        "criterion 'frame_ms < 50': frame_ms needs a statistic: one of mean, min, p50, p95, p99, max"
    )


def test_the_error_of_an_unknown_metric_lists_the_known_ones() -> None:
    with pytest.raises(CriterionError) as caught:
        check_known(parse_criterion("frame_msec.max < 50"), KNOWN)

    assert str(caught.value) == (
        "criterion 'frame_msec.max < 50': unknown metric; did you mean frame_ms.max? known are "
        "frame_ms.{mean,min,p50,p95,p99,max}, agent_processing_ms.{mean,min,p50,p95,p99,max}, physics_fps, "
        "cpu.effective_cores, cpu.busiest_core_percent, cpu.other_cores, rss_mb.{mean,max}, rss_mb.slope_per_hour, "
        "rss_mb.slope_per_hour.low, rss_mb.slope_per_hour.high, frame_ms.slope_percent_per_hour, "
        "frame_ms.slope_percent_per_hour.low, frame_ms.slope_percent_per_hour.high, emergency_shutdowns, "
        "missed_deadlines, deaths"
    )


def test_no_metric_is_suggested_for_a_very_different_name() -> None:
    with pytest.raises(CriterionError) as caught:
        check_known(parse_criterion("zzzzzz < 50"), KNOWN)

    assert "unknown metric; known are frame_ms." in str(caught.value)


def test_a_statistic_of_a_metric_that_has_none_is_unknown() -> None:
    with pytest.raises(CriterionError, match="did you mean physics_fps"):
        check_known(parse_criterion("physics_fps.max > 1"), KNOWN)


@pytest.mark.parametrize(
    ("operator", "below", "equal", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
        ("==", False, True, False),
        ("!=", True, False, True),
    ],
)
def test_each_operator_compares_as_in_mathematics(operator: str, below: bool, equal: bool, above: bool) -> None:
    criterion = Criterion("physics_fps", None, operator, 5.0)

    assert [criterion.holds(value) for value in (4.0, 5.0, 6.0)] == [below, equal, above]


def texts(chosen: Any) -> list[str]:
    return [str(criterion) for criterion in chosen]


def test_an_override_replaces_the_criterion_of_the_same_key() -> None:
    overrides = [parse_criterion("frame_ms.max < 50"), parse_criterion("deaths > 0")]

    assert texts(replace(GUIDE, overrides)) == [
        "agent_processing_ms.max < 200",
        "emergency_shutdowns == 0",
        "physics_fps > 400",
        "frame_ms.max < 50",
        "deaths > 0",
    ]


def test_two_overrides_of_one_key_are_a_range() -> None:
    overrides = [parse_criterion("physics_fps > 10"), parse_criterion("physics_fps < 20")]

    assert texts(replace(GUIDE[3:], overrides)) == [
        "physics_fps > 10",
        "physics_fps < 20",
        "emergency_shutdowns == 0",
    ]


def test_the_emergency_criterion_cannot_be_removed() -> None:
    assert replace((), ()) == (NO_EMERGENCY,)
    assert replace(GUIDE, ()) == GUIDE
    weaker = parse_criterion("emergency_shutdowns < 100")
    assert replace((NO_EMERGENCY,), [weaker]) == (weaker, NO_EMERGENCY)
    assert replace((NO_EMERGENCY,), [NO_EMERGENCY]) == (NO_EMERGENCY,)
