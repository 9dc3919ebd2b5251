"""The run as a timeline in the Trace Event Format, which Perfetto opens (https://ui.perfetto.dev).

Source of the format: "Trace Event Format", a document of the Chromium project, in its JSON object form. Times are
microseconds since the beginning of the run's first frame, exact to the nanosecond.

- The parent and each worker are tracks. Frames, phases, dispatch and waiting are complete events (`X`) that nest, as
  `timeline` lays them out; `args` holds the frame's and stage's number, and a worker's other figures.
- Garbage collections, injected stalls and replacements are instant events (`i`) on their track, at the beginning of the
  frame's part that they happened in. If a run did not finish, an instant event across all tracks says how it ended.
- Each core's load in percent is a counter (`C`). A value holds from its time on: a sample covers the time since the
  sample before it. Loads that could not be measured are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from walkerbench.reports.json_text import json_part
from walkerbench.reports.timeline import Row, Span, Timeline, begin_ns, end_ns, frames_with_workers, num_workers
from walkerbench.reports.wording.subject import subject

if TYPE_CHECKING:
    from walkerbench.criteria.judging import RunState
    from walkerbench.run_directory import RecordedRun, RunFile

Event = dict[str, Any]

_PID = 1
_PARENT = 0
_EVENTS_A_PART = 8192
_NS_PER_US = 1000
_ENDINGS: Mapping[RunState, str] = {
    "emergency": "emergency shutdown",
    "interrupted": "interrupted",
    "broken": "broken",
    "running": "still running, or killed",
}
_IN_SPANS = {"frame", "stage", "worker", "start_ns", "busy_ns"}


def render(recorded: RecordedRun) -> Iterator[str]:
    """Yield the trace, in parts."""
    yield f'{{"displayTimeUnit":"ms","otherData":{json_part(_facts(recorded.run))},"traceEvents":[\n'
    trace = _Trace(recorded)
    events = chain(trace.tracks(), trace.frames(), trace.cores(), trace.ending())
    separator = ""
    while part := list(islice(events, _EVENTS_A_PART)):
        yield separator + ",\n".join(map(json_part, part))
        separator = ",\n"
    yield "\n]}\n"


def _facts(run: RunFile) -> dict[str, str]:
    facts = {
        "walkerbench": run.walkerbench_version,
        "profile": run.profile.get("name"),
        "mode": run.mode.used,
        "started_utc": run.started_utc,
        "state": run.state,
        "ended_because": run.ended_because,
        "faults": run.faults,
        "digest": run.digest,
        "same_work_not_proven": run.workload.same_work_not_proven,
    }
    return {name: str(value) for name, value in facts.items() if value is not None}


class _Trace:
    """A run's events: an iterator for each kind."""

    def __init__(self, recorded: RecordedRun) -> None:
        self._recorded = recorded
        self._timeline = Timeline(recorded.run)
        self._begin_ns = begin_ns(recorded)
        in_spans = _IN_SPANS | {f"{phase}_ns" for phase in recorded.run.workload.phases}
        self._figures = [name for name in recorded.workers.dtype.names or () if name not in in_spans]
        self._marked = recorded.run.workload.event_counters

    def tracks(self) -> Iterator[Event]:
        run = self._recorded.run
        name = f"walkerbench {subject(run)} ({run.mode.used})"
        yield {"ph": "M", "name": "process_name", "pid": _PID, "tid": _PARENT, "args": {"name": name}}
        workers = [f"worker {number}" for number in range(num_workers(self._recorded))]
        for tid, track in enumerate(["parent", *workers]):
            yield {"ph": "M", "name": "thread_name", "pid": _PID, "tid": tid, "args": {"name": track}}
            yield {"ph": "M", "name": "thread_sort_index", "pid": _PID, "tid": tid, "args": {"sort_index": tid}}

    def frames(self) -> Iterator[Event]:
        for frame, workers in frames_with_workers(self._recorded):
            yield from self._of_parent(frame, workers)
            for worker in workers:
                yield from self._of_worker(worker)

    def cores(self) -> Iterator[Event]:
        since_ns = self._begin_ns
        for sample in self._recorded.cpu:
            for core, percent in enumerate(sample["core_percent"].tolist()):
                if math.isfinite(percent):
                    yield self._event("C", f"core {core}", since_ns, _PARENT) | {"args": {"percent": percent}}
            since_ns = int(sample["time_ns"])

    def ending(self) -> Iterator[Event]:
        run = self._recorded.run
        if run.state in _ENDINGS:
            args = {"because": run.ended_because or "no reason was recorded"}
            yield self._event("i", _ENDINGS[run.state], end_ns(self._recorded), _PARENT) | {"s": "g", "args": args}

    def _of_parent(self, frame: Row, workers: Iterable[Row]) -> Iterator[Event]:
        span = self._timeline.parent(frame)
        args = {"frame": frame["frame"], "stage": frame["stage"], "warmup": int(frame["warmup"])}
        yield from self._slices(span, _PARENT, args)
        # A frame's time of garbage collection is the total; what no worker spent, the parent spent.
        gc_ns = frame["gc_ns"] - sum(worker["gc_ns"] for worker in workers)
        yield from self._collection(gc_ns, span.begin_ns, _PARENT)
        for name in self._marked:
            if frame[name] > 0:
                yield self._instant(name, span.begin_ns, _PARENT, {"count": frame[name]})

    def _of_worker(self, worker: Row) -> Iterator[Event]:
        span = self._timeline.worker(worker)
        tid = 1 + worker["worker"]
        # A figure that is not available on this system is -1.
        figures = {name: worker[name] for name in self._figures if worker[name] >= 0}
        yield from self._slices(span, tid, {"frame": worker["frame"], "stage": worker["stage"], **figures})
        yield from self._collection(worker["gc_ns"], span.begin_ns, tid)
        if self._timeline.stalls(worker):
            yield self._instant("injected stall", span.begin_ns, tid, {"frame": worker["frame"]})

    def _collection(self, gc_ns: int, at_ns: int, tid: int) -> Iterator[Event]:
        if gc_ns > 0:
            yield self._instant("garbage collection", at_ns, tid, {"gc_ns": gc_ns})

    def _slices(self, span: Span, tid: int, args: dict[str, int] | None = None) -> Iterator[Event]:
        duration_us = (span.end_ns - span.begin_ns) / _NS_PER_US
        more = {} if args is None else {"args": args}
        yield self._event("X", span.name, span.begin_ns, tid) | {"dur": duration_us} | more
        for inner in span.inside:
            yield from self._slices(inner, tid)

    def _instant(self, name: str, at_ns: int, tid: int, args: dict[str, int]) -> Event:
        return self._event("i", name, at_ns, tid) | {"s": "t", "args": args}

    def _event(self, kind: str, name: str, at_ns: int, tid: int) -> Event:
        return {"ph": kind, "name": name, "pid": _PID, "tid": tid, "ts": (at_ns - self._begin_ns) / _NS_PER_US}
