"""The HTML page of some runs: one file with everything in it, which fetches nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from walkerbench import __version__
from walkerbench.reports.html import tables
from walkerbench.reports.html.cores import core_plots
from walkerbench.reports.html.distribution import distribution_plots
from walkerbench.reports.html.escaping import escape_html
from walkerbench.reports.html.frame_times import frame_times_plot
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

_HERE = Path(__file__).parent
# Nothing may be fetched, sent or embedded; what the page needs is in it.
_POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"


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
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape_html(title)}</title>\n"
        f"<style>\n{_source('page.css')}</style>\n</head>\n<body>\n"
    )
    yield f"<header>\n{_head(runs)}</header>\n<main>\n{sections}</main>\n"
    yield f"<footer>Made by walkerbench {escape_html(__version__)}. This page needs no network.</footer>\n"
    yield f'<script type="application/json" id="plots">{_json(plots)}</script>\n'
    yield f"<script>{_inline(plotly_js)}</script>\n"
    yield f"<script>\n{_source('page.js')}</script>\n</body>\n</html>\n"


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
        lines += [f'<p class="warning">{escape_html(who + text)}</p>' for text in warnings if text]
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
    yield _section("Criteria", _each(runs, _criteria))
    frame_times = frame_times_plot(runs)
    yield _section("Frame times", _figures([frame_times] if frame_times else [], plots, no_frames))
    yield _section(
        "Distribution", _grid(_figures(distribution_plots(runs), plots, not_judged)) + _each(runs, tables.durations)
    )
    yield _section("Phases", _figures(phase_plots(runs), plots, not_judged))
    yield _section("Where the time went", _each(runs, _attribution))
    yield _section("Cores", _figures(core_plots(runs), plots, "The cores were not sampled."))
    yield _section("Memory and growth", _each(runs, _memory_and_growth))
    yield _section("Slowest frames", "".join(_worst(run, number, plots, runs) for number, run in enumerate(runs, 1)))
    population = _figures(population_plots(runs), plots, "No checkpoint recorded statistics of the population.")
    yield _section("Population", _grid(population, "grid small"))
    yield _section("Runs", _each(runs, tables.run_facts))
    yield _section("Machine", tables.machine(runs))


def _criteria(run: LabelledRun) -> str:
    verdict = run_verdict(run.run)
    because = f"<p><strong>{verdict.word}</strong>: {escape_html(verdict.because)}</p>"
    return (tables.criteria(run) if run.run.verdicts else "") + because


def _attribution(run: LabelledRun) -> str:
    return tables.attribution_section(run) or "<p>Where the time went is not known.</p>"


def _memory_and_growth(run: LabelledRun) -> str:
    return tables.memory_and_growth(run) or "<p>Memory was not sampled.</p>"


def _worst(run: LabelledRun, number: int, plots: list[Plot], runs: Sequence[LabelledRun]) -> str:
    figures = _grid(_figures(worst_frame_plots(run, number), plots, "No frame was judged."))
    if len(run.judged):
        figures = _legend(timeline_colours(run)) + figures
    return figures if len(runs) == 1 else f"<h3>{escape_html(run.label)}</h3>\n{figures}\n"


def _section(heading: str, content: str) -> str:
    return f"<section>\n<h2>{heading}</h2>\n{content}\n</section>\n"


def _each(runs: Sequence[LabelledRun], content: Callable[[LabelledRun], str]) -> str:
    """Return the content for each run; several runs stand side by side, each below its name."""
    if len(runs) == 1:
        return content(runs[0])
    return _grid("".join(f"<div>\n<h3>{escape_html(run.label)}</h3>\n{content(run)}\n</div>\n" for run in runs))


def _grid(content: str, kind: str = "grid") -> str:
    return f'<div class="{kind}">{content}</div>'


def _legend(colours: Mapping[str, str]) -> str:
    """Return one legend for many small plots."""
    return f'<p class="legend">{"".join(_swatch(name, colour) for name, colour in colours.items())}</p>'


def _swatch(name: str, colour: str) -> str:
    return f'<span><span class="swatch" style="background:var({colour})"></span>{escape_html(name)}</span>'


def _figures(shown: Sequence[Plot], plots: list[Plot], otherwise: str) -> str:
    plots += shown
    return "\n".join(_figure(plot) for plot in shown) or f"<p>{otherwise}</p>"


def _figure(plot: Plot) -> str:
    note = f'<p class="note">{escape_html(plot.note)}</p>' if plot.note else ""
    return (
        f'<figure><figcaption id="{plot.name}-title">{escape_html(plot.title)}</figcaption>'
        f'<div id="{plot.name}" class="plot" role="img" aria-label="{escape_html(plot.summary)}" '
        f'style="height:{plot.height_px}px"></div>{note}</figure>'
    )


def _inline(script: str) -> str:
    """Return a script, escaped so that no text within it can end the script element."""
    return script.replace("</script", r"<\/script")


def _json(plots: Sequence[Plot]) -> str:
    """Return plots as JSON for the page's script; no text in them can end the script element around them."""
    content = [{"name": plot.name, "data": plot.traces, "layout": plot.layout} for plot in plots]
    return json.dumps(_finite(content), allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _finite(value: Any) -> Any:
    """Return the same value, with None for each number that JSON cannot hold (NaN, infinity)."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
        case _:
            return value


def _source(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
