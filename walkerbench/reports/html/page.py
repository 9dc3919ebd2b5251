"""The HTML page of some runs: one file with everything in it, which fetches nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from walkerbench.reports.html import tables
from walkerbench.reports.html.cores import core_plots
from walkerbench.reports.html.distribution import distribution_plots
from walkerbench.reports.html.escaping import escape_html
from walkerbench.reports.html.frame_times import frame_times_plot
from walkerbench.reports.html.html_document import colour_legend, figures, grid, html_document, section, warning_lines
from walkerbench.reports.html.labelled_run import LabelledRun, label_runs
from walkerbench.reports.html.phases import phase_plots
from walkerbench.reports.html.plot import Plot
from walkerbench.reports.html.population import population_plots
from walkerbench.reports.html.worst_frames import timeline_colours, worst_frame_plots
from walkerbench.reports.wording.run_verdict import (
    dropped_observers,
    faults_injected,
    remarks_in_words,
    run_verdict,
    trouble,
    unproven_work,
)
from walkerbench.run_directory import RecordedRun


def render(recorded: Sequence[RecordedRun], plotly_js: str) -> Iterator[str]:
    """Write the page of some runs, part by part.

    Args:
        recorded: The runs, concluded; at least one.
        plotly_js: The source of plotly.js.

    Yields:
        The parts of the page in order.

    Raises:
        UsageError: There are too many runs.
    """
    runs = label_runs(recorded)
    plots: list[Plot] = []
    sections = "".join(_sections(runs, plots))
    title = "walkerbench: " + "; ".join(run.label for run in runs)
    yield from html_document(title, _head(runs), sections, plots, plotly_js)


def _head(runs: Sequence[LabelledRun]) -> str:
    several = len(runs) > 1
    heading = f"{len(runs)} runs" if several else escape_html(runs[0].label)
    lines = [f"<h1>{heading}</h1>"]
    for run in runs:
        warnings = (
            trouble(run.run),
            faults_injected(run.run),
            dropped_observers(run.run),
            remarks_in_words(run.run),
            unproven_work(run.run),
        )
        who = f"{run.label}: " if several else ""
        lines += warning_lines([who + text for text in warnings if text])
    lines.append(tables.overview(runs))
    if several:
        lines.append(_same_work(runs))
    return "\n".join(lines) + "\n"


def _same_work(runs: Sequence[LabelledRun]) -> str:
    digests = {run.run.digest for run in runs}
    if any(run.run.workload.same_work_not_proven for run in runs):
        return '<p class="warning">Nothing proves that the runs did the same work: see above.</p>'
    if len(digests) == 1 and None not in digests:
        return "<p>All runs did the same work: their digests are equal.</p>"
    return (
        '<p class="warning">The runs did not do the same work, or have no digest: '
        "a difference between them may have other causes than speed.</p>"
    )


def _sections(runs: Sequence[LabelledRun], plots: list[Plot]) -> Iterator[str]:
    """Yield the page's sections in order; every plot shown is put into `plots`."""
    no_frames = "No frame was recorded." if not any(len(run.recorded.frames) for run in runs) else ""
    not_judged = no_frames or "No frame was judged."
    yield section("Criteria", _each(runs, _criteria))
    frame_times = frame_times_plot(runs)
    yield section("Frame times", figures([frame_times] if frame_times else [], plots, no_frames))
    yield section(
        "Distribution", grid(figures(distribution_plots(runs), plots, not_judged)) + _each(runs, tables.durations)
    )
    yield section("Phases", figures(phase_plots(runs), plots, not_judged))
    yield section("Where the time went", _each(runs, _attribution))
    yield section("Cores", figures(core_plots(runs), plots, "The cores were not sampled."))
    yield section("Memory and growth", _each(runs, _memory_and_growth))
    yield section("Slowest frames", "".join(_worst(run, number, plots, runs) for number, run in enumerate(runs, 1)))
    population = figures(population_plots(runs), plots, "No checkpoint recorded statistics of the population.")
    yield section("Population", grid(population, "grid small"))
    yield section("Runs", _each(runs, tables.run_facts))
    yield section("Machine", tables.machine(runs))


def _criteria(run: LabelledRun) -> str:
    verdict = run_verdict(run.run)
    because = f"<p><strong>{verdict.word}</strong>: {escape_html(verdict.because)}</p>"
    return (tables.criteria(run) if run.run.verdicts else "") + because


def _attribution(run: LabelledRun) -> str:
    return tables.attribution_section(run) or "<p>Where the time went is not known.</p>"


def _memory_and_growth(run: LabelledRun) -> str:
    return tables.memory_and_growth(run) or "<p>Memory was not sampled.</p>"


def _worst(run: LabelledRun, number: int, plots: list[Plot], runs: Sequence[LabelledRun]) -> str:
    shown = grid(figures(worst_frame_plots(run, number), plots, "No frame was judged."))
    if len(run.judged):
        shown = colour_legend(timeline_colours(run)) + shown
    return shown if len(runs) == 1 else f"<h3>{escape_html(run.label)}</h3>\n{shown}\n"


def _each(runs: Sequence[LabelledRun], content: Callable[[LabelledRun], str]) -> str:
    """Return the content for each run; several runs stand side by side, each below its name."""
    if len(runs) == 1:
        return content(runs[0])
    return grid("".join(f"<div>\n<h3>{escape_html(run.label)}</h3>\n{content(run)}\n</div>\n" for run in runs))
