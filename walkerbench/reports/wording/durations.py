"""The durations of a frame that every report shows first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from walkerbench.criteria.metrics import duration_name

if TYPE_CHECKING:
    from walkerbench.run_directory import WorkloadRecord


def main_durations(workload: WorkloadRecord) -> dict[str, str]:
    """Return the durations of the frame, of its phases, of the dispatch and of the wait at the barrier.

    Returns:
        Column of `frames.npy` → its metric, without a statistic.
    """
    phases = [f"{phase}_ns" for phase in (*workload.phases, workload.settle_phase)]
    columns = ["wall_ns", *phases, "dispatch_ns", "barrier_wait_ns"]
    return {column: name for column in columns if (name := duration_name(column, workload.main_phase)) is not None}
