from __future__ import annotations

import numpy as np
import pytest

from walkerbench.criteria.metrics import RUN_METRICS, compute_metrics, duration_name, known_metrics
from walkerbench.criteria.statistics import STATISTICS
from walkerbench.workloads.main_phase import MainPhase

COLUMNS = ("frame", "stage", "warmup", "start_ns", "wall_ns", "agents_ns", "ai_updates")
FRAMES = np.dtype([(name, np.int64) for name in COLUMNS])
CPU = np.dtype(
    [("time_ns", np.int64), ("tree_cpu_s", np.float64), ("tree_rss_bytes", np.int64), ("core_percent", "f4", (2,))]
)
MS = 1_000_000
S = 1_000_000_000


def frames(*rows):
    return np.array([(number, *row) for number, row in enumerate(rows)], FRAMES)


def samples(*rows):
    return np.array([(time_ns, cpu_s, 0, percents) for time_ns, cpu_s, percents in rows], CPU)


MAIN_PHASE = MainPhase("agents", "agent processing")
NO_SAMPLES = samples()


def test_hand_computed_metrics_of_judged_frames():
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
        "cpu.other_cores": None,
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
        "missed_deadlines": "only a run at real-time pace has deadlines",
    }


def test_every_metric_without_a_value_says_why():
    for recorded in (frames(), frames((0, 1, 0, 5, 5, 5)), frames((0, 0, 0, 5, 5, 5))):
        measured = compute_metrics(recorded, NO_SAMPLES, {}, MAIN_PHASE, 0, None)
        assert {name for name, value in measured.values.items() if value is None} == set(measured.unmeasured)


def test_only_warm_up_measures_no_duration_but_counts_emergencies():
    measured = compute_metrics(frames((0, 1, 0, 5, 5, 5)), NO_SAMPLES, {"deaths": 3}, MAIN_PHASE, 1, 0)

    assert measured.values["frame_ms.max"] is None
    assert measured.values["physics_fps"] is None
    assert measured.values["emergency_shutdowns"] == 1.0
    assert measured.values["missed_deadlines"] == 0.0
    assert measured.values["deaths"] == 3.0


def test_cpu_metrics_come_from_the_samples_within_judged_frames():
    recorded = frames(
        (0, 1, 0, 1 * S, 0, 0),
        (0, 0, 1 * S, 2 * S, 0, 0),
        (0, 0, 3 * S, 2 * S, 0, 0),
    )
    cpu = samples(
        (S // 2, 100.0, (9, 9)),  # warm-up
        (1 * S, 101.0, (99, 99)),  # its percentages cover the warm-up
        (3 * S, 104.0, (40, 80)),
        (5 * S, 107.0, (60, 20)),
        (6 * S, 900.0, (100, 100)),  # after the last frame
    )

    values = compute_metrics(recorded, cpu, {}, MAIN_PHASE, 0, None).values

    assert values["cpu.effective_cores"] == (107.0 - 101.0) / 4
    assert values["cpu.busiest_core_percent"] == 50.0
    assert values["cpu.other_cores"] == 0.0


def test_what_others_kept_busy_is_what_the_cores_did_beyond_the_run():
    cpu = samples((0, 0.0, (0, 0)), (1 * S, 0.5, (100, 60)), (2 * S, 1.0, (80, 60)))

    values = compute_metrics(frames((0, 0, 0, 2 * S, 0, 0)), cpu, {}, MAIN_PHASE, 0, None).values

    assert values["cpu.effective_cores"] == 0.5
    assert values["cpu.other_cores"] == 0.9 + 0.6 - 0.5


def test_the_time_between_stages_is_left_out():
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


def test_one_sample_gives_no_rate():
    measured = compute_metrics(frames((0, 0, 0, 2 * S, 0, 0)), samples((1 * S, 1.0, (5, 5))), {}, MAIN_PHASE, 0, None)

    assert measured.values["cpu.effective_cores"] is None


def test_a_core_that_went_away_leaves_no_busiest_core():
    cpu = samples((0, 0.0, (1, 1)), (1 * S, 1.0, (50, np.nan)))

    measured = compute_metrics(frames((0, 0, 0, 2 * S, 0, 0)), cpu, {}, MAIN_PHASE, 0, None)

    assert measured.values["cpu.effective_cores"] == 1.0
    for name in ("cpu.busiest_core_percent", "cpu.other_cores"):
        assert measured.values[name] is None
        assert measured.unmeasured[name] == "a core was switched off during the run"


def test_what_is_known_is_what_is_measured():
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
def test_names_of_durations(column, name):
    assert duration_name(column, MAIN_PHASE) == name
