"""The plot of frame times over the run: all runs in one plot, with limits, stalls and the slowest frames marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.reports.decimation import extremes
from walkerbench.reports.html.escaping import escape_label
from walkerbench.reports.html.labelled_run import LabelledRun, limits, milliseconds, over_limit
from walkerbench.reports.html.plot import Plot, axis, line_mode, log_axis, numbers
from walkerbench.reports.html.worst_frames import slowest
from walkerbench.reports.timeline import stalls_s

MOST_BUCKETS = 1500
"""Largest number of buckets, with two values each: about as many values as a wide screen has pixels."""


def frame_times_plot(runs: Sequence[LabelledRun]) -> Plot | None:
    """Return the plot; None where no run has a frame.

    Args:
        runs: The page's runs.
    """
    drawn = [run for run in runs if len(run.recorded.frames)]
    if not drawn:
        return None
    longest = max(len(run.recorded.frames) for run in drawn)
    bounds = limits(drawn)
    lines = [trace for run in drawn for trace in _lines(run, alone=len(runs) == 1)]
    marks = _once_in_the_legend([trace for run in drawn for trace in _marks(run)])
    traces = [*lines, *marks, *(_limit_trace(text, value, longest) for text, value in bounds.items())]
    return Plot(
        "frame-times",
        "Frame times over the run",
        f"Line chart of how long each frame took, over {longest:,} frames, on a logarithmic scale, with the limits "
        "that the criteria set.",
        tuple(traces),
        {
            "xaxis": axis("frame" + (", counted over all stages" if _in_stages(drawn) else "")),
            "yaxis": log_axis("ms"),
            "hovermode": "closest",
            "shapes": _stage_lines(drawn),
        },
        420,
        _note(longest, bool(bounds)),
    )


def _lines(run: LabelledRun, *, alone: bool) -> Iterator[dict[str, Any]]:
    kept, wall_ms, warmup = _drawn_frames(run)
    label = "judged frames" if alone else run.label
    yield _line(kept, np.where(warmup, np.nan, wall_ms), label, run, {})
    if warmup.any():
        yield _line(kept, np.where(warmup, wall_ms, np.nan), "warm-up", run, {"opacity": 0.4, "showlegend": alone})


def _marks(run: LabelledRun) -> list[dict[str, Any]]:
    stalled = np.flatnonzero(np.isin(run.recorded.frames["frame"], list(stalls_s(run.run))))
    return [
        *_marked(run, _thinned(run, over_limit(run)), "over the limit", "x", "--bad"),
        *_marked(run, stalled, "injected stall", "triangle-up-open", "--ink"),
        *_marked(run, slowest(run), "slowest judged frames", "circle-open", run.colour),
    ]


def _drawn_frames(run: LabelledRun) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
    """Return positions of the frames that are drawn, their times in ms, and whether they are warm-up."""
    frames = run.recorded.frames
    # Each kind separately: otherwise a slow warm-up frame could replace a slow judged frame of the same bucket.
    judged, warmup = run.judged_positions, np.flatnonzero(frames["warmup"] != 0)
    kept = np.union1d(_thinned(run, judged), _thinned(run, warmup))
    return kept, milliseconds(frames["wall_ns"][kept]), frames["warmup"][kept] != 0


def _thinned(run: LabelledRun, positions: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the positions that are drawn: the fastest and the slowest frame of each bucket."""
    thinned: NDArray[np.intp] = positions[extremes(run.recorded.frames["wall_ns"][positions], MOST_BUCKETS)]
    return thinned


def _line(
    kept: NDArray[np.intp], wall_ms: NDArray[np.float64], label: str, run: LabelledRun, more: dict[str, Any]
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": line_mode(wall_ms),
        "name": escape_label(label),
        "x": numbers(kept.astype(np.int32)),
        "y": numbers(wall_ms),
        "line": {"color": run.colour, "width": 1.2},
        "hovertemplate": f"frame %{{x:,d}}: %{{y:.3f}} ms<extra>{escape_label(run.label)}</extra>",
        **more,
    }


def _marked(
    run: LabelledRun, positions: NDArray[np.intp], name: str, symbol: str, colour: str
) -> Iterator[dict[str, Any]]:
    if not len(positions):
        return
    yield {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "legendgroup": name,
        "x": numbers(positions.astype(np.int32)),
        "y": numbers(milliseconds(run.recorded.frames["wall_ns"][positions])),
        "marker": {"symbol": symbol, "size": 10, "color": colour, "line": {"width": 2, "color": colour}},
        "hovertemplate": f"frame %{{x:,d}}: %{{y:.3f}} ms, {name}<extra>{escape_label(run.label)}</extra>",
    }


def _once_in_the_legend(marks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the marks, with only the first of each name in the legend, since colours tell the runs apart."""
    first = {mark["name"]: number for number, mark in reversed(list(enumerate(marks)))}
    return [mark | {"showlegend": first[mark["name"]] == number} for number, mark in enumerate(marks)]


def _limit_trace(text: str, limit: float, longest: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": escape_label(text),
        "x": [0, max(1, longest - 1)],
        "y": [limit if limit > 0 else None] * 2,
        "line": {"color": "--bad", "width": 1.5, "dash": "dash"},
        "hoverinfo": "name",
    }


def _in_stages(runs: Sequence[LabelledRun]) -> bool:
    return any(len(run.run.stages) > 1 for run in runs)


def _stage_lines(runs: Sequence[LabelledRun]) -> list[dict[str, Any]]:
    """Return a vertical line for the beginning of each stage after the first, of all runs."""
    begins = {
        int(position) + 1 for run in runs for position in np.flatnonzero(np.diff(run.recorded.frames["stage"]) != 0)
    }
    return [
        {
            "type": "line", "x0": begin - 0.5, "x1": begin - 0.5, "yref": "paper", "y0": 0, "y1": 1,
            "line": {"color": "--ink-2", "width": 1, "dash": "dot"},
        }
        for begin in sorted(begins)
    ]  # fmt: skip


def _note(longest: int, bounded: bool) -> str:
    parts = []
    if longest > 2 * MOST_BUCKETS:
        each = -(-longest // MOST_BUCKETS)
        parts.append(
            f"The plot shows the fastest and the slowest of every {each:,} frames or fewer, so it hides no spike."
        )
    if not bounded:
        parts.append("No criterion limits a frame's time.")
    return " ".join(parts)
