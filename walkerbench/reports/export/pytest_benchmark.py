"""The run as a file of pytest-benchmark, for `pytest-benchmark compare FILE FILE`.

Source of the format: what pytest-benchmark 5 writes with `--benchmark-json`, without the single values. Each duration
of a frame is a benchmark in each stage, its judged frames the rounds; groups put the same duration of several files
side by side. Where frames are calls of a function, the phase of the calls has as many iterations, and its durations
are those of one call. Times are seconds. Statistics are those of `pytest_benchmark.stats.Stats`. Its quartiles are, for
any number of rounds, the quantiles of Hazen (definition 5 of Hyndman and Fan, "Sample quantiles in statistical
packages", The American Statistician 50, 1996).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from walkerbench.errors import RunFileError
from walkerbench.reports.json_text import json_part
from walkerbench.reports.wording.calls import calls_per_frame
from walkerbench.reports.wording.durations import main_durations
from walkerbench.reports.wording.subject import subject

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from walkerbench.run_directory import RecordedRun, RunFile, StageRecord

_VERSION = "5.0.0"
_NS_PER_S = 1e9


def render(recorded: RecordedRun) -> Iterator[str]:
    """Yield the file, in parts: one per benchmark.

    Raises:
        RunFileError: No frame was judged, and a benchmark needs at least one round.
    """
    judged = [(stage, each) for stage in recorded.run.stages if len(each := _judged(recorded, stage))]
    if not judged:
        raise RunFileError(
            f"{recorded.directory}: no frame was judged, so there is nothing to export: record more frames than warm-up"
        )
    head = _encode(_head(recorded.run)).removesuffix("}")
    yield f'{head}, "benchmarks": [\n'
    separator = ""
    for stage, frames in judged:
        for column, metric in main_durations(recorded.run.workload).items():
            calls = calls_per_frame(recorded.run) if column == recorded.run.workload.main_phase.column else None
            yield separator + _encode(_benchmark(recorded.run, stage, metric, frames[column], calls or 1))
            separator = ",\n"
    yield "\n]}\n"


def _judged(recorded: RecordedRun, stage: StageRecord) -> NDArray[Any]:
    frames = recorded.frames
    judged: NDArray[Any] = frames[(frames["stage"] == stage.stage) & (frames["warmup"] == 0)]
    return judged


def _head(run: RunFile) -> dict[str, Any]:
    # Pydantic's own JSON writes null where a fact is not a finite number.
    machine = json.loads(run.model_dump_json(include={"machine"}))["machine"]
    python, code = machine.get("python"), run.code.workload
    return {
        "machine_info": {
            "python_version": python.get("version") if isinstance(python, dict) else None,
            "python_implementation": python.get("implementation") if isinstance(python, dict) else None,
            "system": machine.get("os"),
            "release": machine.get("kernel"),
            "cpu": {"brand_raw": machine.get("cpu_model"), "count": machine.get("cores_allowed")},
        },
        "commit_info": {"id": code.revision, "dirty": code.changed_files} if code.revision else {},
        "datetime": run.started_utc,
        "version": _VERSION,
    }


def _benchmark(
    run: RunFile, stage: StageRecord, metric: str, durations_ns: NDArray[Any], iterations: int
) -> dict[str, Any]:
    group = metric.removesuffix("_ms")
    name = f"{group}[{stage.agents} agents]" if len(run.stages) == 1 else f"{group}[stage {stage.stage + 1}]"
    facts = {"mode": run.mode.used, "workers": stage.workers, "agents": stage.agents, "digest": stage.digest}
    reason = run.workload.same_work_not_proven
    unproven = {} if reason is None else {"same_work_not_proven": reason}
    return {
        "group": group,
        "name": name,
        "fullname": f"{subject(run)}::{name}",
        "params": None,
        "param": None,
        "extra_info": {**facts, **unproven, "state": run.state, "faults": run.faults},
        "options": {},
        "stats": statistics(durations_ns / _NS_PER_S, iterations),
    }


def statistics(durations_s: NDArray[np.float64], iterations: int = 1) -> dict[str, Any]:
    """Return every statistic that pytest-benchmark stores for a benchmark.

    Args:
        durations_s: `(rounds,)`, at least one.
        iterations: Number of calls in a round; each call has an equal share of the round's duration.
    """
    ordered = np.sort(durations_s / iterations)
    rounds, total, mean = len(ordered), float(ordered.sum()), float(ordered.mean())
    stddev = float(ordered.std(ddof=1)) if rounds > 1 else 0.0
    q1, median, q3 = (float(each) for each in np.quantile(ordered, (0.25, 0.5, 0.75), method="hazen"))
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    usual = ordered[(ordered >= low) & (ordered <= high)]
    far = int(np.count_nonzero(abs(ordered - mean) > stddev))
    return {
        "min": float(ordered[0]),
        "max": float(ordered[-1]),
        "mean": mean,
        "stddev": stddev,
        "rounds": rounds,
        "median": median,
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": rounds - len(usual),
        "stddev_outliers": far,
        "outliers": f"{far};{rounds - len(usual)}",
        "ld15iqr": float(usual[0]),
        "hd15iqr": float(usual[-1]),
        "ops": rounds / total if total else 0.0,
        "total": total,
        "iterations": iterations,
    }


def _encode(content: Any) -> str:
    return json_part(content, spaced=True)
