"""The loop: a profile in, a recorded run out. The only place where training and recording meet."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import walkerbench
from walkerbench.conclusion import conclude
from walkerbench.environment import WalkerWorkload
from walkerbench.errors import OutputLost
from walkerbench.interrupts import InterruptWatch
from walkerbench.pacing import Pacer
from walkerbench.profile import Profile, Stage
from walkerbench.recording.cpu import CpuSampler
from walkerbench.recording.frames import FrameRecorder, frame_dtype, worker_dtype
from walkerbench.recording.machine import machine_facts
from walkerbench.run_directory import (
    RUNS_ROOT,
    CheckpointRecord,
    ModeRecord,
    RunFile,
    RunWriter,
    StageRecord,
    WorkloadRecord,
    default_directory,
    read_run,
)
from walkerbench.training import TrainingEnvironment, check_capacity, choose_workers
from walkerbench.verdicts.criteria import check_known
from walkerbench.verdicts.metrics import known_metrics

_FLUSH_NS = 500_000_000  # what is recorded reaches the files at least every second, an emergency's slow frames aside
_PROGRESS_NS = 250_000_000
_START_METHODS = {"process": "spawn"}


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


class Listener(Protocol):
    """Whoever wants to know how a run goes; called between frames, outside timed sections."""

    def started(self, directory: Path, run: RunFile) -> None:
        """The run directory is open; the first frame comes next."""
        ...

    def progress(self, progress: Progress) -> None:
        """At most four times a second."""
        ...


def run(
    profile: Profile, *, output: Path | None, command_line: Sequence[str], listener: Listener | None = None
) -> Path:
    """Run a profile, record it and judge it.

    Args:
        profile: What to run.
        output: The run directory, which must not exist; None for one by time and name below `.walkerbench/runs`.
        command_line: What the user typed, for the record.
        listener: Told of the progress.

    Returns:
        The run directory. A run that was interrupted or stopped itself returns too; its state says so.

    Raises:
        UsageError: It cannot be run as asked; nothing has been written.
        RunBroken: A worker crashed, hung or raised, or the output can no longer be written. What was recorded is kept.
    """
    with InterruptWatch() as interrupts:
        return _Run(profile, output, command_line, listener, interrupts).carry_out()


class _Run:
    """One run from its opening to its conclusion."""

    def __init__(
        self,
        profile: Profile,
        output: Path | None,
        command_line: Sequence[str],
        listener: Listener | None,
        interrupts: InterruptWatch,
    ) -> None:
        self._profile = profile
        self._listener = listener
        self._interrupts = interrupts
        self._workloads = [WalkerWorkload(each.agents, profile.seed, profile.environment) for each in profile.stages]
        self._workers = [choose_workers(profile.mode, profile.workers, each.agents) for each in profile.stages]
        workload = self._workloads[0]
        self._frame_dtype = frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters)
        self._worker_dtype = worker_dtype(workload.phases)
        known = known_metrics(self._frame_dtype.names or (), workload.counters)
        for criterion in profile.criteria:
            check_known(criterion, known)
        for each in self._workloads:
            check_capacity(each, profile.safeguards)
        started = datetime.now(UTC)
        self._run = self._opening(started, command_line)
        self._directory = output or default_directory(
            RUNS_ROOT, started, profile.name, profile.mode, profile.stages[-1].agents
        )

    def carry_out(self) -> Path:
        """Open the directory, run every stage, conclude."""
        dtypes = {
            "frames": self._frame_dtype,
            "workers": self._worker_dtype,
            "cpu": CpuSampler(lambda: ()).dtype,
            "digests": _digest_dtype(self._workloads[0].digest_fields),
        }
        with RunWriter.create(self._directory, self._run, dtypes) as writer:
            if self._listener is not None:
                self._listener.started(self._directory, self._run)
            try:
                for number in range(len(self._profile.stages)):
                    self._run_stage(number, writer)
                    if self._run.state != "running":
                        break
            except KeyboardInterrupt:
                self._end("interrupted", "interrupted twice: ended within a frame")
            except BaseException as error:
                self._end("broken", f"{type(error).__name__}: {error}")
                # The run is closed in order as far as the output lets it; the error that broke it says more.
                with suppress(OutputLost):
                    self._conclude(writer)
                raise
            self._conclude(writer)
        return self._directory

    def _run_stage(self, number: int, writer: RunWriter) -> None:
        profile, workload = self._profile, self._workloads[number]
        environment = TrainingEnvironment(
            mode=profile.mode,
            num_workers=self._workers[number],
            workload=workload,
            safeguards=profile.safeguards,
            faults=profile.faults,
        )
        with ExitStack() as stack:
            stack.callback(environment.stop)
            environment.start()
            sampler = CpuSampler(lambda: (os.getpid(), *environment.worker_pids()))
            sampler.start()
            stage = _StageLoop(self, number, environment, sampler, writer, workload)
            try:
                ended = stage.loop(profile.stages[number])
            finally:
                # The sampler reads the workers, so it ends before they do; what it has is recorded in any case.
                sampler.stop()
                self._close_stage(stage)
            if ended is not None:
                self._end(*ended)

    def _close_stage(self, stage: _StageLoop) -> None:
        environment = stage.environment
        method = environment.start_method
        record = StageRecord(
            stage=stage.number,
            agents=environment.workload.num_agents,
            frames=environment.frame,
            warmup=min(environment.frame, self._profile.warmup),
            workers=environment.num_workers,
            digest=None,
            counters=environment.counters,
            population={**environment.statistics()},
            metrics={},
        )
        mode = ModeRecord(
            requested=self._profile.mode,
            used=environment.mode_used,
            fallback=environment.fallback,
            workers=environment.num_workers,
            start_method=method[0] if method else None,
            start_method_reason=method[1] if method else None,
        )
        self._run = self._run.changed(
            stages=(*self._run.stages, record),
            checkpoints=(*self._run.checkpoints, *stage.checkpoints),
            mode=mode,
        )
        stage.save()

    def _end(self, state: str, because: str) -> None:
        self._run = self._run.changed(state=state, ended_because=because, emergency_shutdowns=int(state == "emergency"))

    def _conclude(self, writer: RunWriter) -> None:
        if self._run.state == "running":
            self._run = self._run.changed(state="finished")
        self._run = self._run.changed(finished_utc=_utc(datetime.now(UTC)))
        writer.write(self._run)
        writer.flush()
        self._run = conclude(read_run(self._directory))
        writer.write(self._run)

    def _opening(self, started: datetime, command_line: Sequence[str]) -> RunFile:
        profile, workload = self._profile, self._workloads[0]
        return RunFile(
            walkerbench_version=walkerbench.__version__,
            state="running",
            started_utc=_utc(started),
            workload=WorkloadRecord(
                name=workload.name,
                phases=workload.phases,
                settle_phase=workload.settle_phase,
                counters=workload.counters,
                frame_counters=workload.frame_counters,
            ),
            mode=ModeRecord(
                requested=profile.mode,
                used=profile.mode,
                fallback=None,
                workers=self._workers[0],
                start_method=_START_METHODS.get(profile.mode),
                start_method_reason=None,
            ),
            profile=profile.as_dict(),
            command_line=tuple(command_line),
            machine=machine_facts(_START_METHODS.get(profile.mode)),
            criteria=tuple(str(criterion) for criterion in profile.criteria),
            faults=profile.faults.describe() if profile.faults.active else None,
        )

    def tell(self, progress: Progress) -> None:
        """Pass progress on to the listener."""
        if self._listener is not None:
            self._listener.progress(progress)

    @property
    def profile(self) -> Profile:
        """What is run."""
        return self._profile

    @property
    def interrupted_by(self) -> str | None:
        """The signal that asked for the end, or None."""
        return self._interrupts.received


class _StageLoop:
    """Runs one stage's frames, and hands what was recorded to the writer now and then."""

    def __init__(
        self,
        whole: _Run,
        number: int,
        environment: TrainingEnvironment,
        sampler: CpuSampler,
        writer: RunWriter,
        workload: WalkerWorkload,
    ) -> None:
        self.number = number
        self.environment = environment
        self.checkpoints: list[CheckpointRecord] = []
        self._whole = whole
        self._sampler = sampler
        self._writer = writer
        self._workload = workload
        self._recorder = FrameRecorder(
            frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters), worker_dtype(workload.phases)
        )
        self._columns = [workload.counters.index(name) for name in workload.frame_counters]
        self._cores: float | None = None
        self._saved_ns = self._told_ns = self._begun_ns = 0
        self._told_frame = self._told_work_ns = self._work_ns = 0

    def loop(self, stage: Stage) -> tuple[str, str] | None:
        """Run the stage.

        Returns:
            How and why the whole run ends with it, or None to go on.
        """
        profile, environment = self._whole.profile, self.environment
        realtime = self._workload.frames_per_second if profile.pace == "realtime" else None
        pacer = Pacer(realtime)
        frames = stage.frames
        if frames is None and realtime is not None and stage.duration_s is not None:
            frames = max(1, round(stage.duration_s * realtime))
        self._begun_ns = self._saved_ns = self._told_ns = time.perf_counter_ns()
        limit_ns = None if frames is not None else self._begun_ns + int((stage.duration_s or 0) * 1e9)
        while True:
            if self._whole.interrupted_by is not None:
                self._checkpoint(last=True)
                return "interrupted", f"{self._whole.interrupted_by} after frame {environment.frame - 1}"
            pacer.wait()
            timing = environment.step()
            counts = environment.frame_counts[self._columns].tolist()
            self._recorder.record(
                self.number, timing.frame < profile.warmup, timing, environment.buffers.workers, counts
            )
            self._work_ns += timing.wall_ns
            now = time.perf_counter_ns()
            done = environment.frame == frames if limit_ns is None else now >= limit_ns
            self._checkpoint(last=done or environment.emergency is not None)
            if environment.emergency is not None:
                return "emergency", f"emergency shutdown after frame {timing.frame}: {environment.emergency}"
            if now - self._saved_ns >= _FLUSH_NS:
                self.save()
            if now - self._told_ns >= _PROGRESS_NS or done:
                self._tell(now, frames, limit_ns)
            if done:
                return None

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
        environment = self.environment
        frame = environment.frame - 1
        seen = self.checkpoints[-1].frame if self.checkpoints else -1
        if frame == seen or not (last or environment.frame % self._whole.profile.checkpoint_every == 0):
            return
        digest = environment.checkpoint()
        self.checkpoints.append(
            CheckpointRecord(
                stage=self.number, frame=frame, digest=digest.hex(), population={**environment.statistics()}
            )
        )
        self._writer.append("digests", self._digest_rows(frame))

    def _digest_rows(self, frame: int) -> NDArray[Any]:
        digests = self.environment.buffers.digests
        rows = np.zeros(len(digests), _digest_dtype(self._workload.digest_fields))
        rows["stage"], rows["frame"], rows["agent"] = self.number, frame, np.arange(len(digests))
        for column, name in enumerate(self._workload.digest_fields):
            rows[name] = digests[:, column]
        return rows

    def _tell(self, now: int, frames: int | None, limit_ns: int | None) -> None:
        done = self.environment.frame
        fresh = max(1, done - self._told_frame)
        rate = fresh * 1e9 / max(1, now - self._told_ns)
        left_ns = (limit_ns or now) - now
        remaining = max(0.0, left_ns / 1e9) if frames is None else (frames - done) / rate
        self._whole.tell(
            Progress(
                stage=self.number,
                stages=len(self._whole.profile.stages),
                agents=self._workload.num_agents,
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


def _digest_dtype(fields: Sequence[str]) -> np.dtype[np.void]:
    return np.dtype([("stage", "i8"), ("frame", "i8"), ("agent", "i8"), *((name, "u8") for name in fields)])


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
