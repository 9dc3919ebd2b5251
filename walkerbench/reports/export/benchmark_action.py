"""Durations as github-action-benchmark's `customSmallerIsBetter` reads them: a JSON array of named values.

Source of the format: the README of https://github.com/benchmark-action/github-action-benchmark, "Custom benchmarks".
In one file, either smaller values are better or larger ones. This one holds only durations, of each stage: smaller is
better. Frames per second are not missing: they are the reciprocal of the mean frame time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from walkerbench.errors import RunFileError
from walkerbench.reports.json_text import json_document
from walkerbench.reports.wording.durations import main_durations
from walkerbench.reports.wording.subject import subject
from walkerbench.workloads.digests import not_proven

if TYPE_CHECKING:
    from walkerbench.run_directory import RecordedRun, RunFile, StageRecord

_STATISTICS = ("mean", "p50", "p99", "max")


def render(recorded: RecordedRun) -> str:
    """Return the array, as text.

    Raises:
        RunFileError: No frame was judged, and the action refuses a file without a value.
    """
    values = [value for stage in recorded.run.stages for value in _values(recorded.run, stage)]
    if not values:
        raise RunFileError(f"{recorded.directory}: no frame was judged, and github-action-benchmark needs a value")
    return json_document(values)


def _values(run: RunFile, stage: StageRecord) -> Iterator[dict[str, Any]]:
    where = f" (stage {stage.stage + 1})" if len(run.stages) > 1 else ""
    for metric in main_durations(run.workload).values():
        for statistic in _STATISTICS:
            value = stage.metrics.get(f"{metric}.{statistic}")
            if value is not None:
                name = f"{subject(run)}, {run.mode.used}{where}: {metric}.{statistic}"
                yield {"name": name, "unit": "ms", "value": value, "extra": _extra(run, stage)}


def _extra(run: RunFile, stage: StageRecord) -> str:
    lines = [f"agents: {stage.agents}", f"workers: {stage.workers}", f"judged frames: {stage.frames - stage.warmup}"]
    if run.state != "finished":
        lines.append(f"run: {run.state}")
    if run.workload.same_work_not_proven is not None:
        lines.append(not_proven(run.workload.same_work_not_proven))
    if run.faults:
        lines.append(f"faults injected: {run.faults}")
    return "\n".join(lines)
