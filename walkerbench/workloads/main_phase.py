"""The phase of a frame that a workload is judged by."""

from __future__ import annotations

from dataclasses import dataclass

from walkerbench.recorded_value import RecordedValue


@dataclass(frozen=True)
class MainPhase(RecordedValue):
    """The phase that does a workload's own work; its time is shown beside the frame's.

    Attributes:
        phase: Its name among the workload's phases, such as `agents`.
        title: Its name where a person reads it, such as `agent processing`.
        decides: Whether comparisons use the time of this phase alone, and not the frame's.
    """

    phase: str
    title: str
    decides: bool = False

    @property
    def column(self) -> str:
        """The column of `frames.npy` that holds the phase's time, such as `agents_ns`."""
        return f"{self.phase}_ns"

    @property
    def metric(self) -> str:
        """The metric of the phase's time, without a statistic, such as `agent_processing_ms`."""
        return f"{self.title.replace(' ', '_')}_ms"
