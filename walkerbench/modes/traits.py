"""The properties of modes that other code asks for. No code compares the name of a mode."""

from __future__ import annotations

from dataclasses import dataclass

from walkerbench.recorded_value import RecordedValue


@dataclass(frozen=True, kw_only=True)
class ModeTraits(RecordedValue):
    """Where a mode runs its shards.

    Attributes:
        side_by_side: Whether shards run at the same time, as far as the interpreter lets them; else one after another
            in the caller's thread.
        in_caller_process: Whether shards run in the process that steps the environment.
        share_gil: Whether the threads that run shards share an interpreter, and so its GIL where that is on.
        own_processes: Whether each shard has a process of its own, which sleeps between two frames.
        on_this_machine: Whether every shard runs on the machine of the caller.
    """

    side_by_side: bool
    in_caller_process: bool
    share_gil: bool
    own_processes: bool
    on_this_machine: bool = True

    @property
    def can_wait_for_gil(self) -> bool:
        """Whether a worker may wait for the GIL while another one holds it, where the interpreter's GIL is on."""
        return self.side_by_side and self.share_gil
