"""The observer that records a run: rows of frames, workers, digests and CPU samples into the run directory."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.recording.cpu import CpuSampler
from walkerbench.recording.frames import FrameRecorder, FrameTiming, frame_dtype, worker_dtype
from walkerbench.run_directory import CheckpointRecord, RunWriter
from walkerbench.running.observers import RecordedRows, RunObserver, StageView
from walkerbench.workloads.contract import Workload

_SAVE_NS = 500_000_000  # rows reach the files within a second, even with a slow frame in between
_TELL_NS = 250_000_000


class RunRecorder(RunObserver):
    """Collects rows, and gives them to the writer twice per second.

    Args:
        workload: What is run.
        writer: Receives the rows.
    """

    required = True

    def __init__(self, workload: Workload, writer: RunWriter) -> None:
        self._writer = writer
        self._rows = FrameRecorder(*recorded_dtypes(workload))
        self._columns = [workload.counters.index(name) for name in workload.frame_counters]
        self._digest_fields = workload.digest_fields
        self._sampler: CpuSampler | None = None
        self._saved_ns = time.perf_counter_ns()
        self._save_ns = _SAVE_NS
        self._effective_cores: float | None = None
        self._stage: StageView | None = None
        self._tell_rows: Callable[[StageView, RecordedRows], None] | None = None

    @contextmanager
    def telling_rows(self, tell: Callable[[StageView, RecordedRows], None]) -> Iterator[None]:
        """Give the rows also to `tell`, four times per second, within the context."""
        self._tell_rows, self._save_ns = tell, _TELL_NS
        try:
            yield
        finally:
            self._tell_rows = None  # it refers to this recorder

    def sample(self, sampler: CpuSampler) -> None:
        """Record the samples of a stage's CPU sampler from now on."""
        self._sampler = sampler

    def effective_cores(self) -> float | None:
        """Return the CPU seconds per second of the samples saved last, or None without any."""
        return self._effective_cores

    def frame(self, stage: StageView, timing: FrameTiming) -> None:
        """Record a frame."""
        environment = stage.environment
        counts = environment.frame_counts[self._columns].tolist()
        warmup = timing.frame < stage.warmup
        self._stage = stage
        self._rows.record(stage.number, warmup, timing, environment.buffers.workers, counts)
        if timing.start_ns + timing.wall_ns - self._saved_ns >= self._save_ns:
            self.save()

    def checkpoint(self, stage: StageView, checkpoint: CheckpointRecord) -> None:
        """Record a checkpoint and the digests of all agents."""
        digests = stage.environment.buffers.digests
        rows = np.zeros(len(digests), digest_dtype(self._digest_fields))
        rows["stage"], rows["frame"], rows["agent"] = stage.number, checkpoint.frame, np.arange(len(digests))
        for column, name in enumerate(self._digest_fields):
            rows[name] = digests[:, column]
        self._writer.append("digests", rows)
        self._writer.append_checkpoint(checkpoint)

    def save(self) -> None:
        """Give the collected rows to the writer.

        Raises:
            OutputLost: They cannot be written.
        """
        frames, workers = self._rows.drain()
        self._writer.append("frames", frames)
        self._writer.append("workers", workers)
        if self._sampler is not None:
            samples = self._sampler.drain()
            self._save_samples(samples)
            stage, self._stage = self._stage, None  # not kept: it refers to this recorder
            if stage is not None and self._tell_rows is not None:
                self._tell_rows(stage, RecordedRows(frames, workers, samples))
        self._writer.flush()
        self._saved_ns = time.perf_counter_ns()

    def _save_samples(self, samples: NDArray[Any]) -> None:
        self._writer.append("cpu", samples)
        if len(samples) > 1:
            spent_s = samples["tree_cpu_s"][-1] - samples["tree_cpu_s"][0]
            cores = float(spent_s / (samples["time_ns"][-1] - samples["time_ns"][0]) * 1e9)
            self._effective_cores = cores if math.isfinite(cores) else None


def recorded_dtypes(workload: Workload) -> tuple[np.dtype[np.void], np.dtype[np.void]]:
    """Return the columns of `frames.npy` and of `workers.npy` for a workload."""
    return (
        frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters),
        worker_dtype(workload.phases),
    )


def digest_dtype(fields: Sequence[str]) -> np.dtype[np.void]:
    """Return the columns of `digests.npy`: a row for each checkpoint and agent.

    ================== ===============================================================
    column             meaning
    ================== ===============================================================
    `stage`            number of the stage, from 0
    `frame`            number of the checkpoint's frame within its stage, from 0
    `agent`            number of the agent, from 0
    `{digest_field}`   64 bits that stand for a part of the agent
    ================== ===============================================================
    """
    return np.dtype([("stage", "i8"), ("frame", "i8"), ("agent", "i8"), *((name, "u8") for name in fields)])
