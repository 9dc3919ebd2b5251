"""Plots of what a verdict is made from: a point for each round, or for each recorded run, around the tolerance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.reports.html.drawn_side import DrawnSide
from walkerbench.reports.html.escaping import escape_label
from walkerbench.reports.html.plot import Plot, axis, numbers
from walkerbench.reports.wording.comparison import level

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared
    from walkerbench.comparison.verdicts import Comparison

_ROUNDS_NOTE = (
    "Each point is the value of a round: the median over its blocks of the candidate's time against the base's time. "
    "The verdict counts the points above and below the tolerance."
)
_RUNS_NOTE = (
    "Each point is a run: the mean time of its judged frames, against the geometric mean of the base's runs. The "
    "verdict compares the candidate's points with the base's points, shifted by the tolerance."
)
_TOO_FEW = " There are too few points for an interval."
_MOST_TICKS = 12
_POINT = {"size": 9, "line": {"width": 1, "color": "--card"}}


def repetition_plots(compared: Compared, sides: Sequence[DrawnSide]) -> list[Plot]:
    """Return a plot for each candidate.

    Args:
        compared: The comparison.
        sides: Its sides as they are drawn, the base first.
    """
    return [
        _plot(compared, comparison, sides[0], sides[number], number)
        for number, comparison in enumerate(compared.comparisons, 1)
    ]


def percent_of(ratios: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much longer than the base, in percent, for ratios of times."""
    return (ratios - 1) * 100


def _plot(compared: Compared, comparison: Comparison, base: DrawnSide, candidate: DrawnSide, number: int) -> Plot:
    recorded = compared.how == "recorded"
    points = _runs(base, candidate) if recorded else [_rounds(compared.times.round_ratios[number - 1], candidate)]
    last = max(len(each["customdata"]) for each in points)
    what = "run" if recorded else "round"
    note = (_RUNS_NOTE if recorded else _ROUNDS_NOTE) + ("" if comparison.level else _TOO_FEW)
    return Plot(
        f"repetitions-{number}",
        f"{candidate.label} against {base.label}",
        f"Scatter plot of how much longer than the base the candidate took in each {what}, with the interval and the "
        f"tolerance: {comparison.detail}.",
        (*_lines(comparison, candidate, last), *points),
        {
            "xaxis": axis(what)
            | {"range": [0.5, last + 0.5], "tick0": 1, "dtick": -(-last // _MOST_TICKS), "showgrid": False},
            "yaxis": axis("time against the base, %") | {"zeroline": False, "tickformat": "+"},
            "hovermode": "closest",
        },
        380,
        note,
    )


def _lines(comparison: Comparison, candidate: DrawnSide, last: int) -> Iterator[dict[str, Any]]:
    """Yield what lies behind the points: the interval, the estimate, the tolerance, and the base's time."""
    if comparison.level:
        low, high = percent_of(np.array([comparison.low, comparison.high])).tolist()
        yield {
            "type": "scatter",
            "mode": "lines",
            "name": f"interval at {level(comparison)}",
            "x": [0.5, last + 0.5, last + 0.5, 0.5],
            "y": [low, low, high, high],
            "fill": "toself",
            "fillcolor": f"{candidate.colour}-soft",
            "line": {"width": 0, "color": candidate.colour},
            "hoverinfo": "skip",
        }
    tolerance = f"tolerance, +{comparison.tolerance * 100:g} %"
    yield _line("estimate", comparison.time_ratio, last, {"color": candidate.colour, "width": 2})
    yield _line(tolerance, 1 + comparison.tolerance, last, {"color": "--bad", "width": 1.5, "dash": "dash"})
    yield _line("equal to the base", 1.0, last, {"color": "--ink-2", "width": 1, "dash": "dot"})


def _line(name: str, ratio: float, last: int, line: dict[str, Any]) -> dict[str, Any]:
    percent = (ratio - 1) * 100
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [0.5, last + 0.5],
        "y": [percent] * 2,
        "line": line,
        "hovertemplate": f"{name}: %{{y:+.2f}} %<extra></extra>",
    }


def _rounds(ratios: NDArray[np.float64], candidate: DrawnSide) -> dict[str, Any]:
    return _points("a round", np.asarray(ratios), [], candidate)


def _runs(base: DrawnSide, candidate: DrawnSide) -> list[dict[str, Any]]:
    """Return the points of both sides' runs, against the geometric mean of the base's."""
    of_base = np.array(base.side.repetition_ms)
    middle = float(np.exp(np.log(of_base).mean()))
    return [
        _points(f"a run of {each.label}", np.array(each.side.repetition_ms) / middle, each.side.repetition_ms, each)
        for each in (base, candidate)
    ]


def _points(name: str, ratios: NDArray[np.float64], times_ms: Sequence[float], side: DrawnSide) -> dict[str, Any]:
    told = [f" ({each:.3f} ms)" for each in times_ms] or [""] * len(ratios)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": escape_label(name),
        "x": numbers(np.arange(1, len(ratios) + 1, dtype=np.int32)),
        "y": numbers(percent_of(ratios)),
        "customdata": told,
        "marker": _POINT | {"color": side.colour},
        "hovertemplate": f"{escape_label(name.removeprefix('a '))} %{{x}}: %{{y:+.2f}} %%{{customdata}}<extra></extra>",
    }
