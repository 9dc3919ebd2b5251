"""What sides leave open is found once, and remarks of their workload are told; with real sessions."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

import pytest

from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.interleaved.measurement import Measurement
from walkerbench.interleaved.round_plan import MeasurementRequest
from walkerbench.interleaved.rounds import measure
from walkerbench.interleaved.sides import parse_sides
from walkerbench.profile.loading import load_profile
from walkerbench.profile.overrides import ProfileOverrides, override

SOURCE = """
def make(one=1):
    return [one]

class Agent:
    def step(self, dt):
        raise KeyError("gone")

class Loop:
    def __init__(self, num_agents):
        self.agents = [Agent() for _ in range(num_agents)]
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sides_of_a_test.py").write_text(SOURCE)
    monkeypatch.delitem(sys.modules, "sides_of_a_test", raising=False)  # of the test before
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))


def measured(spec: str, *texts: str) -> Measurement:
    profile = override(load_profile("default"), ProfileOverrides(workload=spec, warmup=2))
    sides = [dataclasses.replace(side, code=None) for side in parse_sides(texts, profile)]
    return measure(sides, MeasurementRequest(rounds=4, block_s=0.01), DecisionRules(alpha=0.4))


def test_every_side_makes_the_calls_that_the_base_found() -> None:
    result = measured("function:sides_of_a_test:make", "mode=sequential", "mode=process")
    first, other = (side.profile["environment"] for side in result.sides)
    assert first == other
    assert first["calls_per_frame"] > 100
    assert result.did_same_work


def test_errors_of_agents_are_told_of_with_the_work() -> None:
    result = measured("agents:sides_of_a_test:Loop", "mode=sequential", "mode=threaded")
    assert result.same_work.startswith("same work not proven: agents:sides_of_a_test:Loop has agents without")
    remark = "the first of the agent_errors: agent 0 in frame 0 (sides_of_a_test.py:7): KeyError: 'gone'"
    for label in ("mode=sequential", "mode=threaded"):
        assert f"Side {label!r}, remark of the workload: {remark}." in result.same_work
