"""How busy every core was over the run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from walkerbench.reports.decimation import bucket_edges
from walkerbench.reports.html.labelled_run import LabelledRun
from walkerbench.reports.html.plot import Plot, axis, numbers

_MOST_COLUMNS = 400
_NS_PER_S = 1e9
_SCALE = [[0, "--heat-1"], [0.25, "--heat-2"], [0.5, "--heat-3"], [0.75, "--heat-4"], [1, "--heat-5"]]


def core_plots(runs: Sequence[LabelledRun]) -> list[Plot]:
    """Return one heat map per run; none for a run without samples.

    Args:
        runs: The page's runs.
    """
    sampled = [(number, run) for number, run in enumerate(runs, 1) if len(run.recorded.cpu)]
    return [_heat_map(run, number, alone=len(runs) == 1) for number, run in sampled]


def busiest(percents: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    """Return the highest load of each core in each bucket of samples.

    Args:
        percents: `(samples, cores)`, in percent; NaN where it is not known.
        most: Largest number of buckets, at least 1.

    Returns:
        `(cores, buckets)`; NaN only where no value of the bucket is known.
    """
    edges = bucket_edges(len(percents), most).tolist()
    return np.stack([np.fmax.reduce(percents[begin:end]) for begin, end in pairwise(edges)], axis=1)


def _heat_map(run: LabelledRun, number: int, *, alone: bool) -> Plot:
    cpu = run.recorded.cpu
    loads = busiest(cpu["core_percent"].astype(np.float32), _MOST_COLUMNS)
    first_ns = run.recorded.frames["start_ns"][0] if len(run.recorded.frames) else cpu["time_ns"][0]
    ends = bucket_edges(len(cpu), _MOST_COLUMNS)[1:] - 1
    cores = len(loads)
    bucketed = len(cpu) > _MOST_COLUMNS
    return Plot(
        f"cores-{number}",
        "Load of each core" if alone else f"Load of each core, {run.label}",
        f"Heat map of how busy each of {cores} cores was over the run, by any process.",
        (
            {
                "type": "heatmap",
                "x": numbers((cpu["time_ns"][ends] - first_ns) / _NS_PER_S),
                "y": [f"core {core}" for core in range(cores)],
                "z": numbers(loads),
                "zmin": 0,
                "zmax": 100,
                "colorscale": _SCALE,
                "colorbar": {"thickness": 12, "ticksuffix": " %", "outlinewidth": 0},
                "hovertemplate": "%{y} at %{x:.2f} s: %{z:.0f} %<extra></extra>",
            },
        ),
        {
            "xaxis": axis("s since the first frame") | {"showgrid": False},
            "yaxis": {"showgrid": False, "autorange": "reversed"},
        },
        max(180, 110 + min(40, max(6, 400 // cores)) * cores),
        "Each column is the highest load of several samples." if bucketed else "",
    )
