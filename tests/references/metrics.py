"""docs/metrics.md: every metric that a criterion can name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.references.columns import columns_of, recorded_columns
from tests.references.markdown import code, table
from walkerbench.criteria.grammar import OPERATORS
from walkerbench.criteria.metrics import RUN_METRICS, MetricFacts, duration_name, known_metrics
from walkerbench.criteria.statistics import STATISTICS, values_needed
from walkerbench.workloads.walker import WalkerWorkload
from walkerbench.workloads.walker.counters import ECOSYSTEM_COUNTERS, SHARD_COUNTERS

PATH = "docs/metrics.md"

_HEAD = """\
# Metrics

A criterion is `metric[.statistic] op value`, such as `frame_ms.p99 < 50`; `op` is one of {operators}.
It stands in the table `[criteria]` of a profile, see [profile-reference.md](profile-reference.md), or on the command
line, see [commands.md](commands.md). This page is generated: `python -m tests.references` writes it again.

A metric covers judged frames only, those after the warm-up, unless it says otherwise. A metric has no value where the
run is too short for it, or where it is not available on the system. A criterion on such a metric is not judged.
"""

_DURATIONS = """
## Durations

In milliseconds, each with a statistic, such as `frame_ms.max`, and each measured in a column of `frames.npy`, see
[run-directory.md](run-directory.md). The phases are those of the walkers. Another workload has its own, and the time of
its main phase is called by the title that it declares.
"""

_OTHERS = """
## Metrics of a run

Without a statistic. How a slope is measured and judged: [run-directory.md](run-directory.md#metrics-of-a-long-run).
"""

_COUNTERS = """
## Counters

Totals of the run, warm-up included, without a statistic. These are the walkers'; another workload has its own.
"""

_MEANINGS = {
    "mean": "their mean",
    "min": "the shortest",
    "p50": "the median: half of them take no longer",
    "p95": "95 % of them take no longer",
    "p99": "99 % of them take no longer",
    "max": "the longest",
}


def page() -> str:
    """Return the page as Markdown."""
    statistics = [(code(each), _MEANINGS[each], str(values_needed(each))) for each in STATISTICS]
    operators = ", ".join(map(code, OPERATORS))
    return "\n".join(
        [
            _HEAD.format(operators=operators),
            _DURATIONS.lstrip(),
            _table(durations()),
            table(["statistic", "of the judged frames", "frames needed"], statistics),
            _OTHERS.lstrip(),
            _table(RUN_METRICS),
            _COUNTERS.lstrip(),
            _table(counters()),
        ]
    )


def durations() -> Mapping[str, MetricFacts]:
    """Return every duration of a run of walkers, without its statistic, with the column that it is measured in."""
    named = {
        duration_name(name, WalkerWorkload.main_phase): f"{column.meaning}; column {code(name)}"
        for column in columns_of("frames")
        for name in column.names
    }
    return {name: MetricFacts("ms", text) for name, text in named.items() if name is not None}


def counters() -> Mapping[str, MetricFacts]:
    """Return every counter of the walkers."""
    return {name: MetricFacts("", text) for name, text in {**SHARD_COUNTERS, **ECOSYSTEM_COUNTERS}.items()}


def metrics_of_walkers() -> tuple[str, ...]:
    """Return every flat metric name that a run of walkers has."""
    return known_metrics(recorded_columns("frames"), WalkerWorkload.counters, WalkerWorkload.main_phase)


def _table(metrics: Mapping[str, MetricFacts]) -> str:
    return table(
        ["metric", "unit", "meaning"], ([code(name), each.unit, each.meaning] for name, each in metrics.items())
    )
