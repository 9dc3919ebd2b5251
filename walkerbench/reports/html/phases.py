"""Plots of the phases of frames: of the mean frame of each run, and of the slowest frames over the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.reports.decimation import highest
from walkerbench.reports.html.escaping import escape_label
from walkerbench.reports.html.labelled_run import LabelledRun
from walkerbench.reports.html.plot import Plot, axis, line_mode, numbers

_MOST_POINTS = 400
_NS_PER_MS = 1e6
_REST = "rest"
_WORDS = {"barrier_wait": "barrier wait"}
_BAR_PX = 44
_NOTE = (
    "With several workers, the time of a phase is that of its slowest worker, so the phases together may take longer "
    "than their frame; the rest is time outside of all phases."
)


def phase_plots(runs: Sequence[LabelledRun]) -> list[Plot]:
    """Return the mean frames side by side, then each run's own plot; none where no frame was judged.

    Args:
        runs: The page's runs.
    """
    judged = [run for run in runs if len(run.judged)]
    means = [_means(judged)] if judged else []
    return means + [
        _over_the_run(run, number, alone=len(runs) == 1) for number, run in enumerate(runs, 1) if len(run.judged)
    ]


def layers(run: LabelledRun, frames: NDArray[Any]) -> dict[str, NDArray[np.float64]]:
    """Return the time of each part of frames, in the order of a frame: name → `(frames,)`, in ms.

    Args:
        run: The run, which names its phases.
        frames: `(frames,)`, structured: some of its frames.
    """
    workload = run.run.workload
    names = ["dispatch", *workload.phases, "barrier_wait", workload.settle_phase]
    parts = {_WORDS.get(name, name): frames[f"{name}_ns"] / _NS_PER_MS for name in names}
    accounted = np.sum(list(parts.values()), axis=0)
    return parts | {_REST: np.maximum(0.0, frames["wall_ns"] / _NS_PER_MS - accounted)}


def layer_colours(run: LabelledRun) -> dict[str, str]:
    """Return a colour for each part of a frame, in the order of a frame; a part has the same colour in every plot."""
    workload = run.run.workload
    phases = {name: f"--layer-{number % 4 + 1}" for number, name in enumerate(workload.phases)}
    overhead = {"barrier wait": "--overhead-2"}
    return {"dispatch": "--overhead-1"} | phases | overhead | {workload.settle_phase: "--settle", _REST: "--rest"}


def _means(runs: Sequence[LabelledRun]) -> Plot:
    of_each = [layers(run, run.judged) for run in runs]
    names = list(dict.fromkeys(name for each in of_each for name in each))
    colours = {name: colour for run in runs for name, colour in layer_colours(run).items()}
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "orientation": "h",
            "name": escape_label(name),
            "y": [escape_label(run.label) for run in runs],
            "x": [float(each[name].mean()) if name in each else 0.0 for each in of_each],
            "marker": {"color": colours[name], "line": {"color": "--paper", "width": 1}},
            "hovertemplate": f"{escape_label(name)}: %{{x:.3f}} ms<extra></extra>",
        }
        for name in names
    ]
    return Plot(
        "mean-frame",
        "The mean judged frame",
        "Stacked bars of what the mean judged frame of each run is made of.",
        tuple(traces),
        {
            "barmode": "stack",
            "xaxis": axis("ms"),
            "yaxis": {"autorange": "reversed", "showticklabels": len(runs) > 1, "showgrid": False},
            "legend": {"traceorder": "normal"},
        },
        120 + _BAR_PX * len(runs),
        _NOTE,
    )


def _over_the_run(run: LabelledRun, number: int, *, alone: bool) -> Plot:
    frames = run.recorded.frames
    judged = run.judged_positions
    kept = judged[highest(frames["wall_ns"][judged], _MOST_POINTS)]
    parts = layers(run, frames[kept])
    colours = layer_colours(run)
    traces = [
        {
            "type": "scatter",
            "mode": line_mode(values),
            "stackgroup": "phases",
            "name": escape_label(name),
            "x": numbers(kept.astype(np.int32)),
            "y": numbers(values.astype(np.float32)),
            "line": {"width": 0.5, "color": colours[name]},
            "fillcolor": colours[name],
            "hovertemplate": f"{escape_label(name)}: %{{y:.3f}} ms<extra></extra>",
        }
        for name, values in parts.items()
    ]
    each = -(-len(judged) // _MOST_POINTS)
    note = f"The plot shows the slowest of every {each:,} judged frames or fewer." if each > 1 else ""
    return Plot(
        f"phases-{number}",
        "Phases over the run" if alone else f"Phases over the run, {run.label}",
        "Stacked areas of what the slowest frames over the run are made of.",
        tuple(traces),
        {
            "xaxis": axis("frame"),
            "yaxis": axis("ms") | {"rangemode": "tozero"},
            "hovermode": "x unified",
            "legend": {"traceorder": "normal"},
        },
        note=note,
    )
