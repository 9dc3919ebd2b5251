"""What each plot of the page shows, compared with values by hand; plotly's `Figure` checks that it knows every key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drawn_runs import drawn_run, lengthened
from pages import painted, values
from plotly.graph_objects import Figure

from walkerbench.errors import UsageError
from walkerbench.reports.html.cores import busiest, core_plots
from walkerbench.reports.html.distribution import bin_edges, distribution_plots, percentile_points
from walkerbench.reports.html.escaping import escape_label
from walkerbench.reports.html.frame_times import frame_times_plot
from walkerbench.reports.html.labelled_run import label_runs
from walkerbench.reports.html.phases import layers, phase_plots
from walkerbench.reports.html.plot import numbers
from walkerbench.reports.html.population import population_plots
from walkerbench.reports.html.worst_frames import worst_frame_plots


def labelled(*recorded: Any) -> Any:
    return label_runs(recorded)


def frame_times(runs: Any) -> Any:
    """Return the plot of frame times, or None."""
    return frame_times_plot(runs)


def named(plot: Any) -> dict[str, Any]:
    return {trace["name"]: trace for trace in plot.traces}


def test_plotly_knows_every_key_of_every_plot() -> None:
    runs = labelled(drawn_run([1, 2, 60.0, 3] * 40, warmup=3, faults="a stall"), drawn_run([1.0] * 30))
    plots = [frame_times(runs), *distribution_plots(runs), *phase_plots(runs), *core_plots(runs)]
    plots += [*population_plots(runs), *worst_frame_plots(runs[0], 1)]
    assert len(plots) == 1 + 2 + 3 + 2 + 1 + 5
    assert len({plot.name for plot in plots}) == len(plots)
    for plot in plots:
        assert plot.traces
        Figure({"data": painted(plot.traces), "layout": painted(plot.layout)})


def test_arrays_are_base64_of_little_endian_bytes() -> None:
    assert numbers(np.array([1, -2], np.int32)) == {"dtype": "i4", "bdata": "AQAAAP7///8="}
    assert numbers(np.zeros((2, 3), np.float32))["shape"] == "2, 3"
    assert values(numbers(np.array([1.5, np.inf], ">f8"))) == [1.5, np.inf]


def test_labels_are_escaped_for_plotly() -> None:
    assert escape_label("<a href='x'>&") == "&lt;a href='x'&gt;&amp;"


def test_frame_times_mark_limits_stalls_and_warm_up() -> None:
    profile = {"name": "tiny", "faults": {"stall_frames": {"3": 0.01, "900": 1}}}
    (run,) = labelled(drawn_run([70, 2, 50.0, 10, 49.9], warmup=1, profile=profile))
    plot = frame_times([run])
    traces = named(plot)
    assert values(traces["warm-up"]["y"])[0] == 70
    assert np.isnan(values(traces["judged frames"]["y"])).tolist() == [True, False, False, False, False]
    assert values(traces["over the limit"]["x"]) == [2]
    assert values(traces["injected stall"]["x"]) == [3]
    assert values(traces["slowest judged frames"]["x"]) == [2, 4, 3, 1]
    assert traces["frame_ms.max &lt; 50"]["y"] == [50, 50]
    assert plot.note == ""


def test_a_million_frames_keep_their_spikes_in_few_points() -> None:
    wall_ms = np.full(1_000_000, 2.0)
    wall_ms[[123_456, 987_654]] = 49.0, 0.5
    (run,) = labelled(lengthened(drawn_run([1.0]), wall_ms))
    plot = frame_times([run])
    line = named(plot)["judged frames"]
    drawn = dict(zip(values(line["x"]), values(line["y"]), strict=True))
    assert (drawn[123_456], drawn[987_654]) == (49.0, 0.5)
    assert len(drawn) <= 3000
    assert plot.note.startswith("The plot shows the fastest and the slowest of every 667 frames or fewer")


def test_a_slow_frame_of_the_warm_up_hides_no_judged_spike() -> None:
    wall_ms = np.full(30_000, 1.0)
    wall_ms[[242, 247]] = 300, 250  # both in one bucket; the first is a warm-up frame
    run = lengthened(drawn_run([1.0]), wall_ms)
    run.frames["warmup"][:245] = 1
    traces = named(frame_times(labelled(run)))

    assert np.nanmax(values(traces["judged frames"]["y"])) == 250
    assert np.nanmax(values(traces["warm-up"]["y"])) == 300
    assert values(traces["over the limit"]["x"]) == [247]


def test_a_frame_exactly_at_the_limit_is_not_over_it() -> None:
    allowed, forbidden = (drawn_run([1.0, 50.0, 51.0], criteria=[f"frame_ms.max {word} 50"]) for word in ("<=", "<"))
    over = [values(named(frame_times(labelled(run)))["over the limit"]["x"]) for run in (allowed, forbidden)]
    assert over == [[2], [1, 2]]


def test_a_line_of_one_frame_is_visible() -> None:
    run = labelled(drawn_run([5.0, 1.0, 1.0], warmup=2))
    plots = [frame_times(run), distribution_plots(run)[1], phase_plots(run)[1]]
    assert {plot.traces[0]["mode"] for plot in plots} == {"lines+markers"}


def test_a_note_says_if_no_criterion_limits_frames() -> None:
    (run,) = labelled(drawn_run([1.0, 2.0], criteria=["physics_fps > 1"]))
    assert frame_times([run]).note == "No criterion limits a frame's time."


def test_runs_are_told_apart_by_letter_and_colour() -> None:
    runs = labelled(drawn_run([1.0] * 3), drawn_run([2.0] * 3))
    assert [(run.label, run.colour) for run in runs] == [
        ("A: drawn", "--run-1"),
        ("B: drawn", "--run-2"),
    ]
    marks = [trace for trace in frame_times(runs).traces if trace["name"] == "slowest judged frames"]
    assert [mark["showlegend"] for mark in marks] == [True, False]


def test_more_runs_than_colours_are_refused() -> None:
    with pytest.raises(UsageError, match="9 runs: a report can show at most 8; give fewer"):
        label_runs([drawn_run([1.0])] * 9)


def test_layers_add_up_to_the_frame() -> None:
    (run,) = labelled(drawn_run([10.0, 20.0]))
    parts = layers(run, run.judged)
    assert list(parts) == ["dispatch", "think", "move", "barrier wait", "settle", "rest"]
    assert np.sum(list(parts.values()), axis=0) == pytest.approx([10.0, 20.0])
    assert parts["rest"] == pytest.approx([3.9, 7.8])


def test_percentiles_are_nearest_ranks_up_to_the_maximum() -> None:
    one_in, found = percentile_points(np.arange(1.0, 101.0))
    assert found[:-1].tolist() == [max(1, 100 - round(100 / each)) for each in one_in[:-1]]
    assert (one_in[0], found[0]) == (1.0, 1.0)
    assert (one_in[-2:].tolist(), found[-2:].tolist()) == ([100.0, 100.0], [99.0, 100.0])
    assert percentile_points(np.array([7.0]))[1].tolist() == [7.0, 7.0]


def test_the_histogram_counts_every_judged_frame() -> None:
    (run,) = labelled(drawn_run([100.0, 1, 2, 4, 49], warmup=1))
    (trace,) = distribution_plots([run])[0].traces
    assert sum(values(trace["customdata"])) == 4
    assert sum(values(trace["y"])) == pytest.approx(100)
    assert values(trace["x"])[0] == 1.0
    assert values(trace["x"])[-1] == 49.0
    assert len(bin_edges(3.0, 3.0)) == 2


def test_the_heat_map_keeps_the_highest_load_and_ignores_nan() -> None:
    percents = np.array([[1, np.nan], [9, 5], [3, np.nan]], np.float32)
    assert busiest(percents, 1).tolist() == [[9], [5]]
    assert np.isnan(busiest(percents, 3)).tolist() == [[False] * 3, [True, False, True]]


def test_a_timeline_has_each_workers_phases_in_place() -> None:
    profile = {"name": "tiny", "faults": {"stall_frames": {"1": 0.005}}}
    (run,) = labelled(drawn_run([10.0, 100.0], profile=profile))
    slowest, _ = worst_frame_plots(run, 1)
    assert slowest.title == "Frame 1: 100.000 ms"
    traces = named(slowest)
    assert traces["dispatch"]["x"] == [1.0]
    assert (traces["settle"]["base"], traces["settle"]["x"]) == ([90.0], [10.0])
    # For worker 0, all time outside of its phases counts as the stall, which comes before the phases.
    assert (traces["stall"]["y"], traces["stall"]["x"]) == (["worker 0"], [30.0])
    assert (traces["think"]["base"], traces["think"]["x"]) == ([31.0, 1.0], [25.0, 25.0])
    assert (traces["beside the phases"]["y"], traces["beside the phases"]["x"]) == (["worker 1"], [30.0])


def test_population_is_drawn_over_stages_if_ever_known() -> None:
    run = drawn_run([1.0] * 20)
    stages = [run.run.stages[0], run.run.stages[0].model_copy(update={"stage": 1})]
    points = [point.model_copy(update={"stage": stage}) for stage in (0, 1, 7) for point in run.run.checkpoints]
    (plot,) = population_plots(labelled(replace(run, run=run.run.changed(stages=stages, checkpoints=points))))
    assert plot.title == "best m"
    assert plot.traces[0]["x"] == [9, 19, 29, 39]
    assert plot.traces[0]["y"] == [0.9, 1.9, 0.9, 1.9]


@pytest.mark.parametrize("wall_ms", [[], [0.0], [0.0, 0.0]])
def test_without_a_frame_that_took_time_there_is_no_distribution(wall_ms: list[float]) -> None:
    assert distribution_plots(labelled(drawn_run(wall_ms))) == []
