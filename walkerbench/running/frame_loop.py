"""The frames of one stage: step, record, checkpoint, save, tell; until done, interrupted or stopped by a safeguard."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from walkerbench.profile.model import Profile
from walkerbench.recording.cpu import CpuSampler
from walkerbench.recording.frames import FrameRecorder, FrameTiming, frame_dtype, worker_dtype
from walkerbench.run_directory import CheckpointRecord, RunWriter
from walkerbench.running.pacing import Pacer
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.workloads.contract import Workload

State = Literal["interrupted", "emergency"]

_SAVE_NS = 500_000_000  # what is recorded reaches the files within a second, even with a slow frame in between
_TELL_NS = 250_000_000


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        stage: Number of the stage, from 0.
        stages: How many stages.
        agents: Agents of this stage.
        frame: Frames done in this stage.
        frames: Frames in this stage, or None where its duration decides.
        elapsed_s: Since the stage's first frame.
        remaining_s: Of this stage; None while it cannot be told.
        frames_per_s: Since the last progress, pauses included.
        frame_ms: Mean frame time since the last progress.
        effective_cores: Of the last CPU samples, or None without any.
    """

    stage: int
    stages: int
    agents: int
    frame: int
    frames: int | None
    elapsed_s: float
    remaining_s: float | None
    frames_per_s: float
    frame_ms: float
    effective_cores: float | None


class StageLoop:
    """Runs the frames of one stage, and hands what was recorded to the writer now and then.

    Args:
        profile: What is run.
        number: Number of the stage.
        environment: Started.
        sampler: Started.
        writer: Receives what is recorded.
        interrupts: Looked at between frames.
        tell: Told of the progress between frames.

    Attributes:
        checkpoints: The trajectory's digests so far.
    """

    def __init__(
        self,
        profile: Profile,
        number: int,
        environment: TrainingEnvironment,
        sampler: CpuSampler,
        writer: RunWriter,
        interrupts: InterruptWatch,
        tell: Callable[[Progress], None],
    ) -> None:
        self.checkpoints: list[CheckpointRecord] = []
        self._profile = profile
        self._number = number
        self._environment = environment
        self._sampler = sampler
        self._writer = writer
        self._interrupts = interrupts
        self._tell_listener = tell
        workload = environment.workload
        self._recorder = FrameRecorder(*recorded_dtypes(workload))
        self._columns = [workload.counters.index(name) for name in workload.frame_counters]
        self._cores: float | None = None
        self._saved_ns = self._told_ns = self._begun_ns = 0
        self._told_frame = self._told_work_ns = self._work_ns = 0

    def run(self) -> tuple[State, str] | None:
        """Run the stage.

        Returns:
            How and why the whole run ends with it, or None to go on.
        """
        environment, pacer = self._environment, Pacer(self._profile.frames_per_second)
        stage = self._profile.stages[self._number]
        frames = self._profile.num_frames(stage)
        self._begun_ns = self._saved_ns = self._told_ns = time.perf_counter_ns()
        limit_ns = self._begun_ns + int((stage.duration_s or 0) * 1e9) if frames is None else None
        while True:
            if self._interrupts.received is not None:
                self._checkpoint(last=True)
                return "interrupted", f"{self._interrupts.received} after {environment.frame} frames of this stage"
            pacer.wait()
            timing = environment.step()
            self._record(timing)
            now = time.perf_counter_ns()
            done = environment.frame == frames if limit_ns is None else now >= limit_ns
            self._checkpoint(last=done or environment.emergency is not None)
            if environment.emergency is not None:
                return "emergency", f"emergency shutdown after frame {timing.frame}: {environment.emergency}"
            if now - self._saved_ns >= _SAVE_NS:
                self.save()
            if now - self._told_ns >= _TELL_NS or done:
                self._tell(now, frames, limit_ns)
            if done:
                return None

    def _record(self, timing: FrameTiming) -> None:
        environment = self._environment
        counts = environment.frame_counts[self._columns].tolist()
        warmup = timing.frame < self._profile.warmup
        self._recorder.record(self._number, warmup, timing, environment.buffers.workers, counts)
        self._work_ns += timing.wall_ns

    def save(self) -> None:
        """Hand what was recorded to the writer."""
        frames, workers = self._recorder.drain()
        samples = self._sampler.drain()
        self._writer.append("frames", frames)
        self._writer.append("workers", workers)
        self._writer.append("cpu", samples)
        self._writer.flush()
        self._saved_ns = time.perf_counter_ns()
        if len(samples) > 1:
            spent = samples["tree_cpu_s"][-1] - samples["tree_cpu_s"][0]
            self._cores = float(spent / (samples["time_ns"][-1] - samples["time_ns"][0]) * 1e9)

    def _checkpoint(self, *, last: bool) -> None:
        """Digest the trajectory where it is due: every so many frames, and at the end."""
        environment = self._environment
        frame = environment.frame - 1
        seen = self.checkpoints[-1].frame if self.checkpoints else -1
        if frame == seen or not (last or environment.frame % self._profile.checkpoint_every == 0):
            return
        digest = environment.checkpoint()
        self.checkpoints.append(
            CheckpointRecord(
                stage=self._number, frame=frame, digest=digest.hex(), population={**environment.statistics()}
            )
        )
        self._writer.append("digests", self._digest_rows(frame))

    def _digest_rows(self, frame: int) -> NDArray[Any]:
        digests = self._environment.buffers.digests
        rows = np.zeros(len(digests), digest_dtype(self._environment.workload.digest_fields))
        rows["stage"], rows["frame"], rows["agent"] = self._number, frame, np.arange(len(digests))
        for column, name in enumerate(self._environment.workload.digest_fields):
            rows[name] = digests[:, column]
        return rows

    def _tell(self, now: int, frames: int | None, limit_ns: int | None) -> None:
        done = self._environment.frame
        fresh = max(1, done - self._told_frame)
        rate = fresh * 1e9 / max(1, now - self._told_ns)
        left_ns = (limit_ns or now) - now
        remaining = max(0.0, left_ns / 1e9) if frames is None else (frames - done) / rate
        self._tell_listener(
            Progress(
                stage=self._number,
                stages=len(self._profile.stages),
                agents=self._environment.workload.num_agents,
                frame=done,
                frames=frames,
                elapsed_s=(now - self._begun_ns) / 1e9,
                remaining_s=remaining,
                frames_per_s=rate,
                frame_ms=(self._work_ns - self._told_work_ns) / fresh / 1e6,
                effective_cores=self._cores,
            )
        )
        # Taken anew: drawing the progress takes time that no frame should be charged with.
        self._told_ns = time.perf_counter_ns()
        self._told_frame, self._told_work_ns = done, self._work_ns


def recorded_dtypes(workload: Workload) -> tuple[np.dtype[np.void], np.dtype[np.void]]:
    """Columns of `frames.npy` and `workers.npy` for a workload."""
    return (
        frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters),
        worker_dtype(workload.phases),
    )


def digest_dtype(fields: Sequence[str]) -> np.dtype[np.void]:
    """Columns of `digests.npy`: a row a checkpoint and agent.

    `stage`, `frame` and `agent` are int64 numbers from 0; each of the workload's digest fields is a uint64.
    """
    return np.dtype([("stage", "i8"), ("frame", "i8"), ("agent", "i8"), *((name, "u8") for name in fields)])
