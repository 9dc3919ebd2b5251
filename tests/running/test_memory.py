"""How much a run grows: nothing that is kept until its end may grow with its frames."""

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

FRAMES_BEFORE, FRAMES = 2_000, 20_000
CHECKPOINT_EVERY = 10
MOST_OBJECTS = 1_000  # one for each checkpoint would be twice as many, one for each frame twenty times


@contextmanager
def recorded_loop(mode: str, directory: Path, checkpoint_every: int) -> Iterator[tuple[FrameLoop, RunRecorder]]:
    """A loop of frames that are recorded as a run's are."""
    workload = ToyWorkload()
    frames, workers = recorded_dtypes(workload)
    dtypes = {"frames": frames, "workers": workers, "cpu": cpu_dtype(2), "digests": digest_dtype(("number",))}
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
def test_no_frame_and_no_checkpoint_stays_in_memory(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_recorder, "_SAVE_NS", 10_000_000)
    with recorded_loop(mode, tmp_path, CHECKPOINT_EVERY) as (loop, recorder):
        loop.run(FRAMES_BEFORE)
        recorder.save()
        before = _living_objects()
        loop.run(FRAMES_BEFORE + FRAMES)
        recorder.save()
        grown = _living_objects() - before

    assert grown < MOST_OBJECTS


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("mode", ["sequential", "process"])
def test_a_million_frames_take_no_more_memory_than_the_first(mode: str, tmp_path: Path) -> None:
    with recorded_loop(mode, tmp_path, 60) as (loop, recorder):
        resident = []
        for frame in (100_000, 500_000, 1_000_000):
            loop.run(frame)
            recorder.save()
            processes = (psutil.Process(), *psutil.Process().children())
            resident.append(sum(process.memory_info().rss for process in processes))

    # 11 bytes a frame: the allocator keeps some MB of what rows on their way to the disk took.
    assert max(resident) - resident[0] < 10_000_000, resident


def _living_objects() -> int:
    # Counted, not weighed: the memory of a process also grows by what the system and its allocator decide.
    gc.collect()
    return sys.getallocatedblocks()
