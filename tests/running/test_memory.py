"""The memory of a run: nothing that is kept until its end may grow with the number of frames."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from recorded_runs import run_file
from toy_workload import ToyWorkload

from walkerbench.recording.cpu import cpu_dtype
from walkerbench.run_directory import RunWriter
from walkerbench.running import run_recorder
from walkerbench.running.frame_loop import FrameLoop
from walkerbench.running.observers import ObserverFanOut, StageView
from walkerbench.running.pacing import Pacer
from walkerbench.running.run_recorder import RunRecorder, digest_dtype, recorded_dtypes
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.workloads.contract import Workload
from walkerbench.workloads.walker import WalkerWorkload

HOUR_FRAMES = 216_000  # at 60 per second
MOST_GROWTH_BYTES = 1_000_000
SETTLED_AFTER = 30_000  # frames; caches and pools are full by then

FRAMES_BEFORE, FRAMES = 2_000, 20_000
CHECKPOINT_EVERY = 10
MOST_OBJECTS = 1_000  # one for each checkpoint would be twice as many, one for each frame twenty times


@contextmanager
def recorded_loop(
    workload: Workload, mode: str, directory: Path, checkpoint_every: int
) -> Iterator[tuple[FrameLoop, RunRecorder]]:
    """A loop of frames that are recorded like those of a run."""
    frames, workers = recorded_dtypes(workload)
    digests = digest_dtype(workload.digest_fields)
    dtypes = {"frames": frames, "workers": workers, "cpu": cpu_dtype(2), "digests": digests}
    with (
        TrainingEnvironment(mode=mode, num_workers=2 if mode != "sequential" else 1, workload=workload) as environment,
        RunWriter.create(directory / "run", run_file("1", stages=()), dtypes) as writer,
    ):
        recorder = RunRecorder(workload, writer)
        stage = StageView(
            number=0, stages=1, frames=None, limit_ns=None, warmup=0, begun_ns=0, environment=environment,
            effective_cores=lambda: None,
        )  # fmt: skip
        yield FrameLoop(stage, ObserverFanOut([recorder]), Pacer(None), InterruptWatch(), checkpoint_every), recorder


@pytest.mark.promise("long runs", "Memory does not grow with the frames of a run, nor with its checkpoints.")
@pytest.mark.parametrize("mode", ["sequential", "threaded", "process"])
def test_frames_and_checkpoints_do_not_stay_in_memory(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_recorder, "_SAVE_NS", 10_000_000)
    with recorded_loop(ToyWorkload(), mode, tmp_path, CHECKPOINT_EVERY) as (loop, recorder):
        loop.run(FRAMES_BEFORE)
        recorder.save()
        before = _living_objects()
        loop.run(FRAMES_BEFORE + FRAMES)
        recorder.save()
        grown = _living_objects() - before

    assert grown < MOST_OBJECTS


@pytest.mark.promise("long runs", "In the frames of an hour at 60 a second, memory grows by less than 1 MB.")
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mode", ["sequential", "process"])
@pytest.mark.parametrize("workload", [ToyWorkload(), WalkerWorkload(60)], ids=["toy", "60 walkers"])
def test_an_hour_of_frames_adds_less_than_a_megabyte(
    workload: Workload, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Frames come faster than 60 per second, so they are saved more often: else more rows would be kept in memory.
    monkeypatch.setattr(run_recorder, "_SAVE_NS", 10_000_000)
    with recorded_loop(workload, mode, tmp_path, 60) as (loop, recorder):
        loop.run(SETTLED_AFTER)
        recorder.save()
        before = _anonymous_bytes()
        loop.run(SETTLED_AFTER + HOUR_FRAMES)
        recorder.save()
        grown = _anonymous_bytes() - before

    assert grown < MOST_GROWTH_BYTES


def _living_objects() -> int:
    # Objects are counted: the size of a process also depends on the system and its allocator.
    gc.collect()
    return sys.getallocatedblocks()


def _anonymous_bytes() -> int:
    """Return the resident memory of this process and its children, without files, which the system can drop."""
    usages = (process.memory_info() for process in (psutil.Process(), *psutil.Process().children()))
    return sum(usage.rss - getattr(usage, "shared", 0) for usage in usages)
