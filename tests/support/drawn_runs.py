"""Makes runs in memory that were never run, for tests of what draws runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from recorded_runs import code_of

from walkerbench.criteria.judging import RunState
from walkerbench.modes.process import ProcessMode
from walkerbench.recording.cpu import cpu_dtype
from walkerbench.recording.frames import frame_dtype, worker_dtype
from walkerbench.run_directory import CheckpointRecord, ModeRecord, RecordedRun, RunFile, StageRecord, WorkloadRecord
from walkerbench.running.run_recorder import digest_dtype
from walkerbench.running.summary import conclude
from walkerbench.workloads.main_phase import MainPhase

MS = 1_000_000
PHASES = ("think", "move")
CRITERIA = ("frame_ms.max < 50", "physics_fps > 1")


def drawn_run(
    wall_ms: Any, *, warmup: int = 0, workers: int = 2, samples: int = 8, state: RunState = "finished", **changes: Any
) -> RecordedRun:
    """Return a concluded run of one stage.

    Args:
        wall_ms: `(frames,)`; each worker's phases take a quarter of it, settling a tenth.
        warmup: How many of the frames are warm-up.
        workers: How many.
        samples: How many samples of two cores, four a second.
        state: The run's state.
        changes: Fields of `run.json` that differ; those that conclude it are computed.
    """
    frames = _frames(np.asarray(wall_ms, np.float64), warmup)
    cpu = np.zeros(samples, cpu_dtype(2))
    cpu["time_ns"] = np.arange(samples) * 250 * MS
    cpu["core_percent"] = np.stack([np.linspace(0, 100, samples), np.full(samples, 50.0)], axis=1)
    digests = np.zeros(0, digest_dtype(("bodies",)))
    run = _run_file(len(frames), warmup, workers, state).changed(**changes)
    recorded = RecordedRun(Path("runs/drawn"), run, frames, _workers(frames, workers), cpu, digests)
    concluded = conclude(recorded).changed(**{"digest": "ab" * 32, **changes})
    return RecordedRun(recorded.directory, concluded, frames, recorded.workers, cpu, digests)


def lengthened(run: RecordedRun, wall_ms: Any) -> RecordedRun:
    """Return the run with other frames, of one worker; not concluded again, because that takes longer than drawing."""
    frames = _frames(np.asarray(wall_ms, np.float64), 0)
    return replace(run, frames=frames, workers=_workers(frames, 1))


def _frames(wall_ms: Any, warmup: int) -> Any:
    frames = np.zeros(len(wall_ms), frame_dtype(PHASES, "settle", ("count",)))
    wall_ns = (wall_ms * MS).astype(np.int64)
    frames["frame"] = np.arange(len(frames))
    frames["warmup"][:warmup] = 1
    frames["wall_ns"] = wall_ns
    frames["start_ns"] = np.cumsum(wall_ns) - wall_ns
    for phase in PHASES:
        frames[f"{phase}_ns"] = wall_ns // 4
    frames["settle_ns"] = wall_ns // 10
    frames["dispatch_ns"] = wall_ns // 100
    return frames


def _workers(frames: Any, workers: int) -> Any:
    rows = np.zeros(len(frames) * workers, worker_dtype(PHASES))
    whole = np.repeat(frames, workers)
    rows["frame"] = whole["frame"]
    rows["worker"] = np.tile(np.arange(workers), len(frames))
    rows["start_ns"] = whole["start_ns"] + whole["dispatch_ns"]
    rows["busy_ns"] = whole["wall_ns"] * 8 // 10
    for phase in PHASES:
        rows[f"{phase}_ns"] = whole[f"{phase}_ns"]
    return rows


def _run_file(frames: int, warmup: int, workers: int, state: RunState) -> RunFile:
    points = [
        CheckpointRecord(stage=0, frame=frame, digest="ab", population={"best_m": frame / 10, "loss": None})
        for frame in range(9, frames, max(10, frames // 50))
    ]
    stage = StageRecord(
        stage=0, agents=4, frames=frames, warmup=warmup, workers=workers, mode="process",
        traits=ProcessMode.traits, worker_pids=(), digest=None,
        counters={"count": 0}, population={}, metrics={},
    )  # fmt: skip
    profile: Any = {"name": "tiny", "source": "built in", "seed": 1, "pace": "max", "stages": [{"agents": 4}]}
    return RunFile(
        walkerbench_version="0.1.0",
        state=state,
        started_utc="2026-01-02T03:04:05Z",
        workload=WorkloadRecord(
            name="toy", phases=PHASES, main_phase=MainPhase("think", "thinking"), settle_phase="settle",
            frames_per_second=60.0, counters=("count",), frame_counters=("count",), event_counters=()
        ),
        mode=ModeRecord(
            requested="process", used="process", traits=ProcessMode.traits, fallback=None, workers=workers,
            start_method="spawn",
            start_method_reason=None,
        ),
        profile=profile,
        command_line=("walkerbench", "run"),
        code=code_of(None, changed_files=None),
        machine={"cpu_model": "Imaginary CPU 3000", "python": {"version": "3.11.7"}, "load_average": [0.5, 0.25]},
        criteria=CRITERIA,
        stages=(stage,),
        checkpoints=tuple(points),
    )  # fmt: skip
