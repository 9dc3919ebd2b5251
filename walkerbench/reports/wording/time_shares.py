"""Where the time of frames went, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from walkerbench.recorded_value import NOT_AVAILABLE
from walkerbench.recording.gil import gil_was_enabled

if TYPE_CHECKING:
    from walkerbench.modes.traits import ModeTraits
    from walkerbench.run_directory import RunFile
    from walkerbench.slow_frames.attribution import Attribution, TimePart, TimeShare

PARTS: Mapping[TimePart, str] = {
    "compute": "computing",
    "moving data": "moving data",
    "barrier": "waiting at the barrier",
    "settling": "settling, in the parent alone",
    "not scheduled": "not scheduled",
}
"""Part of the time → its words; without `blocked`, whose meaning depends on the mode."""


def part_in_words(run: RunFile, share: TimeShare) -> str:
    """Return the words for a part of the time; the mode and the GIL decide the meaning of `blocked`."""
    return PARTS.get(share.part) or _blocked(run.mode.traits, gil_was_enabled(run.machine))


def _blocked(traits: ModeTraits, gil_enabled: bool) -> str:
    if not traits.side_by_side:
        return "asleep or in I/O"
    if not traits.share_gil:
        return "waiting for a lock or I/O"
    return "waiting for the GIL or a lock" if gil_enabled else "waiting for a lock (the GIL is off)"


def percent(share: TimeShare, digits: int = 1) -> str:
    """Return a share in percent, with "at most" where it may include other causes."""
    if share.share is None:
        return NOT_AVAILABLE
    return f"{'at most ' if share.upper_bound else ''}{share.share * 100:.{digits}f} %"


def beside_shares(found: Attribution) -> str:
    """Return the figures that are shown below the shares, since the shares already include them."""
    collected = NOT_AVAILABLE if found.garbage_collection is None else f"{found.garbage_collection * 100:.1f} %"
    counts = {
        "minor": found.minor_faults,
        "major page faults": found.major_faults,
        "involuntary switches": found.involuntary_switches,
    }
    words = [f"{NOT_AVAILABLE if count is None else f'{count:.2f}'} {name}" for name, count in counts.items()]
    return f"{collected} garbage collection; per frame: {', '.join(words)}"
