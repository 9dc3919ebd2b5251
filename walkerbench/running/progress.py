"""Works out how far a run is, four times per second."""

from __future__ import annotations

from dataclasses import dataclass

from walkerbench.recording.frames import FrameTiming
from walkerbench.running.observers import RunObserver, StageView

_SHOW_NS = 250_000_000


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        stage: Number of the stage, from 0.
        stages: How many stages.
        agents: Agents of this stage.
        frame: Frames done in this stage.
        frames: Frames in this stage, or None where its duration decides.
        elapsed_s: Time since the stage's first frame.
        remaining_s: Estimated time until the end of this stage.
        frames_per_s: Frames per second since the last progress, pauses included.
        frame_ms: Mean frame time since the last progress.
        effective_cores: CPU seconds per second of the last CPU samples, or None without any.
    """

    stage: int
    stages: int
    agents: int
    frame: int
    frames: int | None
    elapsed_s: float
    remaining_s: float
    frames_per_s: float
    frame_ms: float
    effective_cores: float | None


class ProgressObserver(RunObserver):
    """Works out the progress at most four times per second, and at the end of each stage; a subclass shows it."""

    _stage: int | None = None

    def show(self, progress: Progress) -> None:
        """Show the progress."""
        raise NotImplementedError

    def frame(self, stage: StageView, timing: FrameTiming) -> None:
        """Count a frame, and show the progress when that is due."""
        now_ns = timing.start_ns + timing.wall_ns
        if stage.number != self._stage:
            self._stage = stage.number
            self._shown_ns, self._shown_frame, self._work_ns = stage.begun_ns, timing.frame, 0
        self._work_ns += timing.wall_ns
        done = timing.frame + 1 == stage.frames if stage.limit_ns is None else now_ns >= stage.limit_ns
        if now_ns - self._shown_ns >= _SHOW_NS or done:
            self.show(self._progress(stage, timing.frame + 1, now_ns))
            self._shown_ns, self._shown_frame, self._work_ns = now_ns, timing.frame + 1, 0

    def _progress(self, stage: StageView, done: int, now_ns: int) -> Progress:
        fresh = max(1, done - self._shown_frame)
        frames_per_s = fresh * 1e9 / max(1, now_ns - self._shown_ns)
        left_s = ((stage.limit_ns or now_ns) - now_ns) / 1e9
        return Progress(
            stage=stage.number,
            stages=stage.stages,
            agents=stage.environment.workload.num_agents,
            frame=done,
            frames=stage.frames,
            elapsed_s=(now_ns - stage.begun_ns) / 1e9,
            remaining_s=max(0.0, left_s) if stage.frames is None else (stage.frames - done) / frames_per_s,
            frames_per_s=frames_per_s,
            frame_ms=self._work_ns / fresh / 1e6,
            effective_cores=stage.effective_cores(),
        )
