"""The frames of a training environment: step, tell the observers, checkpoint, until done, interrupted or stopped.

There is one loop: a run's stages and the blocks of a measured session are frames of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from walkerbench.run_directory import CheckpointRecord
from walkerbench.running.observers import ObserverFanOut, StageView
from walkerbench.running.pacing import Pacer
from walkerbench.running.run_control import RunControl
from walkerbench.system.interrupts import InterruptWatch


@dataclass(frozen=True)
class Ending:
    """Why the frames ended before their number or time was reached.

    Attributes:
        state: The run's state from then on.
        because: The reason, for a reader.
    """

    state: Literal["interrupted", "emergency"]
    because: str


_CHECKPOINTS_BEFORE_DOUBLING = 1024


def spacing(frames: int, every: int) -> int:
    """Return how many frames lie between two checkpoints, once so many frames have been run.

    It doubles after 1,024 checkpoints and again whenever the run has become twice as long, so that a run of any length
    has some thousands at most: more of them could not be read again in little time and memory. It depends on nothing
    but the number of frames: runs of the same work have the same checkpoints.

    Args:
        frames: Frames of the stage, at least 1.
        every: Frames between two checkpoints at the start.
    """
    return every << (((frames - 1) // every) // _CHECKPOINTS_BEFORE_DOUBLING).bit_length()


class FrameLoop:
    """Runs frames of one environment.

    Args:
        stage: What is run; its environment is started.
        observers: Told between frames.
        pacer: Says when a frame may start.
        interrupts: Looked at between frames.
        checkpoint_every: Frames between two checkpoints, the last frame's being one of them, for as long as `spacing`
            says so; None for no checkpoints.
        control: What other threads ask for; None where none can.
    """

    def __init__(
        self,
        stage: StageView,
        observers: ObserverFanOut,
        pacer: Pacer,
        interrupts: InterruptWatch,
        checkpoint_every: int | None,
        control: RunControl | None = None,
    ) -> None:
        self._stage = stage
        self._observers = observers
        self._pacer = pacer
        self._interrupts = interrupts
        self._checkpoint_every = checkpoint_every
        self._control = control or RunControl()
        self._last_checkpoint = -1

    def run(self, until_frame: int | None) -> Ending | None:
        """Run frames.

        Args:
            until_frame: Number of the frame before which to end; None where the stage's time limit decides. The control
                can end it before.

        Returns:
            Why they ended early, or None where they did not.
        """
        environment, limit_ns, snapshots = self._stage.environment, self._stage.limit_ns, self._observers.snapshots
        while True:
            if self._interrupts.received is not None:
                self._checkpoint(last=True)
                because = f"{self._interrupts.received} after {environment.frame} frames of this stage"
                return Ending("interrupted", because)
            self._pacer.wait()
            timing = environment.step()
            now_ns = time.perf_counter_ns()
            self._observers.frame(self._stage, timing)
            done = environment.frame == until_frame if until_frame is not None else now_ns >= (limit_ns or 0)
            done = done or self._control.end is not None
            self._checkpoint(last=done or environment.emergency is not None)
            if environment.emergency is not None:
                because = f"emergency shutdown after frame {timing.frame}: {environment.emergency}"
                return Ending("emergency", because)
            if snapshots.waiting and snapshots.take(now_ns, self._pacer.spare_ns(now_ns)):
                arrays = environment.snapshot()
                snapshots.taken(time.perf_counter_ns())
                self._observers.snapshot(self._stage, timing.frame, arrays)
            if done:
                return None

    def _checkpoint(self, *, last: bool) -> None:
        """Digest the trajectory where it is due: every so many frames, and at the end."""
        environment, every = self._stage.environment, self._checkpoint_every
        frame = environment.frame - 1
        if every is None or frame == self._last_checkpoint:
            return
        if not last and environment.frame % spacing(environment.frame, every):
            return
        digest = environment.checkpoint()
        checkpoint = CheckpointRecord(
            stage=self._stage.number,
            frame=frame,
            digest=None if digest is None else digest.hex(),
            population={**environment.statistics()},
        )
        self._last_checkpoint = frame
        self._observers.checkpoint(self._stage, checkpoint)
