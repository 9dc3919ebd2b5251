"""Tests with real sessions: settings that sides leave open are found once, and remarks of the workload are reported."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from walkerbench.interleaved import rounds
from walkerbench.interleaved.same_work import DigestWatch
from walkerbench.interleaved.session import Place, open_sessions
from walkerbench.interleaved.sides import Side, parse_sides
from walkerbench.interleaved.worktrees import Checkout, checked_out
from walkerbench.profile.loading import load_profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.workloads.call_batches import CallSettings

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


def sides_of(spec: str, *texts: str) -> tuple[Side, ...]:
    profile = override(load_profile("default"), ProfileOverrides(workload=spec, warmup=2))
    return parse_sides(texts, profile)


def code_of(side: Side) -> Checkout:
    with checked_out(None, side.label, side.profile.code_packages()) as checkout:
        return checkout


@pytest.mark.promise("verdicts", "Where a function is measured, every side makes equally many calls of it in a frame.")
def test_every_side_makes_the_calls_that_the_base_finds() -> None:
    texts = ("mode=sequential", "mode=process", "environment.calls_per_frame=7")
    sides = sides_of("function:sides_of_a_test:make", *texts)
    found = rounds.with_found_settings(sides, [code_of(side) for side in sides], InterruptWatch())
    first, other, given = (side.profile.environment for side in found)
    assert first == other
    assert first.calls_per_frame > 100
    assert first.digest_result is True
    assert given == CallSettings(7, digest_result=True)
    assert (
        rounds.with_found_settings(found, [], InterruptWatch()) == found
    )  # no setting is open, so no session is started


def test_the_sentence_on_the_work_holds_errors_of_agents() -> None:
    (side,) = sides_of("agents:sides_of_a_test:Loop", "environment.digest_state=false")
    digests = DigestWatch(allow_different=False)
    with open_sessions([Place(side, code_of(side), 0)], InterruptWatch()) as sessions:
        digests.check(sessions)
    assert digests.sentence() == (
        "same work not proven: agents:sides_of_a_test:Loop has agents without a digested state(); "
        "side 'environment.digest_state=false', remark of the workload: the first of the agent_errors: agent 0 in "
        "frame 0 (sides_of_a_test.py:7): KeyError: 'gone'"
    )
