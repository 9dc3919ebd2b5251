from __future__ import annotations

from pathlib import Path

import pytest
from fabricated_runs import recorded_run

from walkerbench.reports.wording.calls import calls_in_words, time_per_call


@pytest.mark.parametrize(
    ("phase_ms", "calls", "told"),
    [
        (1.0, 50, "20 µs"),
        (0.994, 200, "4.97 µs"),
        (1.0, 5_000_000, "0.2 ns"),
        (1.0, 10_000, "100 ns"),
        (3.25, 2, "1.625 ms"),
        (2500.0, 1, "2.5 s"),
        (0.0, 10, "0 ns"),
        (None, 1, "\N{EN DASH}"),
    ],
)
def test_the_time_of_a_call_has_the_unit_that_fits(phase_ms: float | None, calls: int, told: str) -> None:
    assert time_per_call(phase_ms, calls) == told


def test_a_run_of_calls_shows_the_time_of_one_call(tmp_path: Path) -> None:
    run = recorded_run(tmp_path / "run", 5, profile={"environment": {"calls_per_frame": 100}}).run
    mean_ms = run.metrics[f"{run.workload.main_phase.metric}.mean"]
    assert mean_ms is not None
    assert calls_in_words(run) == {"calls": f"100 in a frame, of {mean_ms * 10:.4g} µs each (mean)"}


def test_a_run_without_calls_has_no_fact_on_calls(tmp_path: Path) -> None:
    assert calls_in_words(recorded_run(tmp_path / "run", 5).run) == {}
