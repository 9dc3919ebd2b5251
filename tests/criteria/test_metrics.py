from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from walkerbench.criteria.metrics import (
    FRAME_SLOPE,
    RSS_SLOPE,
    RUN_METRICS,
    answered_at,
    compute_metrics,
    duration_name,
    known_metrics,
)
from walkerbench.criteria.statistics import STATISTICS
from walkerbench.workloads.main_phase import MainPhase

COLUMNS = ("frame", "stage", "warmup", "start_ns", "wall_ns", "agents_ns", "ai_updates")
FRAMES = np.dtype([(name, np.int64) for name in COLUMNS])
CPU = np.dtype(
    [("time_ns", np.int64), ("tree_cpu_s", np.float64), ("tree_rss_bytes", np.int64), ("core_percent", "f4", (2,))]
)
SLOPES = [f"{name}{bound}" for name in (RSS_SLOPE, FRAME_SLOPE) for bound in ("", ".low", ".high")]
MS = 1_000_000
S = 1_000_000_000


def frames(*rows: Any) -> Any:
    return np.array([(number, *row) for number, row in enumerate(rows)], FRAMES)


def samples(*rows: Any) -> Any:
    return np.array([(time_ns, cpu_s, 0, percents) for time_ns, cpu_s, percents in rows], CPU)


MAIN_PHASE = MainPhase("agents", "agent processing")
NO_SAMPLES = samples()


def test_metrics_of_judged_frames_equal_those_computed_by_hand() -> None:
    recorded = frames(
        (0, 1, 0, 900 * MS, 800 * MS, 1),
        (0, 0, 1 * S, 10 * MS, 4 * MS, 2),
        (0, 0, 2 * S, 30 * MS, 6 * MS, 3),
        (0, 0, 3 * S, 20 * MS, 2 * MS, 4),
    )

    measured = compute_metrics(recorded, NO_SAMPLES, {"ai_updates": 10, "deaths": 0}, MAIN_PHASE, 0, None)

    assert measured.values == {
        "frame_ms.mean": 20.0, "frame_ms.min": 10.0, "frame_ms.p50": 20.0, "frame_ms.p95": None,
        "frame_ms.p99": None, "frame_ms.max": 30.0,
        "agent_processing_ms.mean": 4.0, "agent_processing_ms.min": 2.0, "agent_processing_ms.p50": 4.0,
        "agent_processing_ms.p95": None, "agent_processing_ms.p99": None, "agent_processing_ms.max": 6.0,
        "physics_fps": 3 / 0.060, "cpu.effective_cores": None, "cpu.busiest_core_percent": None,
        "cpu.other_cores": None, "rss_mb.mean": None, "rss_mb.max": None, **dict.fromkeys(SLOPES),
        "emergency_shutdowns": 0.0, "missed_deadlines": None, "ai_updates": 10.0, "deaths": 0.0,
    }  # fmt: skip
    assert measured.unmeasured == {
        "frame_ms.p95": "p95 needs 20 judged frames, there are 3",
        "frame_ms.p99": "p99 needs 100 judged frames, there are 3",
        "agent_processing_ms.p95": "p95 needs 20 judged frames, there are 3",
        "agent_processing_ms.p99": "p99 needs 100 judged frames, there are 3",
        "cpu.effective_cores": "needs 2 CPU samples while judged frames run, there are fewer",
        "cpu.busiest_core_percent": "needs 2 CPU samples while judged frames run, there are fewer",
        "cpu.other_cores": "needs 2 CPU samples while judged frames run, there are fewer",
        "rss_mb.mean": "needs a sample of resident memory while judged frames run, there is none",
        "rss_mb.max": "needs a sample of resident memory while judged frames run, there is none",
        **dict.fromkeys(SLOPES, "a slope needs 600 s of judged frames, there are 2 s"),
        "missed_deadlines": "only a run at real-time pace has deadlines",
    }


def test_every_metric_without_a_value_says_why() -> None:
    for recorded in (frames(), frames((0, 1, 0, 5, 5, 5)), frames((0, 0, 0, 5, 5, 5))):
        measured = compute_metrics(recorded, NO_SAMPLES, {}, MAIN_PHASE, 0, None)
        assert {name for name, value in measured.values.items() if value is None} == set(measured.unmeasured)


def test_a_warm_up_has_no_durations_but_counts_emergencies() -> None:
    measured = compute_metrics(frames((0, 1, 0, 5, 5, 5)), NO_SAMPLES, {"deaths": 3}, MAIN_PHASE, 1, 0)

    assert measured.values["frame_ms.max"] is None
    assert measured.values["physics_fps"] is None
    assert measured.values["emergency_shutdowns"] == 1.0
    assert measured.values["missed_deadlines"] == 0.0
    assert measured.values["deaths"] == 3.0


def test_cpu_metrics_come_from_the_samples_within_judged_frames() -> None:
    recorded = frames(
        (0, 1, 0, 1 * S, 0, 0),
        (0, 0, 1 * S, 2 * S, 0, 0),
        (0, 0, 3 * S, 2 * S, 0, 0),
    )
    cpu = samples(
        (S // 2, 100.0, (9, 9)),  # warm-up
        (1 * S, 101.0, (99, 99)),  # the percentages of this sample cover the warm-up
        (3 * S, 104.0, (40, 80)),
        (5 * S, 107.0, (60, 20)),
        (6 * S, 900.0, (100, 100)),  # after the last frame
    )

    values = compute_metrics(recorded, cpu, {}, MAIN_PHASE, 0, None).values

    assert values["cpu.effective_cores"] == (107.0 - 101.0) / 4
    assert values["cpu.busiest_core_percent"] == 50.0
    assert values["cpu.other_cores"] == 0.0


def test_other_cores_are_the_busy_cores_without_the_run() -> None:
    cpu = samples((0, 0.0, (0, 0)), (1 * S, 0.5, (100, 60)), (2 * S, 1.0, (80, 60)))

    values = compute_metrics(frames((0, 0, 0, 2 * S, 0, 0)), cpu, {}, MAIN_PHASE, 0, None).values

    assert values["cpu.effective_cores"] == 0.5
    assert values["cpu.other_cores"] == 0.9 + 0.6 - 0.5


def test_the_time_between_stages_is_left_out() -> None:
    recorded = frames(
        (0, 0, 0, 2 * S, 0, 0),
        (1, 1, 10 * S, 1 * S, 0, 0),
        (1, 0, 20 * S, 2 * S, 0, 0),
    )
    cpu = samples(
        (0, 0.0, (0, 0)),
        (2 * S, 2.0, (10, 20)),
        (10 * S, 500.0, (100, 100)),
        (20 * S, 1000.0, (100, 100)),
        (22 * S, 1004.0, (30, 20)),
    )

    values = compute_metrics(recorded, cpu, {}, MAIN_PHASE, 0, None).values

    assert values["cpu.effective_cores"] == (2.0 + 4.0) / 4
    assert values["cpu.busiest_core_percent"] == 20.0


def two_stages() -> tuple[Any, Any]:
    """Return the frames and samples of a stage that pauses and of one at full load."""
    recorded = frames(
        (0, 0, 0, 30 * MS, 0, 0),
        (0, 0, 2 * S, 10 * MS, 0, 0),
        (1, 0, 10 * S, 1 * S, 0, 0),
        (1, 0, 11 * S, 1 * S, 0, 0),
    )
    cpu = samples((0, 0.0, (0, 0)), (2 * S, 0.2, (5, 5)), (10 * S, 1.0, (0, 0)), (12 * S, 4.0, (90, 60)))
    return recorded, cpu


def test_rates_are_those_of_the_stages_at_full_load() -> None:
    values = compute_metrics(*two_stages(), {}, MAIN_PHASE, 0, 1, full_load=(1,)).values

    assert values["physics_fps"] == 1.0
    assert values["cpu.effective_cores"] == 1.5
    assert values["cpu.busiest_core_percent"] == 90.0
    assert values["frame_ms.min"] == 10.0  # of every stage
    assert compute_metrics(*two_stages(), {}, MAIN_PHASE, 0, 1).values["cpu.effective_cores"] == 3.2 / 4


def test_a_run_without_a_frame_at_full_load_has_no_rate() -> None:
    measured = compute_metrics(*two_stages(), {}, MAIN_PHASE, 0, 1, full_load=(2,))

    assert (measured.values["physics_fps"], measured.values["cpu.effective_cores"]) == (None, None)
    assert measured.unmeasured["physics_fps"] == "there are no judged frames at full load"


def test_each_question_of_one_pace_is_answered_at_it() -> None:
    names = known_metrics(COLUMNS, ("deaths",), MAIN_PHASE)

    at = {pace: [name for name in names if answered_at(name) == pace] for pace in ("max", "realtime")}

    cores = ["cpu.effective_cores", "cpu.busiest_core_percent", "cpu.other_cores"]
    assert at == {"max": ["physics_fps", *cores], "realtime": ["missed_deadlines"]}


def test_one_sample_gives_no_rate() -> None:
    measured = compute_metrics(frames((0, 0, 0, 2 * S, 0, 0)), samples((1 * S, 1.0, (5, 5))), {}, MAIN_PHASE, 0, None)

    assert measured.values["cpu.effective_cores"] is None


def test_a_core_that_was_switched_off_leaves_no_busiest_core() -> None:
    cpu = samples((0, 0.0, (1, 1)), (1 * S, 1.0, (50, np.nan)))

    measured = compute_metrics(frames((0, 0, 0, 2 * S, 0, 0)), cpu, {}, MAIN_PHASE, 0, None)

    assert measured.values["cpu.effective_cores"] == 1.0
    for name in ("cpu.busiest_core_percent", "cpu.other_cores"):
        assert measured.values[name] is None
        assert measured.unmeasured[name] == "a core was switched off during the run"


HOUR = 3600


def hour(
    mb_per_hour: float = 0.0, percent_per_hour: float = 0.0, stages: int = 1, seconds: float = HOUR
) -> tuple[Any, Any]:
    """Return one frame and one sample per second of an hour, after a warm-up of 600 s with very different values."""
    number = np.arange(-600, seconds)
    recorded = np.zeros(len(number), FRAMES)
    recorded["frame"], recorded["warmup"] = number + 600, number < 0
    recorded["stage"] = np.maximum(number, 0) * stages // seconds
    recorded["start_ns"] = number * S
    recorded["wall_ns"] = np.where(number < 0, 900 * MS, 10 * MS * (1 + percent_per_hour / 100 * number / HOUR))
    cpu = np.zeros(len(number), CPU)
    cpu["time_ns"] = number * S + 1
    cpu["tree_rss_bytes"] = np.where(number < 0, 9e9, 100e6 + mb_per_hour * 1e6 * number / HOUR)
    return recorded, cpu


def test_slopes_ignore_the_warm_up() -> None:
    values = compute_metrics(*hour(12.7, -5.0), {}, MAIN_PHASE, 0, None).values

    for name in (RSS_SLOPE, f"{RSS_SLOPE}.low", f"{RSS_SLOPE}.high"):
        assert values[name] == pytest.approx(12.7, rel=1e-3)
    assert values[FRAME_SLOPE] == pytest.approx(-5.0 / (1 - 0.025), rel=1e-3)  # percent of the frame halfway
    assert values["rss_mb.max"] == pytest.approx(112.7, rel=1e-4)
    assert values["rss_mb.mean"] == pytest.approx(100 + 12.7 / 2, rel=1e-4)


def test_constant_memory_has_a_slope_and_an_interval_of_0() -> None:
    values = compute_metrics(*hour(), {}, MAIN_PHASE, 0, None).values

    assert [values[name] for name in SLOPES] == [0.0] * 6


def test_several_stages_together_have_no_slope() -> None:
    measured = compute_metrics(*hour(1.0, stages=2), {}, MAIN_PHASE, 0, None)

    assert [measured.values[name] for name in SLOPES] == [None] * 6
    assert {measured.unmeasured[name] for name in SLOPES} == {"each stage has a slope of its own"}


@pytest.mark.promise("long runs", "A run too short for a slope has none: nothing is extrapolated to an hour.")
def test_a_run_too_short_for_a_slope_says_how_long_it_must_be() -> None:
    measured = compute_metrics(*hour(seconds=599), {}, MAIN_PHASE, 0, None)

    assert [measured.values[name] for name in SLOPES] == [None] * 6
    assert {measured.unmeasured[name] for name in SLOPES} == {"a slope needs 600 s of judged frames, there are 598 s"}
    assert compute_metrics(*hour(seconds=601), {}, MAIN_PHASE, 0, None).values[RSS_SLOPE] == 0.0


def test_samples_without_memory_are_left_out() -> None:
    recorded, cpu = hour(12.7)
    cpu["tree_rss_bytes"][::2] = -1
    assert compute_metrics(recorded, cpu, {}, MAIN_PHASE, 0, None).values[RSS_SLOPE] == pytest.approx(12.7, rel=1e-3)

    cpu["tree_rss_bytes"] = -1
    measured = compute_metrics(recorded, cpu, {}, MAIN_PHASE, 0, None)
    assert (measured.values["rss_mb.max"], measured.values[RSS_SLOPE]) == (None, None)
    assert measured.unmeasured[RSS_SLOPE] == "a slope needs values in 30 of 60 slices of the time, there are 0"


def test_the_known_metrics_are_the_measured_ones() -> None:
    counters = {"ai_updates": 1, "deaths": 2}

    known = known_metrics(COLUMNS, counters, MAIN_PHASE)

    assert set(known) == set(compute_metrics(frames(), NO_SAMPLES, counters, MAIN_PHASE, 0, None).values)
    assert len(set(known)) == len(known) == 2 * len(STATISTICS) + len(RUN_METRICS) + 2


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("wall_ns", "frame_ms"),
        ("agents_ns", "agent_processing_ms"),
        ("barrier_wait_ns", "barrier_wait_ms"),
        ("start_ns", None),
        ("frame", None),
        ("ai_updates", None),
    ],
)
def test_each_column_of_a_duration_has_its_metric(column: str, name: str | None) -> None:
    assert duration_name(column, MAIN_PHASE) == name
