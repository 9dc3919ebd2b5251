from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from walkerbench.flamegraph import passes
from walkerbench.flamegraph.passes import FlameGraphs, SampledRun
from walkerbench.flamegraph.phase_markers import phase_markers
from walkerbench.flamegraph.stacks import Call, Track
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.reports.wording.numbers import NOT_MEASURED


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def profiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, record: Any, finished: Any) -> list[Profile]:
    """Replace the sampling by a fabricated run without a second pass; return the profiles that were requested."""
    from walkerbench.run_directory import read_recorded

    given: list[Profile] = []

    def record_flame_graphs(
        profile: Profile, command_line: Sequence[str], directory: Path, tell: Callable[[str], None]
    ) -> FlameGraphs:
        assert list(command_line) == sys.argv
        given.append(profile)
        tell("sampling")
        recorded = read_recorded(record(tmp_path / "made-up", finished))
        markers = phase_markers(["threaded"])
        run = Call(markers.run.function, markers.run.file, 50)
        track = Track("worker-0", ((run, Call("Herd.act", "herd.py", 1)),))
        return FlameGraphs(directory, SampledRun("wall", recorded, (track,), markers), None, None, "SIGTERM")

    monkeypatch.setattr(passes, "record_flame_graphs", record_flame_graphs)
    return given


def test_options_are_passed_on_to_the_run(command: Any, profiles: list[Profile]) -> None:
    command("flamegraph", "--profile", "smoke", "--mode", "threaded", "--workers", "2", "--duration", "1.5m", "-o", "x")
    command("flamegraph", "--frames", "500", "--pace", "realtime", "--seed", "3", "-o", "x")

    smoke, default = load_profile("smoke"), load_profile("default")
    assert profiles == [
        override(smoke, ProfileOverrides(mode="threaded", workers=2, duration_s=90.0)),
        override(default, ProfileOverrides(frames=500, seed=3, pace="realtime")),
    ]


def test_an_interrupted_recording_shows_what_was_sampled(command: Any, profiles: list[Profile]) -> None:
    ended = command("flamegraph", "-o", "x")

    assert ended.code == 130
    assert ended.err.splitlines() == [
        "sampling",
        "walkerbench: interrupted (SIGTERM): what was sampled is kept in x",
    ]
    lines = ended.out.splitlines()
    assert lines[0] == "INTERRUPTED (SIGTERM): shown as far as it was sampled"
    assert f"slowdown  {NOT_MEASURED} (the run was not repeated unsampled)" in lines
    assert "act       0.01" in [line.rstrip() for line in lines]
    assert any(line.split() == ["Herd.act", "herd.py", "0.003", "0.003", NOT_MEASURED] for line in lines)


def test_quiet_says_nothing_during_the_recording(command: Any, profiles: list[Profile]) -> None:
    assert "sampling" not in command("flamegraph", "-q", "-o", "x").err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "x"], "py-spy is not installed: pip install 'walkerbench[flamegraph]'"),
        ([], "Missing option '-o' / '--output'. (see `walkerbench flamegraph --help`)"),
        (["--criterion", "x", "-o", "x"], "No such option '--criterion'."),
        (["--agents", "0", "-o", "x"], "--agents: 0 is wrong; allowed: 1 to 1000000"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    command: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], message: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    ended = command("flamegraph", *arguments)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"walkerbench: {message}")
    assert ended.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
