"""How much a run grows: nothing that is kept until its end may grow with its frames."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest
from recorded_runs import run_file
from toy_workload import ToyWorkload

from walkerbench.recording.cpu import CpuSampler, cpu_dtype
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


@pytest.mark.promise("long runs", "Memory does not grow with the frames of a run, nor with its checkpoints.")
@pytest.mark.parametrize("mode", ["sequential", "threaded", "process"])
def test_no_frame_and_no_checkpoint_stays_in_memory(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_recorder, "_SAVE_NS", 10_000_000)
    workload = ToyWorkload()
    frames, workers = recorded_dtypes(workload)
    dtypes = {"frames": frames, "workers": workers, "cpu": cpu_dtype(2), "digests": digest_dtype(("number",))}
    with (
        TrainingEnvironment(mode=mode, num_workers=2 if mode != "sequential" else 1, workload=workload) as environment,
        RunWriter.create(tmp_path / "run", run_file("1", stages=()), dtypes) as writer,
    ):
        recorder = RunRecorder(workload, writer)
        recorder.sample(CpuSampler(lambda: ()))
        stage = StageView(
            number=0, stages=1, frames=FRAMES, limit_ns=None, warmup=0, begun_ns=0, environment=environment,
            effective_cores=lambda: None,
        )  # fmt: skip
        loop = FrameLoop(stage, ObserverFanOut([recorder]), Pacer(None), InterruptWatch(), CHECKPOINT_EVERY)
        loop.run(FRAMES_BEFORE)
        recorder.save()
        before = _living_objects()
        loop.run(FRAMES_BEFORE + FRAMES)
        recorder.save()
        grown = _living_objects() - before
        assert len(writer.checkpoints()) == (FRAMES_BEFORE + FRAMES) // CHECKPOINT_EVERY

    assert grown < MOST_OBJECTS


def _living_objects() -> int:
    # Counted, not weighed: the memory of a process also grows by what the system and its allocator decide.
    gc.collect()
    return sys.getallocatedblocks()
