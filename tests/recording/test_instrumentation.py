"""Settings that slow an interpreter are recorded, in this process and in fresh ones."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from typing import Any

import pytest

from walkerbench.recording.instrumentation import instrumentation_facts, slowed_by

PLAIN = {
    "tracers": [],
    "profilers": [],
    "monitoring_tools": [],
    "tracemalloc_frames": 0,
    "allocator": None,
    "preloaded": {},
    "dev_mode": False,
    "debug_build": False,
    "perf_trampoline": False,
    "optimize": 0,
    "switch_interval_s": 0.005,
}
TELL = """
import json
from walkerbench.recording.instrumentation import instrumentation_facts
print(json.dumps(instrumentation_facts()))
"""


def fresh(*options: str, **variables: str) -> dict[str, Any]:
    """Return the facts of an interpreter with these options and variables."""
    command = [sys.executable, *options, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{TELL}"]
    told = subprocess.run(command, env={"PYTHONWARNINGS": "ignore", **variables}, capture_output=True, check=True)
    return dict(json.loads(told.stdout))


def test_a_plain_interpreter_has_no_instrumentation() -> None:
    assert fresh() == PLAIN
    assert slowed_by(PLAIN) == []


@pytest.mark.parametrize(
    ("options", "variables", "changed", "words"),
    [
        (["-X", "dev"], {}, {"dev_mode": True}, ["development mode (-X dev)"]),
        (["-OO"], {}, {"optimize": 2}, []),
        (["-X", "tracemalloc=3"], {}, {"tracemalloc_frames": 3}, ["tracemalloc is on"]),
        ([], {"PYTHONTRACEMALLOC": "1"}, {"tracemalloc_frames": 1}, ["tracemalloc is on"]),
        ([], {"PYTHONMALLOC": "debug"}, {"allocator": "debug"}, ["PYTHONMALLOC=debug"]),
        (["-E"], {"PYTHONMALLOC": "debug"}, {}, []),
        ([], {"MALLOC_PERTURB_": "7"}, {"preloaded": {"MALLOC_PERTURB_": "7"}}, ["MALLOC_PERTURB_=7"]),
    ],
)
def test_options_and_variables_are_recorded(
    options: list[str], variables: dict[str, str], changed: dict[str, Any], words: list[str]
) -> None:
    found = fresh(*options, **variables)
    assert found == PLAIN | changed
    assert slowed_by(found) == words


def tracer(*_: object) -> None:
    return None


def test_a_tracer_and_a_profiler_are_named() -> None:
    tracing, profiling = sys.gettrace(), sys.getprofile()
    sys.settrace(tracer)
    sys.setprofile(tracer)
    try:
        found = instrumentation_facts()
    finally:
        sys.settrace(tracing)
        sys.setprofile(profiling)
    assert found["tracers"] == found["profilers"] == ["builtins.tracer"]
    assert slowed_by(PLAIN | {"tracers": ["a.B"], "profilers": ["c.d"], "monitoring_tools": ["coverage"]}) == [
        "traced by a.B",
        "profiled by c.d",
        "monitored by coverage",
    ]


def test_tracemalloc_started_later_is_noticed() -> None:
    tracemalloc.start(2)
    try:
        assert instrumentation_facts()["tracemalloc_frames"] == 2
    finally:
        tracemalloc.stop()


def test_monitoring_tools_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Monitoring:
        @staticmethod
        def get_tool(number: int) -> str | None:
            return "coverage" if number == 1 else None

    monkeypatch.setattr(sys, "monitoring", Monitoring, raising=False)
    assert instrumentation_facts()["monitoring_tools"] == ["coverage"]
