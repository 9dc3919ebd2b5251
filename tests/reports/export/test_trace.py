"""Reads traces with a strict reader of the Trace Event Format, and checks that the spans of any recorded run nest."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from fabricated_runs import BEGIN_NS, PERIOD_NS, recorded_run
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.reports.export import chrome_trace
from walkerbench.reports.timeline import Span, Timeline, frames_with_workers, span_names

NUMBER = {"type": "number", "minimum": 0}
COMMON = {"name": {"type": "string", "minLength": 1}, "pid": {"const": 1}, "tid": {"type": "integer", "minimum": 0}}


def event(kind: str, required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    needed = {"ph": {"const": kind}, **COMMON, **required}
    properties = {**needed, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(needed), "additionalProperties": False}


SCHEMA = {
    "type": "object",
    "properties": {
        "displayTimeUnit": {"enum": ["ms", "ns"]},
        "otherData": {"type": "object", "additionalProperties": {"type": "string"}},
        "traceEvents": {
            "type": "array",
            "items": {
                "oneOf": [
                    event("M", {"args": {"type": "object", "minProperties": 1}}),
                    event("X", {"ts": NUMBER, "dur": NUMBER}, {"args": {"type": "object"}}),
                    event("i", {"ts": NUMBER, "s": {"enum": ["g", "p", "t"]}, "args": {"type": "object"}}),
                    event("C", {"ts": NUMBER, "args": {"type": "object", "additionalProperties": NUMBER}}),
                ]
            },
        },
    },
    "required": ["traceEvents"],
    "additionalProperties": False,
}


def refuse(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def read(text: str) -> list[dict[str, Any]]:
    """Return a trace's events, after a check of the whole trace."""
    trace = json.loads(text, parse_constant=refuse)
    jsonschema.validate(trace, SCHEMA)
    events: list[dict[str, Any]] = trace["traceEvents"]
    assert_nested(events)
    return events


def assert_nested(events: list[dict[str, Any]]) -> None:
    """Check that each slice of a track lies within the open slice, or after it; in whole ns, as Perfetto counts."""
    tracks = defaultdict(list)
    for each in events:
        if each["ph"] == "X":
            begin = round(each["ts"] * 1000)
            tracks[each["tid"]].append((begin, begin + round(each["dur"] * 1000)))
    for slices in tracks.values():
        assert [begin for begin, _ in slices] == sorted(begin for begin, _ in slices)
        still_open: list[int] = []
        for begin, end in slices:
            while still_open and still_open[-1] <= begin:
                still_open.pop()
            assert not still_open or end <= still_open[-1]
            still_open.append(end)


def trace_of(tmp_path: Path, *arguments: Any, **changes: Any) -> list[dict[str, Any]]:
    return read("".join(chrome_trace.render(recorded_run(tmp_path / "run", *arguments, **changes))))


def named(events: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [each for each in events if each["name"] == name]


def test_the_parent_and_every_worker_have_a_track(tmp_path: Path) -> None:
    events = trace_of(tmp_path)
    names = {each["tid"]: each["args"]["name"] for each in named(events, "thread_name")}
    assert names == {0: "parent", 1: "worker 0", 2: "worker 1"}
    assert {each["tid"] for each in events if each["ph"] == "X"} == set(names)


def test_several_stages_and_many_parts_are_one_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chrome_trace, "_EVENTS_A_PART", 5)
    frames = [each for each in named(trace_of(tmp_path, 3, stages=2), "frame") if each["tid"] == 0]
    assert [(each["args"]["stage"], each["args"]["frame"]) for each in frames] == [
        (stage, frame) for stage in range(2) for frame in range(3)
    ]


@pytest.mark.parametrize(
    ("state", "name"),
    [("running", "still running, or killed"), ("interrupted", "interrupted"), ("broken", "broken")],
)
@pytest.mark.parametrize("frames", [0, 1])
def test_a_run_that_did_not_finish_says_so_across_all_tracks(
    tmp_path: Path, frames: int, state: str, name: str
) -> None:
    (mark,) = named(trace_of(tmp_path, frames, state=state, ended_because="it \x00 happened"), name)
    assert (mark["s"], mark["args"]["because"]) == ("g", "it \x00 happened")
    assert mark["ts"] == 700.0 * frames


def test_a_finished_run_has_no_mark_of_its_end(tmp_path: Path) -> None:
    assert not [each for each in trace_of(tmp_path) if each.get("s") == "g"]


def test_what_was_not_measured_is_left_out(tmp_path: Path) -> None:
    events = trace_of(tmp_path)
    assert [("core_wait_ns" in each["args"]) for each in named(events, "frame") if each["tid"]] == [True, False] * 3
    assert [(each["ts"], each["args"]["percent"]) for each in named(events, "core 0")] == [(0.0, 50.0)]


def test_a_run_without_frames_begins_with_its_samples(tmp_path: Path) -> None:
    recorded = recorded_run(tmp_path / "run", state="broken", ended_because="worker 0 hung")
    lost = replace(recorded, frames=recorded.frames[:0], workers=recorded.workers[:0])
    events = read("".join(chrome_trace.render(lost)))
    assert [each["ts"] for each in named(events, "core 1")] == [0.0, 0.0]
    assert [each["ts"] for each in named(events, "broken")] == [250_000.0]


def test_frames_without_workers_rows_are_shown(tmp_path: Path) -> None:
    recorded = recorded_run(tmp_path / "run")
    object.__setattr__(recorded, "workers", recorded.workers[:2])
    assert [len(workers) for _, workers in frames_with_workers(recorded)] == [2, 0, 0]
    assert len(named(read("".join(chrome_trace.render(recorded))), "ecosystem")) == 3


durations = st.integers(-5, 5 * PERIOD_NS)


@given(st.data())
def test_spans_of_any_recorded_frame_nest(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    run = RUN.setdefault("run", recorded_run(tmp_path_factory.mktemp("nests") / "run", profile=STALLING)).run
    timeline = Timeline(run)
    names = ("wall_ns", "dispatch_ns", "barrier_wait_ns", "ecosystem_ns", "busy_ns", "agents_ns", "physics_ns")
    row = {name: data.draw(durations, label=name) for name in names}
    row |= {"start_ns": BEGIN_NS, "frame": data.draw(st.integers(0, 1)), "worker": data.draw(st.integers(0, 1))}
    for span in (timeline.parent(row), timeline.worker(row)):
        assert span.name in span_names(run.workload)
        assert span.end_ns >= span.begin_ns
        assert_inside(span)


STALLING = {"faults": {"stall_frames": {"1": 0.001}, "extra_work_percent": 10}}
RUN: dict[str, Any] = {}


def assert_inside(span: Span) -> None:
    edges = [span.begin_ns, *(edge for inner in span.inside for edge in (inner.begin_ns, inner.end_ns)), span.end_ns]
    assert edges == sorted(edges)
    for inner in span.inside:
        assert inner.end_ns > inner.begin_ns
        assert_inside(inner)


def test_a_stall_comes_before_the_phases_and_extra_work_after_them(tmp_path: Path) -> None:
    timeline = Timeline(recorded_run(tmp_path / "run", profile=STALLING).run)
    row = {"start_ns": 0, "busy_ns": 1330, "agents_ns": 200, "physics_ns": 100, "frame": 1, "worker": 0}
    assert [tuple(inner) for inner in timeline.worker(row).inside] == [
        ("stall", 0, 1000, ()),
        ("agents", 1000, 1200, ()),
        ("physics", 1200, 1300, ()),
    ]
    assert [inner.name for inner in timeline.worker({**row, "worker": 1}).inside] == ["agents", "physics"]


def test_the_reader_is_strict() -> None:
    slices = [{"ph": "X", "tid": 0, "ts": ts, "dur": 10.0} for ts in (0.0, 5.0)]
    with pytest.raises(AssertionError):
        assert_nested(slices)
    with pytest.raises(jsonschema.ValidationError):
        read('{"traceEvents": [{"ph": "X", "name": "a", "pid": 1, "tid": 0, "ts": 1}]}')
    with pytest.raises(AssertionError, match="NaN is no JSON"):
        read('{"traceEvents": NaN}')


def test_times_are_exact_to_the_nanosecond_after_days(tmp_path: Path) -> None:
    recorded = recorded_run(tmp_path / "run")
    frames = np.array(recorded.frames)
    frames["start_ns"][2] += 30 * 86_400 * 10**9 + 1
    object.__setattr__(recorded, "frames", frames)
    last = [each for each in named(read("".join(chrome_trace.render(recorded))), "frame") if each["tid"] == 0][-1]
    assert last["ts"] == 30 * 86_400 * 10**6 + 2000.001
