"""Where a run's time went, and why frames took long, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import RenderableType

from walkerbench.reports.terminal import tables as layout
from walkerbench.reports.wording.numbers import fixed
from walkerbench.reports.wording.slow_frames import all_causes, over_a_limit, shown_frames, slow_frame, title
from walkerbench.reports.wording.time_shares import beside_shares, part_in_words, percent

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile
    from walkerbench.slow_frames.attribution import Attribution


def attribution(run: RunFile) -> Iterator[RenderableType]:
    """Lay out where the time of judged frames went, and the worst frames over a limit; no table where unknown."""
    if run.attribution is not None:
        shares = _shares(run, run.attribution)
        footnote = layout.line(f"of it {beside_shares(run.attribution)}", "dim")
        yield from layout.titled("Attribution of judged frames' time", [shares, footnote])
    if over_a_limit(run):
        yield from slow_frames(run)


def slow_frames(run: RunFile) -> Iterator[RenderableType]:
    """Lay out the worst frames over a limit; where there are none, the slowest frames."""
    lines = [layout.line(slow_frame(run, frame)) for frame in shown_frames(run)]
    if causes := all_causes(run):
        lines.append(layout.line(causes, "dim"))
    if lines:
        yield from layout.titled(title(run), lines)


def _shares(run: RunFile, found: Attribution) -> RenderableType:
    rows = [(part_in_words(run, share), percent(share)) for share in found.shares]
    return layout.table(["", "share"], [*rows, ("effective cores within frames", fixed(found.effective_cores, 2))])
