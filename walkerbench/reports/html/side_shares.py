"""The plot of where the frames' time went, the sides one below the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from walkerbench.reports.html.drawn_side import DrawnSide
from walkerbench.reports.html.escaping import escape_label
from walkerbench.reports.html.plot import Plot, axis
from walkerbench.reports.wording.comparison import shares_by_part

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared
    from walkerbench.slow_frames.attribution import TimePart

PART_COLOURS: Mapping[TimePart, str] = {
    "compute": "--layer-1",
    "blocked": "--layer-4",
    "moving data": "--overhead-1",
    "barrier": "--overhead-2",
    "settling": "--settle",
    "not scheduled": "--rest",
}
"""Part of the time → its colour."""

_BAR_PX = 44


def share_colours(compared: Compared) -> dict[str, str]:
    """Return the colour of each part in the plot, by its words."""
    return {words: PART_COLOURS[shares[0].part] for words, shares in shares_by_part(compared)}


def share_plots(compared: Compared, sides: Sequence[DrawnSide]) -> list[Plot]:
    """Return one plot of stacked bars, without a legend; none where the time shares are not known.

    Args:
        compared: The comparison.
        sides: Its sides as they are drawn, the base first.
    """
    colours = share_colours(compared)
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": escape_label(words),
            "y": [escape_label(side.label) for side in sides],
            "x": [None if share.share is None else share.share * 100 for share in shares],
            "marker": {"color": colours[words], "line": {"color": "--paper", "width": 1}},
            "hovertemplate": f"{escape_label(words)}: %{{x:.1f}} %<extra></extra>",
        }
        for words, shares in shares_by_part(compared)
    ]
    if not traces:
        return []
    layout = {
        "barmode": "stack",
        "xaxis": axis("% of the workers' time") | {"range": [0, 100]},
        "yaxis": {"autorange": "reversed", "showgrid": False},
        "margin": {"t": 12},
        "showlegend": False,
    }
    summary = "Stacked bars of where the time of each side's frames went."
    return [Plot("shares", "Shares of the workers' time", summary, tuple(traces), layout, 90 + _BAR_PX * len(sides))]
