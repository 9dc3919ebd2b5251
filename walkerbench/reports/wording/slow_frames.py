"""Why frames were slow, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from walkerbench.criteria.grammar import parse_criterion
from walkerbench.criteria.metrics import MISSED_DEADLINES
from walkerbench.reports.wording.numbers import stage_name

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile
    from walkerbench.slow_frames.critical_path import Cause
    from walkerbench.slow_frames.explanations import SlowFrame

CAUSES: Mapping[Cause, str] = {
    "not scheduled": "waiting for a core",
    "garbage collection": "garbage collection",
    "waiting for the GIL": "another thread held the GIL",
    "page faults": "page faults",
    "blocked": "asleep, in I/O, on a lock or stopped",
    "not running": "blocked or not scheduled, which this system does not tell apart",
    "compute": "computing",
}
"""Why a frame was slow, in words."""

_IN_SHORT: Mapping[Cause, str] = {**CAUSES, "not running": "blocked or not scheduled"}

_SLOWEST_SHOWN = 5

_SMALLEST_SHARE_SHOWN = 0.01  # of a frame's time


def over_a_limit(run: RunFile) -> bool:
    """Return whether any judged frame was over a limit; if so, `worst_frames` holds only such frames."""
    return any(frame.criterion is not None for frame in run.worst_frames)


def shown_frames(run: RunFile) -> Sequence[SlowFrame]:
    """Return the frames to show: all recorded ones over a limit; where there are none, the few slowest."""
    return run.worst_frames if over_a_limit(run) else run.worst_frames[:_SLOWEST_SHOWN]


def slow_frame(run: RunFile, frame: SlowFrame) -> str:
    """Return the reason why a frame was slow, in one line."""
    return f"{_frame(run, frame)}, of it {', '.join(_spent(frame))}: {_cause(run, frame, CAUSES)}"


def slow_frame_in_short(run: RunFile, frame: SlowFrame) -> str:
    """Return the reason why a frame was slow, with the largest part of its time only."""
    parts = {
        "CPU": frame.cpu_ms,
        "not scheduled": frame.not_scheduled_ms or 0.0,
        "blocked": frame.blocked_ms,
    }
    if frame.cause == "garbage collection":
        parts = {"garbage collection": frame.gc_ms}
    largest = max(parts, key=parts.__getitem__)
    return f"{_frame(run, frame)}, of it {_ms(parts[largest])} {largest}: {_cause(run, frame, _IN_SHORT)}"


def left_out_frames(run: RunFile, shown: int) -> str:
    """Return how many frames over a limit are not shown, and the causes of all; empty where all are shown."""
    total = sum(run.slow_frames.values())
    if total <= shown:
        return ""
    causes = ", ".join(f"{count:,} {_IN_SHORT[cause]}" for cause, count in run.slow_frames.items())
    return f"and {total - shown:,} more; of all {total:,}: {causes}"


def _frame(run: RunFile, frame: SlowFrame) -> str:
    where = f"stage {stage_name(frame.stage)}, " if len(run.stages) > 1 else ""
    return f"{where}frame {frame.frame}: {_ms(frame.wall_ms)}{_limited(frame)}"


def _cause(run: RunFile, frame: SlowFrame, causes: Mapping[Cause, str]) -> str:
    worker = _parent(run) if frame.worker is None else f" (worker {frame.worker})"
    return f"{'the host' if frame.host else causes[frame.cause]}{worker}"


def _spent(frame: SlowFrame) -> list[str]:
    spent = [f"{_ms(frame.cpu_ms)} CPU"]
    if frame.cause == "garbage collection":
        # Where another thread collected garbage, the collection is not part of this thread's CPU time.
        collected = f"{_ms(frame.gc_ms)} garbage collection"
        spent = [f"{spent[0]} ({collected})"] if frame.gc_ms <= frame.cpu_ms else [*spent, collected]
    if (frame.not_scheduled_ms or 0.0) >= _SMALLEST_SHARE_SHOWN * frame.wall_ms:
        spent.append(f"{_ms(frame.not_scheduled_ms or 0.0)} not scheduled")
    if frame.blocked_ms >= _SMALLEST_SHARE_SHOWN * frame.wall_ms:
        spent.append(f"{_ms(frame.blocked_ms)} blocked")
    return spent


def title(run: RunFile) -> str:
    """Return the title above the lines of the worst frames."""
    total, shown = sum(run.slow_frames.values()), len(run.worst_frames)
    if not over_a_limit(run):
        return "The slowest judged frames, and why"
    if total <= shown:
        return "Frames over a limit, and why"
    return f"The worst {shown} of {total:,} frames over a limit, and why"


def all_causes(run: RunFile) -> str:
    """Return the number of frames over a limit for each cause; an empty text where every such frame is shown."""
    total = sum(run.slow_frames.values())
    if total <= len(run.worst_frames):
        return ""
    causes = ", ".join(f"{count:,} {CAUSES[cause]}" for cause, count in run.slow_frames.items())
    return f"of all {total:,}: {causes}"


def _parent(run: RunFile) -> str:
    """Return "(in the parent)", for a frame that no worker made slow; empty where the parent is the only worker."""
    return " (in the parent)" if run.mode.traits.side_by_side else ""


def _limited(frame: SlowFrame) -> str:
    """Return in words which part of the frame the limit is for; empty where it is for the whole frame."""
    metric = "frame_ms" if frame.criterion is None else parse_criterion(frame.criterion).metric
    if metric in ("frame_ms", MISSED_DEADLINES):
        return ""
    return f" ({metric.removesuffix('_ms').replace('_', ' ')} {_ms(frame.value_ms)})"


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"
