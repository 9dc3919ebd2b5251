"""A run is controlled from another thread, and the switches are recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_profile import profile_text

from walkerbench.errors import CallOrderError, UsageError
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Pace, Stage
from walkerbench.recording.frames import FrameTiming
from walkerbench.run_directory import RunFile, SwitchRecord
from walkerbench.running.observers import RunObserver, StageView
from walkerbench.running.run_control import RunControl
from walkerbench.running.runner import run
from walkerbench.running.summary import read_concluded


class AtFrames(RunObserver):
    """Calls a function after a frame of a stage, as another thread would between two frames."""

    def __init__(self, acts: dict[tuple[int, int], Callable[[], Any]]) -> None:
        self.acts = acts

    def frame(self, stage: StageView, timing: FrameTiming) -> None:
        self.acts.get((stage.number, timing.frame), int)()


def controlled(
    tmp_path: Path, control: RunControl, acts: dict[tuple[int, int], Callable[[], Any]], pace: Pace | None = None
) -> RunFile:
    path = tmp_path / "tiny.toml"
    path.write_text(profile_text(mode="threaded", workers=2, warmup=2))
    profile = replace(load_profile(str(path)), stages=(Stage(agents=8, duration_s=3600.0, pace=pace),))
    directory = run(profile, output=tmp_path / "run", command_line=(), observers=(AtFrames(acts),), control=control)
    return read_concluded(directory).run


def test_a_run_goes_on_with_other_agents_and_ends(tmp_path: Path) -> None:
    control = RunControl()
    recorded = controlled(tmp_path, control, {(0, 9): lambda: control.restart(12), (1, 19): control.stop})
    assert (recorded.state, recorded.ended_because) == ("finished", None)
    assert [(stage.agents, stage.frames) for stage in recorded.stages] == [(8, 10), (12, 20)]
    assert [(stage["agents"], stage["frames"]) for stage in recorded.profile["stages"]] == [(8, 10), (12, 20)]


def test_a_stage_that_is_ended_keeps_its_pace(tmp_path: Path) -> None:
    control = RunControl()
    acts = {(0, 3): lambda: control.restart(12), (1, 3): control.stop}
    recorded = controlled(tmp_path, control, acts, pace="realtime")
    assert recorded.profile["pace"] == "max"
    assert recorded.paces == ("realtime", "realtime")


def test_toggling_is_recorded_and_kept_in_the_next_stage(tmp_path: Path) -> None:
    control = RunControl()
    acts = {
        (0, 3): control.toggle_threading,
        (0, 5): lambda: control.change_pace("realtime"),
        (0, 9): lambda: control.restart(8),
        (1, 9): control.stop,
    }
    recorded = controlled(tmp_path, control, acts)
    first, second = recorded.stages
    assert (first.mode, second.mode) == ("sequential", "sequential")
    assert first.switches == (SwitchRecord(frame=4, mode="sequential"), SwitchRecord(frame=6, pace="realtime"))
    assert second.switches == (SwitchRecord(frame=0, mode="sequential"),)
    assert first.digest == second.digest  # both stages ran the same ten frames
    assert recorded.attribution is None


def test_agents_that_cannot_be_run_are_refused_and_the_stage_goes_on(tmp_path: Path) -> None:
    control, refused = RunControl(), []

    def ask() -> None:
        with pytest.raises(UsageError, match=r"^0 agents: give at least 1"):
            control.restart(0)
        refused.append(control.end)

    recorded = controlled(tmp_path, control, {(0, 3): ask, (0, 9): control.stop})
    assert refused == [None]
    assert [stage.frames for stage in recorded.stages] == [10]


def test_a_run_that_has_not_begun_refuses_every_change() -> None:
    control = RunControl()
    for ask in (control.toggle_threading, control.environment, lambda: control.restart(3)):
        with pytest.raises(CallOrderError, match=r"^the run has no current stage"):
            ask()
