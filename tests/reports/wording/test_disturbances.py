"""What disturbed a run, in words."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from comparisons import FINISHED

from walkerbench.recording.instrumentation import instrumentation_facts
from walkerbench.reports.wording.disturbances import disturbed_in_words

PLAIN = {**instrumentation_facts(), "tracers": [], "profilers": [], "monitoring_tools": [], "tracemalloc_frames": 0,
         "allocator": None, "preloaded": {}, "dev_mode": False, "debug_build": False,
         "perf_trampoline": False}  # fmt: skip


def words(others: float | None = 0.02, share: float | None = 0.001, facts: Any = PLAIN, own: float | None = 1.0) -> str:
    assert FINISHED.attribution is not None
    kept = [each for each in FINISHED.attribution.shares if each.part != "not scheduled"]
    shares = [*map(dataclasses.asdict, kept), {"part": "not scheduled", "share": share, "upper_bound": False}]
    return disturbed_in_words(
        FINISHED.changed(
            metrics={**FINISHED.metrics, "cpu.other_cores": others, "cpu.effective_cores": own},
            machine={**FINISHED.machine, "cores_present": 2, **({} if facts is None else {"instrumentation": facts})},
            attribution={**dataclasses.asdict(FINISHED.attribution), "shares": shares},
        )
    )


def test_an_undisturbed_run_gives_the_figures_that_show_it() -> None:
    assert words() == (
        "nothing: other programs kept 0.02 of 2 cores busy, not scheduled by the host for 0.1 % of the time"
    )


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"others": 0.5}, "other programs kept 0.50 of 2 cores busy; see `walkerbench doctor`"),
        ({"others": 0.9}, "other programs kept 0.90 of 2 cores busy, and no core was idle; see `walkerbench doctor`"),
        ({"share": 0.25}, "not scheduled by the host for 25.0 % of the time; see `walkerbench doctor`"),
        ({"facts": {**PLAIN, "tracers": ["coverage.Tracer"], "dev_mode": True}},
         "the interpreter was slowed: traced by coverage.Tracer, development mode (-X dev); see `walkerbench doctor`"),
        ({"others": 0.5, "share": 0.25}, "other programs kept 0.50 of 2 cores busy; "
         "not scheduled by the host for 25.0 % of the time; see `walkerbench doctor`"),
    ],
)  # fmt: skip
def test_a_disturbed_run_says_by_what(given: dict[str, Any], found: str) -> None:
    assert words(**given) == found


@pytest.mark.parametrize(
    ("given", "unknown"),
    [
        ({"others": None}, "load by other programs n/a"),
        ({"share": None}, "not scheduled by the host n/a"),
        ({"facts": None}, "slowed interpreter n/a"),
        ({"facts": {"tracers": 5}}, "slowed interpreter n/a"),
        ({"facts": "n/a"}, "slowed interpreter n/a"),
    ],
)
def test_what_is_not_known_is_no_proof_of_quiet(given: dict[str, Any], unknown: str) -> None:
    told = words(**given)
    assert told.startswith("nothing that was measured: ")
    assert unknown in told
    assert f"; {unknown}; see" in words(**{"others": 1.5, **given}) or "others" in given
