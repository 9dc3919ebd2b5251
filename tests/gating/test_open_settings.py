"""Tests that a gate against recorded runs measures with the settings that were found for these runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from walkerbench.comparison.decision_rules import DEFAULT_RULES
from walkerbench.gating.against_baseline import gate_against_baseline
from walkerbench.gating.candidate import GateCandidate
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.running import runner
from walkerbench.running.found_settings import with_settings
from walkerbench.running.summary import read_concluded
from walkerbench.workloads.call_batches import CallSettings


class RecordRequested(Exception):
    """Raised in place of the candidate's first run; holds that run's profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile


def test_the_candidate_makes_the_calls_of_the_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gated_function.py").write_text("def one():\n    return 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    changes = ProfileOverrides(workload="function:gated_function:one", frames=3, warmup=1)
    profile = override(load_profile("default"), changes)
    assert profile.environment == CallSettings()
    known = with_settings(profile, {"calls_per_frame": 3, "digest_result": True})
    base = read_concluded(runner.run(known, output=tmp_path / "base", command_line=[]))

    def record(candidate: GateCandidate, numbers: range, total: int) -> None:
        raise RecordRequested(candidate.profile)

    monkeypatch.setattr(GateCandidate, "record", record)
    with pytest.raises(RecordRequested) as caught:
        gate_against_baseline([base] * 5, GateCandidate(profile, (), None), DEFAULT_RULES)
    assert caught.value.profile.environment == CallSettings(3, digest_result=True)
