"""Runs the frames of a training environment: step, tell the observers, checkpoint, until the end or an interrupt.

This is the only frame loop: the stages of a run and the blocks of a session both use it.
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
        state: The state of the run after that.
        because: The reason, for a reader.
    """

    state: Literal["interrupted", "emergency"]
    because: str


_CHECKPOINTS_BEFORE_DOUBLING = 1024


def spacing(frames: int, every: int) -> int:
    """Return how many frames lie between two checkpoints after a number of frames.

    The spacing doubles after 1,024 checkpoints and again whenever the run has become twice as long. So a run of any
    length has a few thousand checkpoints at most: reading more would take too much time and memory. The spacing depends
    only on the number of frames: runs of the same work have the same checkpoints.

    Args:
        frames: Frames of the stage so far, at least 1.
        every: Frames between two checkpoints at the start.
    """
    return every << (((frames - 1) // every) // _CHECKPOINTS_BEFORE_DOUBLING).bit_length()


class FrameLoop:
    """Runs frames of one environment.

    Args:
        stage: What is run; its environment is started.
        observers: Told between frames.
        pacer: Says when a frame may start.
        interrupts: Checked between frames.
        checkpoint_every: Frames between two checkpoints at the start, see `spacing`; None for no checkpoints. The last
            frame always has one.
        control: Holds what other threads ask for; None where they cannot ask.
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
                can end the frames earlier.

        Returns:
            Why the frames ended early, or None where they did not.
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
        """Digest the trajectory where a checkpoint is due: at intervals, and at the end."""
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
