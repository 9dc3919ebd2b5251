"""Makes small recorded runs by hand: two workers and known times, written to disk and read like any other run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from recorded_runs import code_of

from walkerbench.modes.process import ProcessMode
from walkerbench.recording.cpu import cpu_dtype
from walkerbench.recording.frames import frame_dtype, worker_dtype
from walkerbench.run_directory import (
    CheckpointRecord,
    ModeRecord,
    RecordedRun,
    RunFile,
    RunWriter,
    StageRecord,
    WorkloadRecord,
    read_recorded,
)
from walkerbench.running.summary import conclude
from walkerbench.workloads.digests import digests_of, fold_digests
from walkerbench.workloads.main_phase import MainPhase

US = 1_000
AGENTS = 8
PERIOD_NS = 1_000 * US
BEGIN_NS = 5_000_000_000
WORKLOAD = WorkloadRecord(
    name="toy",
    phases=("agents", "physics"),
    main_phase=MainPhase("agents", "agent processing"),
    settle_phase="ecosystem",
    frames_per_second=60.0,
    counters=("replaced",),
    frame_counters=("replaced",),
    event_counters=("replaced",),
)
DTYPES = {
    "frames": frame_dtype(WORKLOAD.phases, WORKLOAD.settle_phase, WORKLOAD.frame_counters),
    "workers": worker_dtype(WORKLOAD.phases),
    "cpu": cpu_dtype(2),
    "digests": np.dtype([("stage", "i8"), ("frame", "i8"), ("agent", "i8"), ("bodies", "u8")]),
}


def recorded_run(directory: Path, frames: int = 3, *, warmup: int = 1, stages: int = 1, **changes: Any) -> RecordedRun:
    """Write a run, and return it as read back, concluded.

    Frame k of each stage takes 700 µs, and 10 µs more for each k up to 30, then begins again: 10 µs of dispatch, until
    650 µs (and the more) for two workers of 400 and 500 µs, 50 µs of barrier wait, 50 µs of settling.

    Args:
        directory: Must not exist.
        frames: In each stage.
        warmup: Of them.
        stages: How many.
        changes: To `run.json`.
    """
    profile = {
        "name": "toy",
        "seed": 1,
        "pace": "max",
        "warmup": warmup,
        "stages": [{"agents": AGENTS}] * stages,
        **changes.pop("profile", {}),
    }
    if profile.get("faults"):
        changes = {"faults": "those of the profile", **changes}
    run = _opening(profile)
    with RunWriter.create(directory, run, DTYPES) as writer:
        for stage in range(stages):
            for frame in range(frames):
                begin_ns = BEGIN_NS + (stage * 1000 + frame) * PERIOD_NS
                writer.append("frames", _frame(stage, frame, frame < warmup, begin_ns))
                writer.append("workers", _workers(stage, frame, begin_ns))
        if frames:
            writer.append("cpu", _samples())
            writer.append("digests", _digests(frames))
        writer.flush()
        if changes.get("state") == "running":  # a killed run has no end, so that its reader concludes it
            writer.write(run.changed(**changes))
        else:
            stopped = {"emergency_shutdowns": int(changes.get("state") == "emergency")}
            writer.write(run.changed(**{**_ending(frames, warmup, stages), **stopped, **changes}))
            writer.write(conclude(read_recorded(directory)))
    recorded = read_recorded(directory)
    return dataclasses.replace(recorded, run=conclude(recorded))


def _opening(profile: Any) -> RunFile:
    return RunFile(
        walkerbench_version="0.1.0",
        state="running",
        started_utc="2026-01-02T03:04:05.678Z",
        workload=WORKLOAD,
        mode=ModeRecord(
            requested="process",
            used="process",
            traits=ProcessMode.traits,
            fallback=None,
            workers=2,
            start_method="spawn",
            start_method_reason="clean",
        ),
        profile=profile,
        command_line=("walkerbench", "run"),
        code=code_of(None, changed_files=None),
        machine={
            "cpu_model": "Imaginary CPU 3000",
            "cores_allowed": 2,
            "cores_present": 2,
            "python": {"version": "3.11.7", "implementation": "CPython"},
            "os": "Linux",
            "load_average": [float("nan"), 0.25, 0.125],
        },
        criteria=("frame_ms.max < 0.715", "frame_ms.mean < 200", "frame_ms.p99 < 200", "physics_fps > 400"),
    )


def _ending(frames: int, warmup: int, stages: int) -> dict[str, Any]:
    return {
        "state": "finished",
        "finished_utc": "2026-01-02T03:05:05Z",
        "stages": [_stage(stage, frames, warmup) for stage in range(stages)],
        "checkpoints": _checkpoints(frames),
    }


def _stage(stage: int, frames: int, warmup: int) -> StageRecord:
    return StageRecord(
        stage=stage,
        agents=AGENTS,
        frames=frames,
        warmup=min(frames, warmup),
        workers=2,
        mode="process",
        traits=ProcessMode.traits,
        worker_pids=(),
        digest=None,
        counters={"replaced": 1},
        population={"mean_loss": None},
        metrics={},
    )


def _checkpoints(frames: int) -> list[CheckpointRecord]:
    if not frames:
        return []
    digest = fold_digests(digests_of(_digests(frames)))
    assert digest is not None
    return [CheckpointRecord(stage=0, frame=frames - 1, digest=digest.hex(), population={})]


def _digests(frames: int) -> np.ndarray:
    return _rows("digests", [{"frame": frames - 1, "agent": agent, "bodies": 10 + agent} for agent in range(AGENTS)])


def _frame(stage: int, frame: int, warmup: bool, begin_ns: int) -> np.ndarray:
    row = {
        "frame": frame,
        "stage": stage,
        "warmup": warmup,
        "start_ns": begin_ns,
        "wall_ns": (700 + 10 * (frame % 30)) * US,
        "agents_ns": 300 * US,
        "physics_ns": 150 * US,
        "ecosystem_ns": 50 * US,
        "dispatch_ns": 10 * US,
        "barrier_wait_ns": 50 * US,
        "busy_ns": 900 * US,
        "cpu_ns": 800 * US,
        "gc_ns": 7 * US if frame == 1 else 0,
        "replaced": frame == 2,
    }
    return _rows("frames", [row])


def _workers(stage: int, frame: int, begin_ns: int) -> np.ndarray:
    rows = []
    for worker, busy_us in enumerate((400, 500)):
        rows.append(
            {
                "frame": frame,
                "stage": stage,
                "worker": worker,
                "start_ns": begin_ns + 40 * US,
                "busy_ns": busy_us * US,
                "cpu_ns": 400 * US,
                "gc_ns": 5 * US if (frame, worker) == (1, 1) else 0,
                "core_wait_ns": -1 if worker else 3 * US,
                "agents_ns": (busy_us - 200) * US,
                "physics_ns": 150 * US,
            }
        )
    return _rows("workers", rows)


def _samples() -> np.ndarray:
    times = [BEGIN_NS + 250_000 * US, BEGIN_NS + 500_000 * US]
    return np.array(
        [(times[0], 0.5, 1 << 20, [50.0, 100.0]), (times[1], 0.75, 1 << 20, [float("nan"), 25.5])], DTYPES["cpu"]
    )


def _rows(array: str, rows: list[dict[str, Any]]) -> np.ndarray:
    made = np.zeros(len(rows), DTYPES[array])
    for index, row in enumerate(rows):
        for name, value in row.items():
            made[name][index] = value
    return made
