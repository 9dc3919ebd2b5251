"""Where a run's time went, and why frames took long, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from walkerbench.recorded_value import NOT_AVAILABLE
from walkerbench.reports.terminal import tables as layout
from walkerbench.reports.wording.run_verdict import stage_name

if TYPE_CHECKING:
    from walkerbench.modes.traits import ModeTraits
    from walkerbench.run_directory import RunFile
    from walkerbench.slow_frames.attribution import Attribution, TimeShare
    from walkerbench.slow_frames.explanations import SlowFrame

PARTS = {
    "compute": "computing",
    "moving data": "moving data",
    "barrier": "waiting at the barrier",
    "settling": "settling, in the parent alone",
    "not scheduled": "not scheduled",
}
"""The parts of the time in words, but for the one whose meaning the mode decides."""

_CAUSES = {
    "not scheduled": "waiting for a core",
    "garbage collection": "garbage collection",
    "waiting for the GIL": "another thread held the GIL",
    "page faults": "page faults",
    "blocked": "asleep, in I/O, on a lock or stopped",
    "not running": "blocked or not scheduled, which this system does not tell apart",
    "compute": "computing",
}
_SLOWEST_SHOWN = 5
_LEAST_SHARE = 0.01  # of a frame's time: what is less is not worth a word


def attribution(run: RunFile) -> Iterator[RenderableType]:
    """Lay out where the time of judged frames went, and the worst of those over a limit; nothing where unknown."""
    if run.attribution is not None:
        shares = _shares(run, run.attribution)
        footnote = Text(f"of it {beside_shares(run.attribution)}", style="dim", overflow="fold")
        yield from layout.titled("Attribution of judged frames' time", [shares, footnote])
    if over_a_limit(run):
        yield from slow_frames(run)


def over_a_limit(run: RunFile) -> bool:
    """Whether any judged frame was over a limit: then the worst frames are those."""
    return any(frame.criterion is not None for frame in run.worst_frames)


def slow_frames(run: RunFile) -> Iterator[RenderableType]:
    """Lay out the worst frames of those over a limit, or the slowest where none is."""
    lines = [Text(slow_frame(run, frame), overflow="fold") for frame in shown_frames(run)]
    if causes := all_causes(run):
        lines.append(Text(causes, style="dim", overflow="fold"))
    if lines:
        yield from layout.titled(title(run), lines)


def shown_frames(run: RunFile) -> Sequence[SlowFrame]:
    """The frames that a reader is shown: every recorded one that is over a limit, a few where none is."""
    return run.worst_frames if over_a_limit(run) else run.worst_frames[:_SLOWEST_SHOWN]


def slow_frame(run: RunFile, frame: SlowFrame) -> str:
    """Why a frame took long, in a line."""
    where = f"stage {stage_name(frame.stage)}, " if len(run.stages) > 1 else ""
    spent = [f"{_ms(frame.cpu_ms)} CPU"]
    if frame.cause == "garbage collection":
        # Where another thread collected, its time is none of this path's CPU time.
        collected = f"{_ms(frame.gc_ms)} garbage collection"
        spent = [f"{spent[0]} ({collected})"] if frame.gc_ms <= frame.cpu_ms else [*spent, collected]
    if (frame.not_scheduled_ms or 0.0) >= _LEAST_SHARE * frame.wall_ms:
        spent.append(f"{_ms(frame.not_scheduled_ms or 0.0)} not scheduled")
    if frame.blocked_ms >= _LEAST_SHARE * frame.wall_ms:
        spent.append(f"{_ms(frame.blocked_ms)} blocked")
    worker = _parent(run) if frame.worker is None else f" (worker {frame.worker})"
    cause = "the host" if frame.host else _CAUSES[frame.cause]
    limited = _limited(frame)
    return f"{where}frame {frame.frame}: {_ms(frame.wall_ms)}{limited}, of it {', '.join(spent)}: {cause}{worker}"


def title(run: RunFile) -> str:
    """What the lines of the worst frames stand below."""
    total, shown = sum(run.slow_frames.values()), len(run.worst_frames)
    if not over_a_limit(run):
        return "The slowest judged frames, and why"
    if total <= shown:
        return "Frames over a limit, and why"
    return f"The worst {shown} of {total:,} frames over a limit, and why"


def all_causes(run: RunFile) -> str:
    """How many of all frames over a limit each cause has; nothing where a reader sees every one of them."""
    total = sum(run.slow_frames.values())
    if total <= len(run.worst_frames):
        return ""
    causes = ", ".join(f"{count:,} {_CAUSES.get(cause, cause)}" for cause, count in run.slow_frames.items())
    return f"of all {total:,}: {causes}"


def part_in_words(run: RunFile, share: TimeShare) -> str:
    """What a part of the time is: the mode and the GIL decide what being blocked means."""
    python = run.machine.get("python")
    gil_enabled = python.get("gil_enabled", True) if isinstance(python, dict) else True
    return PARTS.get(share.part) or _blocked(run.mode.traits, gil_enabled)


def _parent(run: RunFile) -> str:
    """What stands where no worker is to blame: where the parent's thread is the worker's, nothing."""
    return " (in the parent)" if run.mode.traits.side_by_side else ""


def _limited(frame: SlowFrame) -> str:
    """What the limit is for, where that is not the whole frame."""
    metric, _, _ = (frame.criterion or "frame_ms").partition(".")
    return "" if metric == "frame_ms" else f" ({metric.removesuffix('_ms').replace('_', ' ')} {_ms(frame.value_ms)})"


def _shares(run: RunFile, found: Attribution) -> Table:
    table = layout.table(["", "share"])
    for share in found.shares:
        table.add_row(part_in_words(run, share), percent(share))
    table.add_row("effective cores within frames", layout.fixed(found.effective_cores, 2))
    return table


def percent(share: TimeShare | TimeShare) -> str:
    """A share in percent, with a word where it may hold other causes, too."""
    if share.share is None:
        return NOT_AVAILABLE
    return f"{'at most ' if share.upper_bound else ''}{share.share * 100:.1f} %"


def _blocked(traits: ModeTraits, gil_enabled: bool) -> str:
    if not traits.side_by_side:
        return "asleep or in I/O"
    if not traits.share_gil:
        return "waiting for a lock or I/O"
    return "waiting for the GIL or a lock" if gil_enabled else "waiting for a lock (the GIL is off)"


def beside_shares(found: Attribution) -> str:
    """What stands beside the shares, because it is part of them."""
    collected = NOT_AVAILABLE if found.garbage_collection is None else f"{found.garbage_collection * 100:.1f} %"
    counts = {
        "minor": found.minor_faults,
        "major page faults": found.major_faults,
        "involuntary switches": found.involuntary_switches,
    }
    words = [f"{NOT_AVAILABLE if count is None else f'{count:.2f}'} {name}" for name, count in counts.items()]
    return f"{collected} garbage collection; a frame: {', '.join(words)}"


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"
