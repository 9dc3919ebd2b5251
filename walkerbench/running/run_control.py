"""Lets other threads change a run while it goes on; the thread that runs it acts between two frames."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from walkerbench.errors import CallOrderError
from walkerbench.profile.model import Pace
from walkerbench.run_directory import SwitchRecord
from walkerbench.running.pacing import Pacer
from walkerbench.running.training_environment import TrainingEnvironment


@dataclass
class LiveStage:
    """The stage that is being run.

    Attributes:
        environment: The environment that is stepped.
        pacer: Says when a frame may start.
        pace_changes: Each change of pace since the stage began: the next frame's number, and the new pace.
    """

    environment: TrainingEnvironment
    pacer: Pacer
    pace_changes: tuple[tuple[int, Pace], ...] = ()

    def switches(self) -> tuple[SwitchRecord, ...]:
        """Return the switches of mode and pace so far, in the order of frames."""
        modes = [SwitchRecord(frame=frame, mode=mode) for frame, mode in self.environment.toggles]
        paces = [SwitchRecord(frame=frame, pace=pace) for frame, pace in self.pace_changes]
        return tuple(sorted((*modes, *paces), key=lambda switch: switch.frame))


@dataclass(frozen=True)
class StageEnd:
    """How other threads ended a stage.

    Attributes:
        next_agents: How many agents the next stage has; None where the run ends.
    """

    next_agents: int | None


class RunControl:
    """Asks a run to toggle threads, change its pace, go on with other agents, or end; from any thread.

    Args:
        threads: Whether stages begin with threads on; None for the profile's mode.

    Attributes:
        end: How the current stage is to end after its frame; None to go on. Read by the frame loop.
    """

    def __init__(self, threads: bool | None = None) -> None:
        self._threads = threads
        self.end: StageEnd | None = None
        self._stage: LiveStage | None = None
        self._lock = threading.Lock()
        self._check_agents: Callable[[int], object] = int

    def begin_stage(self, stage: LiveStage, check_agents: Callable[[int], object]) -> None:
        """Set the stage that is run from now on; its threads are on or off as at the end of the last stage.

        Args:
            stage: The stage.
            check_agents: Called with a number of agents; raises where a stage cannot run so many.
        """
        with self._lock:
            self._stage, self._check_agents = stage, check_agents
            if self._threads not in (None, stage.environment.get_threading_performance()["threading_enabled"]):
                stage.environment.toggle_threading()

    def finish_stage(self) -> None:
        """Note that the stage has ended, and drop every reference to it."""
        with self._lock:
            self._stage, self._check_agents = None, int

    def take_end(self) -> StageEnd | None:
        """Return how other threads ended the stage, and forget it; None where they did not end it."""
        with self._lock:
            end, self.end = self.end, None
            return end

    def toggle_threading(self) -> bool:
        """Switch threads on or off, and return whether they are on; the trajectory stays the same.

        Raises:
            CallOrderError: No stage is being run, or its mode cannot be toggled.
        """
        with self._lock:
            self._threads = self._running().environment.toggle_threading()
            return self._threads

    def change_pace(self, pace: Pace) -> None:
        """Change the pace of frames.

        Args:
            pace: `max` for as fast as possible, or `realtime` for the workload's own frames per second.

        Raises:
            CallOrderError: No stage is being run.
        """
        with self._lock:
            stage = self._running()
            frames_per_second = stage.environment.workload.frames_per_second()
            stage.pacer.change(frames_per_second if pace == "realtime" else None)
            stage.pace_changes = (*stage.pace_changes, (stage.environment.frame, pace))

    def restart(self, agents: int) -> None:
        """End the stage, and begin another one with a given number of agents.

        Args:
            agents: How many agents the next stage has.

        Raises:
            CallOrderError: No stage is being run.
            UsageError: So many agents cannot be run. The stage goes on.
            CapacityError: The agents do not fit into memory. The stage goes on.
        """
        with self._lock:
            self._running()
            self._check_agents(agents)
            self.end = StageEnd(agents)

    def stop(self) -> None:
        """End the run after the current frame."""
        with self._lock:
            self.end = StageEnd(None)

    def environment(self) -> TrainingEnvironment:
        """Return the environment that is being run.

        Raises:
            CallOrderError: No stage is being run.
        """
        with self._lock:
            return self._running().environment

    def _running(self) -> LiveStage:
        if self._stage is None:
            raise CallOrderError("the run has no current stage: it has not begun, is between two stages, or has ended")
        return self._stage
