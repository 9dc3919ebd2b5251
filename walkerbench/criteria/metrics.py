"""Metrics: values computed from a run's recordings, under flat names such as `frame_ms.p99`.

Every recorded duration `X_ns` gives `X_ms` with each of `STATISTICS`; the frame's `wall_ns` is called `frame_ms` and
the main phase's time is called by its title, as in `agent_processing_ms`. The other metrics are the counters (totals,
warm-up included) and those of `RUN_METRICS`. Durations, `physics_fps`, `cpu.…`, `rss_mb.…` (resident memory of all
processes) and slopes are computed from judged frames only, those after the warm-up, and from samples taken while judged
frames run. A slope has two more metrics, the bounds of its interval, `….low` and `….high`, see `criteria.slopes`.

A run whose stages differ in pace answers some questions in some of them only, see `answered_at`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.criteria.slopes import Slope, slope_of
from walkerbench.criteria.statistics import STATISTICS, summarise, values_needed
from walkerbench.workloads.main_phase import MainPhase

_CPU_METRICS = ("cpu.effective_cores", "cpu.busiest_core_percent", "cpu.other_cores")


def estimate_names(name: str) -> tuple[str, str, str]:
    """Return the metrics of an estimate: itself, and the lower and the upper bound of its interval."""
    return name, f"{name}.low", f"{name}.high"


RSS_SLOPE, FRAME_SLOPE = "rss_mb.slope_per_hour", "frame_ms.slope_percent_per_hour"
"""The slopes: MB that resident memory grows in an hour, and percent of the typical frame that frames get slower."""

MISSED_DEADLINES = "missed_deadlines"
"""The frames that took longer than their period at real-time pace."""


PHYSICS_FPS = "physics_fps"
"""Judged frames per second of their wall time."""


def answered_at(name: str) -> str | None:
    """Return the pace whose stages answer for a metric, in a run whose stages differ in pace; None for every stage.

    Args:
        name: The metric's flat name.

    Returns:
        `max` for rates: what the machine can do shows at full load. `realtime` for missed deadlines.
    """
    if name in (PHYSICS_FPS, *_CPU_METRICS):
        return "max"
    return "realtime" if name == MISSED_DEADLINES else None


@dataclass(frozen=True)
class MetricFacts:
    """The unit and the meaning of a metric.

    Attributes:
        unit: The unit; empty for a number without one.
        meaning: The meaning, in a sentence.
    """

    unit: str
    meaning: str


_RSS_METRICS = ("rss_mb.mean", "rss_mb.max")
_SLOPE_METRICS = tuple(each for name in (RSS_SLOPE, FRAME_SLOPE) for each in estimate_names(name))

_CPU_FACTS = (
    MetricFacts(
        "cores",
        "CPU seconds of all processes of the run per second of wall time; the pauses of a paced run count.",
    ),
    MetricFacts("%", "How busy the busiest core was on average, whichever process kept it busy."),
    MetricFacts("cores", "Cores that processes outside the run kept busy."),
)
_RSS_FACTS = (
    MetricFacts("MB", "Resident memory of all processes, on average."),
    MetricFacts("MB", "Resident memory of all processes, at most."),
)
_SLOPE_FACTS = (
    MetricFacts("MB/h", "MB by which resident memory grows in an hour."),
    MetricFacts("MB/h", "Lower bound of the 99 % interval of `rss_mb.slope_per_hour`."),
    MetricFacts("MB/h", "Upper bound of the 99 % interval of `rss_mb.slope_per_hour`."),
    MetricFacts("%/h", "Percent of the typical frame by which frames become slower in an hour."),
    MetricFacts("%/h", "Lower bound of the 99 % interval of `frame_ms.slope_percent_per_hour`."),
    MetricFacts("%/h", "Upper bound of the 99 % interval of `frame_ms.slope_percent_per_hour`."),
)

RUN_METRICS: Mapping[str, MetricFacts] = {
    PHYSICS_FPS: MetricFacts(
        "frames/s", "Judged frames per second of their wall time; the pauses of a paced run are left out."
    ),
    **dict(zip(_CPU_METRICS, _CPU_FACTS, strict=True)),
    **dict(zip(_RSS_METRICS, _RSS_FACTS, strict=True)),
    **dict(zip(_SLOPE_METRICS, _SLOPE_FACTS, strict=True)),
    "emergency_shutdowns": MetricFacts("", "How often a safeguard stopped the environment, in the warm-up too."),
    MISSED_DEADLINES: MetricFacts(
        "frames", "Judged frames that took longer than their period; measured at real-time pace only."
    ),
}
"""Metrics that are neither durations nor counters, each with its unit and meaning."""

_NS_PER_MS = 1e6
_BYTES_PER_MB = 1e6
_NS_PER_S = 1e9
_SAMPLES_NEEDED = 2  # CPU seconds are a running total: a rate needs two samples


@dataclass(frozen=True)
class Measured:
    """The metrics of a run, or of a stage of it.

    Attributes:
        values: Flat metric name → value; None where not measured or not supported.
        unmeasured: Metric → why its value is None.
    """

    values: dict[str, float | None]
    unmeasured: dict[str, str]

    def interval(self, name: str) -> tuple[float, float] | None:
        """Return the bounds of a metric that is an estimate; None for other metrics, and where it is not measured."""
        low, high = (self.values.get(each) for each in estimate_names(name)[1:])
        return None if low is None or high is None else (low, high)


def duration_name(column: str, main_phase: MainPhase) -> str | None:
    """Return the metric of a recorded column, without a statistic; None for a column that holds no duration."""
    # `start_ns` is a point in time; the figures of one thread or process explain a frame, and are not judged.
    if not column.endswith("_ns") or column == "start_ns" or column.startswith(("parent_", "process_")):
        return None
    if column == main_phase.column:
        return main_phase.metric
    return "frame_ms" if column == "wall_ns" else f"{column.removesuffix('_ns')}_ms"


def known_metrics(columns: Iterable[str], counters: Iterable[str], main_phase: MainPhase) -> tuple[str, ...]:
    """Return every flat metric name that a run with these columns and counters measures.

    Args:
        columns: Names of the columns of `frames.npy`.
        counters: Names of the counters.
        main_phase: The workload's main phase.
    """
    durations = [name for column in columns if (name := duration_name(column, main_phase)) is not None]
    names = [f"{name}.{statistic}" for name in durations for statistic in STATISTICS]
    return tuple(dict.fromkeys((*names, *RUN_METRICS, *counters)))


def compute_metrics(
    frames: NDArray[Any],
    cpu: NDArray[Any],
    counters: Mapping[str, int],
    main_phase: MainPhase,
    emergency_shutdowns: int,
    missed_deadlines: int | None,
    full_load: Collection[int] | None = None,
) -> Measured:
    """Return the metrics of a run, or of a stage of it.

    Args:
        frames: `(frames,)`, structured as `frames.npy`: the rows of the run or stage.
        cpu: `(samples,)`, structured as `cpu.npy`; samples outside the judged frames are ignored.
        counters: Totals by name.
        main_phase: The workload's main phase.
        emergency_shutdowns: How often a safeguard stopped the environment.
        missed_deadlines: Frames that missed the real-time pace; None at any other pace.
        full_load: Numbers of the stages from which `physics_fps` and `cpu.…` are computed; None for all.
    """
    judged = frames[frames["warmup"] == 0]
    where = "" if full_load is None else " at full load"
    loaded = judged if full_load is None else judged[np.isin(judged["stage"], list(full_load))]
    values: dict[str, float | None] = {}
    unmeasured: dict[str, str] = {}
    for column in frames.dtype.names or ():
        name = duration_name(column, main_phase)
        if name is not None:
            _add_duration(name, judged[column], values, unmeasured)
    for part, reasons in (_physics_fps(loaded, where), _cpu(loaded, cpu), _rss(judged, cpu), _slopes(judged, cpu)):
        values |= part
        unmeasured |= reasons
    values["emergency_shutdowns"] = float(emergency_shutdowns)
    values[MISSED_DEADLINES] = None if missed_deadlines is None else float(missed_deadlines)
    if missed_deadlines is None:
        unmeasured[MISSED_DEADLINES] = (
            "only a run at real-time pace has deadlines" if len(judged) else "there are no judged frames"
        )
    values |= {name: float(total) for name, total in counters.items()}
    return Measured(values, unmeasured)


def _add_duration(
    name: str, nanoseconds: NDArray[Any], values: dict[str, float | None], unmeasured: dict[str, str]
) -> None:
    for statistic, value in summarise(nanoseconds).items():
        key = f"{name}.{statistic}"
        values[key] = None if value is None else value / _NS_PER_MS
        if value is None:
            needed = values_needed(statistic)
            unmeasured[key] = f"{statistic} needs {needed} judged frames, there are {len(nanoseconds)}"


def _physics_fps(judged: NDArray[Any], where: str) -> tuple[dict[str, float | None], dict[str, str]]:
    total_ns = int(judged["wall_ns"].sum())
    if total_ns == 0:
        return {PHYSICS_FPS: None}, {PHYSICS_FPS: f"there are no judged frames{where}"}
    return {PHYSICS_FPS: len(judged) * _NS_PER_S / total_ns}, {}


def _cpu(judged: NDArray[Any], cpu: NDArray[Any]) -> tuple[dict[str, float | None], dict[str, str]]:
    spans = [
        span for stage in np.unique(judged["stage"]) if len(span := _within(judged, stage, cpu)) >= _SAMPLES_NEEDED
    ]
    if not spans:
        reason = f"needs {_SAMPLES_NEEDED} CPU samples while judged frames run, there are fewer"
        return dict.fromkeys(_CPU_METRICS), dict.fromkeys(_CPU_METRICS, reason)
    cpu_s = sum(float(span["tree_cpu_s"][-1] - span["tree_cpu_s"][0]) for span in spans)
    wall_s = sum(int(span["time_ns"][-1] - span["time_ns"][0]) for span in spans) / _NS_PER_S
    # A sample's percentages cover the time since the sample before: those of a span's first sample are left out.
    percents = np.concatenate([span["core_percent"][1:] for span in spans]).astype(np.float64)
    means = percents.mean(axis=0)
    effective, of_cores = _CPU_METRICS[0], _CPU_METRICS[1:]
    if not math.isfinite(cpu_s):
        return dict.fromkeys(_CPU_METRICS), dict.fromkeys(_CPU_METRICS, "CPU time is not available on this system")
    if not np.isfinite(means).all():
        reason = "the load of each core is not available on this system"
        if np.isfinite(percents).any():
            reason = "a core was switched off during the run"
        return {effective: cpu_s / wall_s} | dict.fromkeys(of_cores), dict.fromkeys(of_cores, reason)
    others = max(0.0, float(means.sum()) / 100 - cpu_s / wall_s)
    return dict(zip(_CPU_METRICS, (cpu_s / wall_s, float(means.max()), others), strict=True)), {}


def _rss(judged: NDArray[Any], cpu: NDArray[Any]) -> tuple[dict[str, float | None], dict[str, str]]:
    spans = [_rss_samples(_within(judged, stage, cpu)) for stage in np.unique(judged["stage"])]
    samples = np.concatenate([span["tree_rss_bytes"] for span in spans]) if spans else np.empty(0)
    if not len(samples):
        reason = "needs a sample of resident memory while judged frames run, there is none"
        return dict.fromkeys(_RSS_METRICS), dict.fromkeys(_RSS_METRICS, reason)
    values = float(samples.mean()) / _BYTES_PER_MB, float(samples.max()) / _BYTES_PER_MB
    return dict(zip(_RSS_METRICS, values, strict=True)), {}


def _slopes(judged: NDArray[Any], cpu: NDArray[Any]) -> tuple[dict[str, float | None], dict[str, str]]:
    """Return both slopes with their bounds; no slopes over several stages, because each stage has its own."""
    stages = np.unique(judged["stage"])
    if len(stages) != 1:
        reason = "each stage has a slope of its own" if len(stages) else "there are no judged frames"
        return dict.fromkeys(_SLOPE_METRICS), dict.fromkeys(_SLOPE_METRICS, reason)
    span_ns = _span_ns(judged)
    samples = _rss_samples(_within(judged, stages[0], cpu))
    memory = slope_of(samples["time_ns"], samples["tree_rss_bytes"] / _BYTES_PER_MB, span_ns)
    frames = slope_of(judged["start_ns"], judged["wall_ns"] / _NS_PER_MS, span_ns)
    values: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for name, slope, in_percent in ((RSS_SLOPE, memory, False), (FRAME_SLOPE, frames, True)):
        names = estimate_names(name)
        if isinstance(slope, Slope):
            unit = slope.typical / 100 if in_percent else 1.0
            values |= zip(names, (slope.per_hour / unit, slope.low / unit, slope.high / unit), strict=True)
        else:
            values |= dict.fromkeys(names)
            reasons |= dict.fromkeys(names, slope)
    return values, reasons


def _rss_samples(samples: NDArray[Any]) -> NDArray[Any]:
    """Return the samples in which resident memory is known: it is above 0, since a running process has some."""
    known: NDArray[Any] = samples[samples["tree_rss_bytes"] > 0]
    return known


def _within(judged: NDArray[Any], stage: int, cpu: NDArray[Any]) -> NDArray[Any]:
    begin, end = _span_ns(judged[judged["stage"] == stage])
    inside: NDArray[Any] = cpu[(cpu["time_ns"] >= begin) & (cpu["time_ns"] <= end)]
    return inside


def _span_ns(rows: NDArray[Any]) -> tuple[int, int]:
    """Return the beginning of the first frame and the end of the last one."""
    return int(rows["start_ns"][0]), int(rows["start_ns"][-1] + rows["wall_ns"][-1])
