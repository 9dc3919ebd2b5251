"""The figures for Prometheus, read by the parser of its client library."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fabricated_runs import recorded_run
from prometheus_client.parser import text_string_to_metric_families

from walkerbench.running.observers import RecordedRows
from walkerbench.serving.messages import RowsRecorded
from walkerbench.serving.prometheus import FrameTotals


@pytest.fixture
def told(tmp_path: Path) -> RowsRecorded:
    """Return rows of three frames of 0.2 s, 0.5 ms and 3 s."""
    recorded = recorded_run(tmp_path / "run", 3)
    frames = recorded.frames.copy()
    frames["wall_ns"] = [200_000_000, 500_000, 3_000_000_000]
    return RowsRecorded(recorded.run.stages[0], RecordedRows(frames, recorded.workers, recorded.cpu))


def samples(totals: FrameTotals) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(totals.text().decode())
    found = [sample for family in families for sample in family.samples]
    return {(each.name, *each.labels.values()): each.value for each in found}


def test_frame_times_are_a_histogram_with_its_sum_and_count(told: RowsRecorded) -> None:
    totals = FrameTotals()
    for _ in range(2):
        totals.add(told)
    found = samples(totals)
    bucket = "walkerbench_frame_seconds_bucket"
    assert [found[bucket, bound] for bound in ("0.001", "0.1", "0.2", "2.0", "+Inf")] == [2, 2, 4, 4, 6]
    assert found["walkerbench_frame_seconds_count",] == 6
    assert found["walkerbench_frame_seconds_sum",] == pytest.approx(2 * 3.2005)


def test_counters_add_up_over_stages(told: RowsRecorded) -> None:
    totals = FrameTotals()
    totals.add(told)
    second = RowsRecorded(told.stage.model_copy(update={"stage": 1}), told.rows)
    totals.add(second)
    totals.add(second)
    found = samples(totals)
    for name, total in told.stage.counters.items():
        assert found["walkerbench_counter_total", name] == 2 * total
    assert found["walkerbench_stage",] == 1
    assert found["walkerbench_mode_info", told.stage.mode] == 1


def test_there_are_no_metrics_before_the_first_frame() -> None:
    assert samples(FrameTotals()) == {}
    assert np.array_equal(FrameTotals()._counts, np.zeros(13))
