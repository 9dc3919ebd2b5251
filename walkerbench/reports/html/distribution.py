"""The distribution of judged frames' times: a histogram, and the percentiles that so many frames support."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from walkerbench.reports.html.escaping import escape_label
from walkerbench.reports.html.plot import Plot, axis, line_mode, log_axis, numbers

_BINS = 60
_MOST_POINTS = 200


class DrawnFrames(Protocol):
    """The judged frames of a run or a side, with a name and a colour."""

    @property
    def label(self) -> str:
        """The name on the page."""

    @property
    def colour(self) -> str:
        """The colour, as the name of a CSS custom property."""

    @property
    def judged_ms(self) -> NDArray[np.float64]:
        """The wall times, `(frames,)`, in ms; NaN where not known."""


def distribution_plots(runs: Sequence[DrawnFrames]) -> list[Plot]:
    """Return the histogram and the percentiles; none where no frame was judged.

    Args:
        runs: The page's runs, or the sides of its comparison.
    """
    judged_ms = [(run, _known_ms(run)) for run in runs]
    drawn = [(run, wall_ms) for run, wall_ms in judged_ms if len(wall_ms)]
    return [_histogram(drawn), _percentiles(drawn)] if drawn else []


def bin_edges(lowest: float, highest: float) -> NDArray[np.float64]:
    """Return edges of bins that are equally wide on a logarithmic scale, `(bins + 1,)`, both ends included.

    Args:
        lowest: The lower end, above 0.
        highest: The upper end, at least `lowest`; where both are equal, there is one bin around them.
    """
    if lowest == highest:
        return np.array([lowest * 0.99, highest * 1.01])
    edges = np.geomspace(lowest, highest, _BINS + 1)
    edges[0], edges[-1] = lowest, highest
    return edges


def percentile_points(ordered: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return nearest-rank percentiles as far as N values support them.

    Args:
        ordered: `(N,)`, ascending, N ≥ 1.

    Returns:
        Two arrays, each `(points,)`: k, ascending from 1 to N, and the value that one in k frames exceeds. The last
        point is the maximum, which no frame exceeds: it is placed at k = N.
    """
    count = len(ordered)
    beyond = np.unique(np.rint(np.geomspace(1, count, _MOST_POINTS)).astype(np.int64))[::-1]
    ranks = np.maximum(count - beyond, 1)
    return np.append(count / beyond, count), np.append(ordered[ranks - 1], ordered[-1])


def _known_ms(run: DrawnFrames) -> NDArray[np.float64]:
    wall_ms = run.judged_ms
    return wall_ms[np.isfinite(wall_ms)]


def _histogram(drawn: Sequence[tuple[DrawnFrames, NDArray[np.float64]]]) -> Plot:
    edges = bin_edges(min(float(each.min()) for _, each in drawn), max(float(each.max()) for _, each in drawn))
    traces = []
    for run, wall_ms in drawn:
        counts, _ = np.histogram(wall_ms, edges)
        percent = 100 * np.append(counts, 0) / len(wall_ms)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": escape_label(run.label),
                "x": numbers(edges),
                "y": numbers(percent),
                "customdata": numbers(np.append(counts, 0).astype(np.int32)),
                "line": {"color": run.colour, "width": 1.5, "shape": "hv"},
                "fill": "tozeroy",
                "fillcolor": f"{run.colour}-soft",
                "hovertemplate": "from %{x:.3f} ms: %{customdata:,d} frames, %{y:.2f} %<extra></extra>",
            }
        )
    return Plot(
        "histogram",
        "Histogram",
        "Histogram of how long judged frames took, on a logarithmic scale.",
        tuple(traces),
        {
            "xaxis": log_axis("ms"),
            "yaxis": axis("% of judged frames") | {"rangemode": "tozero"},
            "showlegend": len(drawn) > 1,
        },
    )


def _percentiles(drawn: Sequence[tuple[DrawnFrames, NDArray[np.float64]]]) -> Plot:
    traces = []
    for run, wall_ms in drawn:
        one_in, values = percentile_points(np.sort(wall_ms))
        traces.append(
            {
                "type": "scatter",
                "mode": line_mode(wall_ms),
                "name": escape_label(run.label),
                "x": numbers(one_in),
                "y": numbers(values),
                "line": {"color": run.colour, "width": 2},
                "hovertemplate": "1 in %{x:,.1f} frames is slower than %{y:.3f} ms<extra></extra>",
            }
        )
    ticks, texts = _ticks(max(len(each) for _, each in drawn))
    return Plot(
        "percentiles",
        "Percentiles",
        "Line chart of the frame time that a share of judged frames stays within, up to the slowest frame.",
        tuple(traces),
        {
            "xaxis": axis("share of judged frames") | {"type": "log", "tickvals": ticks, "ticktext": texts},
            "yaxis": log_axis("ms"),
            "showlegend": len(drawn) > 1,
        },
        note="Each line ends at its slowest frame.",
    )


def _ticks(count: int) -> tuple[list[int], list[str]]:
    """Return positions of ticks, 1 in 1, 2, 10, 100 …, and the percentile of each as text."""
    powers = [10**power for power in range(1, len(str(count)))]
    texts = ["0 %", "50 %", *(f"{100 - 100 / power:.{max(0, len(str(power)) - 3)}f} %" for power in powers)]
    ticks: list[Any] = [1, 2, *powers]
    return ticks, texts
