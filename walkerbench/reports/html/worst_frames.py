"""Timelines of the slowest frames of a run: what every worker did, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from walkerbench.reports.html.escaping import escape_label
from walkerbench.reports.html.labelled_run import LabelledRun
from walkerbench.reports.html.phases import layer_colours
from walkerbench.reports.html.plot import Plot, axis
from walkerbench.reports.timeline import STALL_SPAN, WORKERS_SPAN, Span, Timeline, row_of, stalls_s
from walkerbench.reports.wording.slow_frames import slow_frame

_SHOWN = 5
_NS_PER_MS = 1e6
_ROW_PX = 24
_PARENT = "parent"
_BESIDE = "beside the phases"


class _Bar(NamedTuple):
    name: str
    row: str
    begin_ms: float  # since the frame began
    duration_ms: float


def slowest(run: LabelledRun) -> NDArray[np.intp]:
    """Return the positions of the slowest judged frames among all frames of the run, the slowest first."""
    judged = run.judged_positions
    order = np.argsort(-run.recorded.frames["wall_ns"][judged], kind="stable")
    return judged[order[:_SHOWN]]


def worst_frame_plots(run: LabelledRun, number: int) -> list[Plot]:
    """Return a timeline for each of the run's slowest judged frames, the slowest first.

    Args:
        run: The run.
        number: The run's number within the page, from 1.
    """
    frames = run.recorded.frames
    several = len(run.run.stages) > 1
    plots = []
    for rank, position in enumerate(slowest(run).tolist(), 1):
        frame = frames[position]
        stage = f" of stage {frame['stage'] + 1}" if several else ""
        title = f"Frame {frame['frame']:,}{stage}: {frame['wall_ns'] / _NS_PER_MS:.3f} ms"
        plots.append(_timeline(run, frame, f"worst-{number}-{rank}", title))
    return plots


def timeline_colours(run: LabelledRun) -> dict[str, str]:
    """Return a colour for each part of a frame that a timeline can show."""
    shown = {name: colour for name, colour in layer_colours(run).items() if name not in ("barrier wait", "rest")}
    stall = {STALL_SPAN: "--bad"} if stalls_s(run.run) else {}
    return shown | stall | {_BESIDE: "--rest"}


def _timeline(run: LabelledRun, frame: Any, name: str, title: str) -> Plot:
    workers = run.recorded.workers
    rows = workers[(workers["frame"] == frame["frame"]) & (workers["stage"] == frame["stage"])]
    bars = list(_bars(run, frame, rows))
    labels = [_PARENT, *(_row_label(row) for row in rows)]
    return Plot(
        name,
        title,
        f"Timeline of what the parent and {len(rows)} workers did during the frame.",
        tuple(_traces(run, bars)),
        {
            "barmode": "overlay",
            "bargap": 0.25,
            "showlegend": False,
            "margin": {"t": 12},
            "xaxis": axis("ms since the frame began") | {"rangemode": "tozero"},
            "yaxis": {"categoryorder": "array", "categoryarray": labels[::-1], "showgrid": False},
        },
        80 + _ROW_PX * len(labels),
        _why(run, frame),
    )


def _why(run: LabelledRun, frame: Any) -> str:
    """Return why the frame was slow; an empty text where that is not known."""
    place = (frame["stage"], frame["frame"])
    return "; ".join(slow_frame(run.run, each) for each in run.run.worst_frames if (each.stage, each.frame) == place)


def _bars(run: LabelledRun, frame: Any, rows: NDArray[Any]) -> Iterator[_Bar]:
    timeline = Timeline(run.run)
    began = int(frame["start_ns"])
    for span in timeline.parent(row_of(frame)).inside:
        if span.name != WORKERS_SPAN:  # they have rows of their own
            yield _bar(span, _PARENT, began)
    for row in rows:
        part = timeline.worker(row_of(row))
        for span in part.inside:
            yield _bar(span, _row_label(row), began)
        phases_end = part.inside[-1].end_ns if part.inside else part.begin_ns
        if phases_end < part.end_ns:
            yield _bar(Span(_BESIDE, phases_end, part.end_ns), _row_label(row), began)


def _bar(span: Span, row: str, began: int) -> _Bar:
    return _Bar(span.name, row, (span.begin_ns - began) / _NS_PER_MS, (span.end_ns - span.begin_ns) / _NS_PER_MS)


def _row_label(row: Any) -> str:
    return f"worker {row['worker']}"


def _traces(run: LabelledRun, bars: Sequence[_Bar]) -> list[dict[str, Any]]:
    colours = timeline_colours(run)
    return [
        {
            "type": "bar",
            "orientation": "h",
            "name": escape_label(name),
            "y": [bar.row for bar in bars if bar.name == name],
            "base": [bar.begin_ms for bar in bars if bar.name == name],
            "x": [bar.duration_ms for bar in bars if bar.name == name],
            "marker": {"color": colour},
            "hovertemplate": f"{escape_label(name)}: %{{x:.3f}} ms from %{{base:.3f}} ms<extra></extra>",
        }
        for name, colour in colours.items()
        if any(bar.name == name for bar in bars)
    ]
