"""What is left after SIGKILL of a worker, and of the whole run."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from whole_process import WholeProcess, rows, until

from walkerbench.run_directory import ARRAYS, read_recorded

Profile = Callable[..., list[str]]

ENDLESS = 10**7
HANGING_S = 3600


@pytest.mark.promise("faults", "A worker that dies is named with its agents, frame and signal; the run ends with 3.")
def test_a_worker_killed_within_a_frame_is_named(walkerbench: WholeProcess, profile: Profile) -> None:
    # Worker 0 saves a first frame, and hangs in the second.
    arguments = profile(faults={"stall_frames": {"0": 0.6, "1": HANGING_S}})
    with walkerbench.start(*arguments, "--mode", "process", "--workers", "2", "-o", "run") as started:
        started.wait_for_line("frame 1/")
        started.wait_for_sleep()
        workers = started.workers()
        assert len(workers) == 2
        workers[0].kill()
        ended = started.end()
    message = "worker 0 (agents 0 to 5) was killed by SIGKILL (out of memory?) in frame 1"
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.splitlines()[-2:] == ["what was recorded is kept: run", f"walkerbench: {message}"]
    assert "Traceback" not in ended.err
    recorded = read_recorded(walkerbench.cwd / "run")
    assert (recorded.run.state, recorded.run.ended_because) == ("broken", f"WorkerCrashed: {message}")
    assert (len(recorded.frames), len(recorded.workers)) == (1, 2)
    shown = walkerbench("show", "run")
    assert shown.code == 0
    assert "".join(shown.out.split()).startswith("".join(f"BROKEN: WorkerCrashed: {message} (after 1 frames)".split()))


def test_a_worker_killed_while_starting_is_named(walkerbench: WholeProcess, profile: Profile) -> None:
    with walkerbench.start(*profile(), "--mode", "process", "--workers", "2", "-o", "run") as started:
        until(lambda: len(started.workers()) == 2)
        started.workers()[1].kill()
        ended = started.end()
    assert ended.code == 3
    assert ended.error.startswith("walkerbench: worker 1 (agents 6 to 11) was killed by SIGKILL (out of memory?) ")
    assert read_recorded(walkerbench.cwd / "run").run.state == "broken"


@pytest.mark.promise("kept", "A run that is killed is kept up to its last second and can be shown.")
def test_a_killed_run_is_kept_to_the_last_second_and_can_be_shown(walkerbench: WholeProcess, profile: Profile) -> None:
    # During the stall of frame 20 everything is saved; frame 21 never ends.
    arguments = profile(faults={"stall_frames": {"20": 0.6, "21": HANGING_S}}, criteria={"meals": ">= 0"})
    directory = walkerbench.cwd / "run"
    with walkerbench.start(*arguments, "-o", "run") as started:
        until(lambda: rows(directory) == 21)
        running = walkerbench("show", "run")
        started.signal(signal.SIGKILL)
        assert started.end().code == -signal.SIGKILL
    frames = np.load(directory / "frames.npy", allow_pickle=False)
    assert frames["frame"].tolist() == list(range(21))
    assert (rows(directory, "workers"), rows(directory, "digests")) == (21, 12)
    assert json.loads((directory / "run.json").read_text())["state"] == "running"
    shown = walkerbench("show", "run")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == running.out
    lines = shown.out.splitlines()
    assert "".join(lines[:2]) == (
        "UNFINISHED: still running, or killed; shown as far as it was recorded (after 21frames)"
    )
    assert "frames    11 judged, after 10 of warm-up" in lines
    assert "agents    12" in lines
    assert any(line.startswith("ai_updates ") and str(frames["ai_updates"].sum()) in line for line in lines)
    assert any(line.split() == ["meals", ">=", "0", "–", "UNSUPPORTED"] for line in lines)  # noqa: RUF001  as shown
    assert lines[-1] == "NO VERDICT: the run has no end: it is still going on, or it was killed."
    as_json = json.loads(walkerbench("show", "run", "--json").out)
    assert as_json["state"] == "running"
    assert as_json["metrics"]["frame_ms.max"] == frames["wall_ns"][10:].max() / 1e6
    assert [(point["stage"], point["frame"]) for point in as_json["checkpoints"]] == [(0, 14)]


@pytest.mark.promise("left behind", "A run that is killed leaves no worker behind.")
@pytest.mark.parametrize("mode", ["threaded", "process"])
def test_a_killed_run_leaves_no_worker(walkerbench: WholeProcess, profile: Profile, mode: str) -> None:
    directory = walkerbench.cwd / "run"
    with walkerbench.start(*profile(frames=ENDLESS), "--mode", mode, "--workers", "2", "-o", "run") as started:
        until(lambda: rows(directory) > 0)
        assert len(started.workers()) == (2 if mode == "process" else 0)
        started.process.kill()
        started.end()
    assert all_open(directory)
    shown = walkerbench("show", "run")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("UNFINISHED: ")
    assert f"mode      {mode}" in shown.out


def all_open(directory: Path) -> bool:
    arrays = [np.load(directory / f"{name}.npy", allow_pickle=False) for name in ARRAYS]
    return all(array.dtype.names for array in arrays)
