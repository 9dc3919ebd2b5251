"""Makes recorded runs that were never run, for tests of what compares recordings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.criteria.statistics import STATISTICS
from walkerbench.modes.registry import MODES
from walkerbench.recording.code_facts import CodeFacts, WalkerbenchCode, WorkloadCode
from walkerbench.recording.cpu import cpu_dtype
from walkerbench.recording.frames import frame_dtype, worker_dtype
from walkerbench.run_directory import (
    ARRAYS,
    CheckpointRecord,
    ModeRecord,
    RecordedRun,
    RunFile,
    RunWriter,
    StageRecord,
    WorkloadRecord,
)
from walkerbench.running.run_recorder import digest_dtype
from walkerbench.running.summary import conclude
from walkerbench.workloads.digests import digests_at, fold_digests
from walkerbench.workloads.main_phase import MainPhase

DTYPES = {
    "frames": frame_dtype(("agents",), "settle", ("count",)),
    "workers": worker_dtype(("agents",)),
    "cpu": cpu_dtype(2),
    "digests": digest_dtype(("bodies", "brain")),
}
AGENTS, FRAMES, WARMUP = 3, 40, 10


def run_file(
    name: str,
    *,
    frame_ms: float = 2.0,
    mode: str = "sequential",
    workers: int = 1,
    profile: dict[str, Any] | None = None,
    machine: dict[str, Any] | None = None,
    **changes: Any,
) -> RunFile:
    """Return the `run.json` of a finished run.

    Args:
        name: Digits; they make the run's second, so that names sort by age.
        frame_ms: Mean of its judged frames.
        mode: The mode used.
        workers: How many.
        profile: Keys of the profile that differ.
        machine: Facts of the machine that differ.
        changes: Other fields of the file.
    """
    metrics = {f"{metric}.{each}": frame_ms for metric in ("frame_ms", "agent_processing_ms") for each in STATISTICS}
    run = RunFile(
        walkerbench_version="0.1.0",
        state="finished",
        started_utc=f"2026-01-02T03:04:{int(name):02}Z",
        workload=WorkloadRecord(
            name="toy",
            phases=("agents",),
            main_phase=MainPhase("agents", "agent processing"),
            settle_phase="settle",
            frames_per_second=60.0,
            counters=("count",),
            frame_counters=("count",),
            event_counters=(),
        ),
        mode=ModeRecord(
            requested=mode,
            used=mode,
            traits=MODES.find(mode).traits,
            fallback=None,
            workers=workers,
            start_method="spawn" if mode == "process" else None,
            start_method_reason=None,
        ),
        profile={
            "name": "tiny",
            "mode": mode,
            "workers": workers,
            "seed": 1,
            "pace": "max",
            "checkpoint_every": 20,
            "environment": {"physics": {"gravity": -9.8}},
            **(profile or {}),  # type: ignore[typeddict-item]
        },
        command_line=("walkerbench", "run"),
        code=code_of(),
        machine={
            "cpu_model": "Imaginary CPU 3000",
            "cores_allowed": 2,
            "cpu_quota": None,
            "python": {"version": "3.11.7", "gil_enabled": True},
            "instrumentation": {"tracers": [], "optimize": 0},
            "start_method": "spawn" if mode == "process" else None,
            "blas": [{"internal_api": "openblas", "num_threads": 1}],
            "packages": {"numpy": "2.0.0"},
            **(machine or {}),  # type: ignore[typeddict-item]
        },
        stages=(stage(workers=workers, mode=mode, traits=MODES.find(mode).traits),),
        metrics={**metrics, "physics_fps": 1000 / frame_ms, "cpu.effective_cores": 1.0},
        checkpoints=tuple(CheckpointRecord(stage=0, frame=frame, digest="0a", population={}) for frame in (19, 39)),
        digest="00ff",
        criteria=(),
    )
    return run.changed(**changes)


def code_of(
    revision: str | None = "0123456789abcdef",
    *,
    changed_files: bool | None = False,
    version: str = "0.1.0",
    digest: str | None = None,
) -> CodeFacts:
    """Return the record of code from one repository that holds walkerbench and the workload."""
    known: dict[str, Any] = {
        "folder": None,
        "revision": revision,
        "changed_files": changed_files,
        "digest": digest,
        "git_error": None,
    }
    return CodeFacts(
        walkerbench=WalkerbenchCode(version=version, **known),
        workload=WorkloadCode(module="toy", **known),
    )


def stage(number: int = 0, **changes: Any) -> StageRecord:
    """Return the record of a stage."""
    fields: dict[str, Any] = {
        "stage": number,
        "agents": AGENTS,
        "frames": FRAMES,
        "warmup": WARMUP,
        "workers": 1,
        "digest": None,
    }
    fields |= {"mode": "sequential", "traits": MODES.find("sequential").traits, "worker_pids": ()}
    return StageRecord(**{**fields, "counters": {}, "population": {}, "metrics": {}, **changes})


def digests(**changed: tuple[int, int]) -> np.ndarray:
    """Return the digests of every agent at two checkpoints; every call returns the same.

    Args:
        changed: Digest field → `(frame, agent)` from which on it is another.
    """
    moments = [(0, frame, agent) for frame in (19, 39) for agent in range(AGENTS)]
    rows = np.zeros(len(moments), DTYPES["digests"])
    for number, moment in enumerate(moments):
        rows[number] = (*moment, 7 + number, 70 + number)
        for field, since in changed.items():
            rows[number][field] += int(moment[1:] >= since)
    return rows


def recorded(name: str, run: RunFile | None = None, rows: np.ndarray | None = None, **changes: Any) -> RecordedRun:
    """Return a run in memory; `changes` as in `run_file`."""
    run = run or run_file(name, **changes)
    arrays = {each: np.zeros(count, DTYPES[each]) for each, count in row_counts(run).items()}
    return RecordedRun(Path(name), run, **arrays, digests=digests() if rows is None else rows)


def row_counts(run: RunFile) -> dict[str, int]:
    """Return how many rows each array of a run has, except its digests."""
    frames = sum(each.frames for each in run.stages)
    return {"frames": frames, "workers": sum(each.frames * each.workers for each in run.stages), "cpu": 0}


def write(directory: Path, run: RecordedRun) -> Path:
    """Write a run to a directory, concluded; every frame takes the mean time that the run's metrics state."""
    file = run.run
    wall_ns = round((file.metrics.get("frame_ms.mean") or 0.0) * 1e6)
    arrays = blank_rows(file, {name: dtype for name, dtype in DTYPES.items() if name != "digests"})
    arrays["frames"]["start_ns"] = np.arange(len(arrays["frames"])) * wall_ns
    for column in ("wall_ns", "agents_ns"):
        arrays["frames"][column] = wall_ns
    recorded_frames = sum(each.frames for each in file.stages)
    whole = run.digests["frame"] < recorded_frames
    if any(each.agents != AGENTS for each in file.stages):
        whole[:] = False
    arrays["digests"] = rows = run.digests[whole]
    checkpoints = [
        CheckpointRecord(stage=0, frame=frame, digest=_digest_at(rows, frame), population={})
        for frame in np.unique(rows["frame"]).tolist()
    ]
    opened = file.changed(
        metrics={}, verdicts=[], checkpoints=checkpoints, emergency_shutdowns=int(file.state == "emergency")
    )
    with RunWriter.create(directory, opened, DTYPES) as writer:
        for name in ARRAYS:
            writer.append(name, arrays[name])
        writer.flush()
        if file.state != "running":
            writer.write(conclude(RecordedRun(directory, opened, **arrays)))
    return directory


def blank_rows(run: RunFile, dtypes: Mapping[str, np.dtype[Any]]) -> dict[str, np.ndarray]:
    """Return rows of zeros, except for their numbers, for every frame and worker of a run.

    Args:
        run: The run.
        dtypes: Of the arrays, by name.
    """
    arrays = {name: np.zeros(row_counts(run).get(name, 0), dtype) for name, dtype in dtypes.items()}
    frames, workers = arrays["frames"], arrays["workers"]
    lengths = [each.frames for each in run.stages]
    frames["stage"] = np.repeat(np.arange(len(lengths)), np.array(lengths, np.int64))
    frames["frame"] = np.concatenate([[], *map(np.arange, lengths)])
    frames["warmup"] = np.concatenate([[], *(np.arange(each.frames) < each.warmup for each in run.stages)])
    counts = np.repeat(np.array([each.workers for each in run.stages], np.int64), lengths)
    for column in ("stage", "frame"):
        workers[column] = np.repeat(frames[column], counts)
    workers["worker"] = np.concatenate([[], *map(np.arange, counts.tolist())])
    return arrays


def _digest_at(rows: NDArray[Any], frame: int) -> str:
    digest = fold_digests(digests_at(rows, 0, frame))
    assert digest is not None
    return digest.hex()
