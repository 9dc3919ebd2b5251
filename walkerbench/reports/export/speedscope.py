"""The run as flame graphs of phases, for speedscope (https://www.speedscope.app).

Source of the format: speedscope's `file-format-spec.ts` and its schema, https://www.speedscope.app/file-format-schema.json.
The parent and each worker are evented profiles of one file, in nanoseconds from the beginning of the run's first frame;
`timeline` defines which span lies within which.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from walkerbench.errors import RunFileError
from walkerbench.reports.json_text import json_part
from walkerbench.reports.timeline import (
    Span,
    Timeline,
    begin_ns,
    frames_with_workers,
    num_workers,
    rows_of_worker,
    span_names,
)
from walkerbench.reports.wording.subject import subject

if TYPE_CHECKING:
    from walkerbench.run_directory import RecordedRun, RunFile

SCHEMA = "https://www.speedscope.app/file-format-schema.json"
"""The schema that a file of this format names."""

_SPANS_A_PART = 2048


def render(recorded: RecordedRun) -> Iterator[str]:
    """Yield the file, in parts.

    Raises:
        RunFileError: No frame was recorded, and speedscope opens no file without a profile.
    """
    if not len(recorded.frames):
        raise RunFileError(f"{recorded.directory}: no frame was recorded, so speedscope has nothing to show")
    names = span_names(recorded.run.workload)
    head = {
        "$schema": SCHEMA,
        "exporter": f"walkerbench {recorded.run.walkerbench_version}",
        "name": _title(recorded.run),
        "shared": {"frames": [{"name": name} for name in names]},
    }
    yield f'{json_part(head)[:-1]},"profiles":[\n'
    yield from _profile("parent", _parent_spans(recorded), names, recorded)
    for worker in range(num_workers(recorded)):
        yield ",\n"
        yield from _profile(f"worker {worker}", _worker_spans(recorded, worker), names, recorded)
    yield "\n]}\n"


def _title(run: RunFile) -> str:
    parts = [f"walkerbench {subject(run)} ({run.mode.used})"]
    if run.state != "finished":
        parts.append(f"run {run.state}")
    if run.faults:
        parts.append(f"faults injected: {run.faults}")
    return ", ".join(parts)


def _parent_spans(recorded: RecordedRun) -> Iterator[Span]:
    timeline = Timeline(recorded.run)
    return (timeline.parent(frame) for frame, _ in frames_with_workers(recorded))


def _worker_spans(recorded: RecordedRun, number: int) -> Iterator[Span]:
    timeline = Timeline(recorded.run)
    return (timeline.worker(row) for row in rows_of_worker(recorded, number))


def _profile(name: str, spans: Iterator[Span], names: tuple[str, ...], recorded: RecordedRun) -> Iterator[str]:
    first_ns = begin_ns(recorded)
    number = {name: place for place, name in enumerate(names)}
    yield f'{{"type":"evented","name":{json_part(name)},"unit":"nanoseconds","startValue":0,"events":[\n'
    end_ns, separator = first_ns, ""
    while part := list(islice(spans, _SPANS_A_PART)):
        events = [event for span in part for event in _events(span, number, first_ns)]
        yield separator + ",\n".join(map(json_part, events))
        end_ns, separator = part[-1].end_ns, ",\n"
    yield f'\n],"endValue":{end_ns - first_ns}}}'


def _events(span: Span, number: dict[str, int], first_ns: int) -> Iterator[dict[str, Any]]:
    frame = number[span.name]
    yield {"type": "O", "frame": frame, "at": span.begin_ns - first_ns}
    for inner in span.inside:
        yield from _events(inner, number, first_ns)
    yield {"type": "C", "frame": frame, "at": span.end_ns - first_ns}
