"""What every worker did, and when, in the slowest frames of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.reports.attribution import slow_frame
from walkerbench.reports.html.labelled_run import LabelledRun, stalls_s
from walkerbench.reports.html.phases import layer_colours
from walkerbench.reports.html.plot import Plot, axis, plain

_SHOWN = 5
_NS_PER_MS = 1e6
_NS_PER_S = 1e9
_ROW_PX = 24
_PARENT = "parent"


def slowest(run: LabelledRun) -> NDArray[np.intp]:
    """Positions, among the run's frames, of its slowest judged frames, the slowest first."""
    judged = run.judged_positions
    order = np.argsort(-run.recorded.frames["wall_ns"][judged], kind="stable")
    return judged[order[:_SHOWN]]


def worst_frame_plots(run: LabelledRun, number: int) -> list[Plot]:
    """A timeline for each of the run's slowest judged frames, the slowest first.

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
    """A colour for everything that a timeline can show."""
    shown = {name: colour for name, colour in layer_colours(run).items() if name not in ("barrier wait", "rest")}
    stall = {"injected stall": "--bad"} if stalls_s(run) else {}
    return shown | stall | {"beside the phases": "--rest"}


def _timeline(run: LabelledRun, frame: Any, name: str, title: str) -> Plot:
    workers = run.recorded.workers
    rows = workers[(workers["frame"] == frame["frame"]) & (workers["stage"] == frame["stage"])]
    spans = _parent_spans(run, frame)
    for row in rows:
        spans += _worker_spans(run, frame, row)
    lanes = [_PARENT, *(_lane(row) for row in rows)]
    return Plot(
        name,
        title,
        f"Timeline of what the parent and {len(rows)} workers did during the frame.",
        tuple(_traces(run, spans)),
        {
            "barmode": "overlay",
            "bargap": 0.25,
            "showlegend": False,
            "margin": {"t": 12},
            "xaxis": axis("ms since the frame began", rangemode="tozero"),
            "yaxis": {"categoryorder": "array", "categoryarray": lanes[::-1], "showgrid": False},
        },
        80 + _ROW_PX * len(lanes),
        _why(run, frame),
    )


def _why(run: LabelledRun, frame: Any) -> str:
    """Why the frame was over its limit, where that was found out."""
    place = (frame["stage"], frame["frame"])
    return "; ".join(slow_frame(run.run, each) for each in run.run.worst_frames if (each.stage, each.frame) == place)


Span = tuple[str, str, float, float]
"""What was done, in which lane, from when and for how long, in ms of the frame."""


def _parent_spans(run: LabelledRun, frame: Any) -> list[Span]:
    names = frame.dtype.names
    settle = run.run.workload.settle_phase
    spans: list[Span] = []
    if "dispatch_ns" in names:
        spans.append(("dispatch", _PARENT, 0.0, frame["dispatch_ns"] / _NS_PER_MS))
    if f"{settle}_ns" in names:
        settle_ns = frame[f"{settle}_ns"]
        spans.append((settle, _PARENT, (frame["wall_ns"] - settle_ns) / _NS_PER_MS, settle_ns / _NS_PER_MS))
    return spans


def _worker_spans(run: LabelledRun, frame: Any, row: Any) -> list[Span]:
    """The worker's phases one after the other; what lies beside them comes last, an injected stall first."""
    phases = [(name, int(row[f"{name}_ns"])) for name in run.run.workload.phases if f"{name}_ns" in row.dtype.names]
    beside = max(0, int(row["busy_ns"]) - sum(duration for _, duration in phases))
    stalled = min(beside, _stall_ns(run, row))
    parts = [("injected stall", stalled), *phases, ("beside the phases", beside - stalled)]
    begin = int(row["start_ns"]) - int(frame["start_ns"])
    spans = []
    for name, duration in parts:
        if duration:
            spans.append((name, _lane(row), begin / _NS_PER_MS, duration / _NS_PER_MS))
        begin += duration
    return spans


def _stall_ns(run: LabelledRun, row: Any) -> int:
    """For how long the worker was made to stand still: only worker 0 ever is."""
    return round(stalls_s(run).get(int(row["frame"]), 0) * _NS_PER_S) if row["worker"] == 0 else 0


def _lane(row: Any) -> str:
    return f"worker {row['worker']}"


def _traces(run: LabelledRun, spans: list[Span]) -> list[dict[str, Any]]:
    colours = timeline_colours(run)
    return [
        {
            "type": "bar",
            "orientation": "h",
            "name": plain(name),
            "y": [lane for what, lane, _, _ in spans if what == name],
            "base": [begin for what, _, begin, _ in spans if what == name],
            "x": [duration for what, _, _, duration in spans if what == name],
            "marker": {"color": colour},
            "hovertemplate": f"{plain(name)}: %{{x:.3f}} ms from %{{base:.3f}} ms<extra></extra>",
        }
        for name, colour in colours.items()
        if any(what == name for what, *_ in spans)
    ]
