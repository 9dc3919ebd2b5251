from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from walkerbench.criteria.judging import Verdict
from walkerbench.modes.sequential import SequentialMode
from walkerbench.recording.code_facts import CodeFacts, WalkerbenchCode, WorkloadCode
from walkerbench.recording.cpu import cpu_dtype
from walkerbench.recording.frames import frame_dtype, worker_dtype
from walkerbench.run_directory import CheckpointRecord, ModeRecord, RunFile, RunWriter, StageRecord, WorkloadRecord
from walkerbench.workloads.main_phase import MainPhase

DTYPES = {
    "frames": frame_dtype(("agents",), "settle", ("count",)),
    "workers": worker_dtype(("agents",)),
    "cpu": cpu_dtype(2),
    "digests": np.dtype([("stage", np.int64), ("frame", np.int64), ("agent", np.int64), ("digest", np.uint64)]),
}
AGENTS = 4
PROFILE: Any = {"name": "default", "agents": 4, "criteria": ["physics_fps > 400"]}

NOT_KNOWN: dict[str, Any] = dict.fromkeys(("folder", "revision", "changed_files", "digest", "git_error"))


def begun() -> RunFile:
    return RunFile(
        walkerbench_version="0.1.0",
        state="running",
        started_utc="2026-01-02T03:04:05.678Z",
        workload=WorkloadRecord(
            name="toy",
            phases=("agents",),
            main_phase=MainPhase("agents", "agent processing"),
            settle_phase="settle",
            frames_per_second=60.0,
            counters=("count", "rare"),
            frame_counters=("count",),
            event_counters=(),
        ),
        mode=ModeRecord(
            requested="threaded",
            used="sequential",
            traits=SequentialMode.traits,
            fallback="4 agents or fewer",
            workers=1,
            start_method=None,
            start_method_reason=None,
        ),
        profile=PROFILE,
        command_line=("walkerbench", "run"),
        code=CodeFacts(
            walkerbench=WalkerbenchCode(version="0.1.0", **NOT_KNOWN),
            workload=WorkloadCode(module="toy", **NOT_KNOWN),
        ),
        machine={"cpu_model": "n/a", "cpu_quota": None, "load_average": [0.5, 0.25, 0.125]},
        criteria=("physics_fps > 400",),
    )


def ended() -> RunFile:
    return begun().changed(
        state="emergency",
        ended_because="10 frames in a row took longer than 2 s",
        finished_utc="2026-01-02T03:05:05Z",
        stages=[
            StageRecord(
                stage=0,
                agents=4,
                frames=3,
                warmup=1,
                workers=1,
                mode="sequential",
                traits=SequentialMode.traits,
                worker_pids=(),
                digest="00ff",
                counters={"count": 6},
                population={"loss": float("nan")},
                metrics={"physics_fps": 500, "frame_ms.p99": None},
            )
        ],
        metrics={"physics_fps": 500.25, "frame_ms.p99": None},
        unmeasured={"frame_ms.p99": "p99 needs 100 judged frames, there are 2"},
        counters={"count": 6, "rare": 0},
        emergency_shutdowns=1,
        checkpoints=[CheckpointRecord(stage=0, frame=2, digest="0a", population={"best_m": 1.5})],
        digest="ff00",
        verdicts=[Verdict(criterion="physics_fps > 400", stage=None, value=500.25, outcome="pass", detail="500.25")],
        faults="a stall of 0.25 s in frame 1",
    )


def rows(array: str, *firsts: int) -> np.ndarray:
    """Return rows of frames or checkpoints with these numbers, or samples at these times; values differ by row."""
    number, value = {
        "frames": ("frame", "start_ns"),
        "workers": ("frame", "start_ns"),
        "cpu": ("time_ns", "tree_cpu_s"),
        "digests": ("frame", "digest"),
    }[array]
    made = np.zeros(len(firsts), DTYPES[array])
    made[number] = firsts
    made[value] = [first + 1000 for first in firsts]
    return made


def append_frames(recording: RunWriter, *frames: int) -> None:
    """Append frames of one worker, as the recorder does: to both arrays."""
    for array in ("frames", "workers"):
        recording.append(array, rows(array, *frames))


def checkpoint(frame: int) -> np.ndarray:
    """Return the digests of every agent at the end of a frame."""
    made = rows("digests", *[frame] * AGENTS)
    made["agent"] = range(AGENTS)
    return made


@pytest.fixture
def run_path(tmp_path: Path) -> Any:
    """Write a complete run: three frames of one worker, one checkpoint, no CPU samples."""
    path = tmp_path / "whole"
    with RunWriter.create(path, begun(), DTYPES) as recording:
        append_frames(recording, 0, 1, 2)
        recording.append("digests", checkpoint(2))
        recording.write(ended())
    return path


@pytest.fixture(scope="session")
def toy() -> SimpleNamespace:
    """A small run: its run.json at the start and at the end, its arrays' dtypes, and rows for them."""
    return SimpleNamespace(
        begun=begun, ended=ended, rows=rows, append_frames=append_frames, checkpoint=checkpoint, dtypes=DTYPES
    )
