"""Small plots, one for each statistic of the population at every checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from walkerbench.reports.html.escaping import escape_label
from walkerbench.reports.html.labelled_run import LabelledRun
from walkerbench.reports.html.plot import Plot, axis, line_mode


def population_plots(runs: Sequence[LabelledRun]) -> list[Plot]:
    """Return one plot per statistic that has a value at any checkpoint.

    Args:
        runs: The page's runs.
    """
    names = dict.fromkeys(
        name
        for run in runs
        for checkpoint in run.run.checkpoints
        for name, value in checkpoint.population.items()
        if value is not None
    )
    return [_plot(runs, name, number) for number, name in enumerate(names, 1)]


def _plot(runs: Sequence[LabelledRun], name: str, number: int) -> Plot:
    return Plot(
        f"population-{number}",
        name.replace("_", " "),
        f"Line chart of {name.replace('_', ' ')} at every checkpoint.",
        tuple(_trace(run, name) for run in runs),
        {"xaxis": axis("frame") | {"nticks": 5}, "yaxis": {"nticks": 5}, "showlegend": False},
        200,
    )


def _trace(run: LabelledRun, name: str) -> dict[str, Any]:
    first_frames = list(accumulate((stage.frames for stage in run.run.stages), initial=0))
    points = [
        (first_frames[point.stage] + point.frame, point.population.get(name))
        for point in run.run.checkpoints
        if point.stage < len(first_frames)
    ]
    return {
        "type": "scatter",
        "mode": line_mode(np.array([value for _, value in points], np.float64)),
        "name": escape_label(run.label),
        "x": [frame for frame, _ in points],
        "y": [value for _, value in points],
        "line": {"color": run.colour, "width": 1.5},
        "hovertemplate": f"frame %{{x:,d}}: %{{y:,.4~f}}<extra>{escape_label(run.label)}</extra>",
    }
