"""Tables of the page, as HTML."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from walkerbench.criteria.judging import Verdict
from walkerbench.criteria.statistics import STATISTICS
from walkerbench.reports.html.escaping import Markup, escape_html
from walkerbench.reports.html.html_document import scrolled
from walkerbench.reports.html.labelled_run import LabelledRun
from walkerbench.reports.wording.calls import calls_in_words
from walkerbench.reports.wording.durations import main_durations
from walkerbench.reports.wording.machine_facts import facts_in_words
from walkerbench.reports.wording.numbers import NOT_MEASURED, counted, fixed, stage_name
from walkerbench.reports.wording.over_time import over_time
from walkerbench.reports.wording.run_verdict import (
    OUTCOMES,
    digest_of,
    measured_in_words,
    run_verdict,
    switches_in_words,
)
from walkerbench.reports.wording.slow_frames import all_causes, shown_frames, slow_frame, title
from walkerbench.reports.wording.subject import subject, workload_in_words
from walkerbench.reports.wording.time_shares import beside_shares, part_in_words, percent
from walkerbench.run_directory import RunFile
from walkerbench.shown_text import MOST_IN_A_NAME, shortened

_KINDS = {"PASS": "good", "FAIL": "bad"}
_UNSURE = "unsure"


def html_table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "texts") -> str:
    """Return a table whose first column heads its rows.

    Args:
        caption: What the table holds; screen readers read it, and the page does not show it.
        headings: One text per column.
        rows: Rows with one text per column; `Markup` is left as it is.
        kind: `numbers` where every column but the first holds numbers.
    """
    head = "".join(f'<th scope="col">{escape_html(text)}</th>' for text in headings)
    body = "".join(
        f'<tr><th scope="row">{escape_html(first)}</th>{"".join(map(_cell, others))}</tr>' for first, *others in rows
    )
    return (
        f'<table class="{kind}"><caption>{escape_html(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cell(text: str) -> str:
    return f"<td>{escape_html(text)}</td>"


def overview(runs: Sequence[LabelledRun]) -> str:
    """Return a table of the runs: the verdict first, because a narrow page shows only the first columns."""
    rows = (
        (
            _labelled(each),
            verdict_badge(run_verdict(each.run).word),
            _what_ran(each.run),
            f"{len(each.judged):,}",
            fixed(each.run.metrics.get("physics_fps"), 1),
            fixed(each.run.metrics.get("cpu.effective_cores"), 2),
        )
        for each in runs
    )
    headings = ("run", "verdict", "what ran", "judged frames", "frames/s", "effective cores")
    return scrolled(html_table("The runs", headings, rows))


def _what_ran(run: RunFile) -> str:
    workers = f", {counted(run.mode.workers, 'worker')}" if run.mode.traits.side_by_side else ""
    name = shortened(subject(run), MOST_IN_A_NAME)
    return f"{name}, {shortened(run.mode.used, MOST_IN_A_NAME)}{workers}"


def criteria(run: LabelledRun) -> str:
    """Return a table of the run's criteria and their verdicts."""
    several = len(run.run.stages) > 1
    headings = ("criterion", *(("stage",) if several else ()), "measured", "verdict")
    rows = (
        (
            verdict.criterion,
            *((stage_name(verdict.stage),) if several else ()),
            _measured(verdict),
            verdict_badge(OUTCOMES[verdict.outcome]),
        )
        for verdict in run.run.verdicts
    )
    return html_table(f"Criteria of {run.label}", headings, rows)


def _measured(verdict: Verdict) -> str:
    if verdict.value is None:
        return verdict.detail
    measured = measured_in_words(verdict.criterion, verdict.value)
    # A value that was measured but not judged is shown with the reason.
    return f"{measured} ({verdict.detail})" if verdict.outcome == "unsupported" else measured


def durations(run: LabelledRun) -> str:
    """Return a table of statistics of the judged frames and of their parts, in ms."""
    metrics = main_durations(run.run.workload).values()
    rows = (
        (
            metric.removesuffix("_ms").replace("_", " "),
            *(fixed(run.run.metrics.get(f"{metric}.{statistic}"), 3) for statistic in STATISTICS),
        )
        for metric in metrics
    )
    return scrolled(html_table(f"Judged frames of {run.label}, in ms", ("ms", *STATISTICS), rows, "numbers"))


def attribution_section(run: LabelledRun) -> str:
    """Return where the judged frames' time went, and why frames were slow; empty where neither is known."""
    found = run.run.attribution
    if found is None:
        return _slow_frames(run.run)
    rows = [(part_in_words(run.run, share), percent(share)) for share in found.shares]
    parts = html_table(f"Attribution of {run.label}", ("part", "share of the frame"), rows, "numbers")
    cores = f"{fixed(found.effective_cores, 2)} effective cores within frames"
    beside = f"<p>{escape_html(f'{cores}; of the time above {beside_shares(found)}')}</p>"
    return parts + beside + _slow_frames(run.run)


def _slow_frames(run: RunFile) -> str:
    if not run.worst_frames:
        return ""
    lines = "".join(f"<li>{escape_html(slow_frame(run, frame))}</li>" for frame in shown_frames(run))
    causes = f"<p>{escape_html(all_causes(run))}</p>" if all_causes(run) else ""
    return f"<p>{escape_html(title(run))}</p><ul>{lines}</ul>{causes}"


def memory_and_growth(run: LabelledRun) -> str:
    """Return how much memory a run used, and how memory and frame times grew; empty where it is not known."""
    rows = over_time(run.run)
    return html_table(f"Memory and growth of {run.label}", ("figure", "value"), rows.items()) if rows else ""


def run_facts(run: LabelledRun) -> str:
    """Return a table of facts of the run: its profile, workload, mode, agents, digest and so on."""
    each = run.run
    asked = "" if each.mode.used == each.mode.requested else f" ({each.mode.requested} was asked for)"
    rows = {
        "run": str(run.recorded.directory),
        "started": each.started_utc,
        "profile": f"{each.profile.get('name', '?')} ({each.profile.get('source', '?')})",
        "workload": workload_in_words(each),
        "mode": each.mode.used + asked,
        **switches_in_words(each),
        "agents": ", ".join(str(stage.agents) for stage in each.stages) or NOT_MEASURED,
        "workers": ", ".join(str(stage.workers) for stage in each.stages) or str(each.mode.workers),
        **calls_in_words(each),
        "seed": str(each.profile.get("seed", "?")),
        "pace": each.pace,
        "digest": digest_of(each),
        "walkerbench": each.walkerbench_version,
    }
    return html_table(f"Facts of {run.label}", ("fact", "value"), rows.items())


def machine(runs: Sequence[LabelledRun]) -> str:
    """Return facts of the machines: a fact that is equal for all runs once, a fact that differs for each run."""
    of_each = [facts_in_words({"code": dataclasses.asdict(run.run.code), **run.run.machine}) for run in runs]
    names = dict.fromkeys(name for each in of_each for name in each)
    rows: list[tuple[str, str, str]] = []
    for name in names:
        values = [each.get(name, NOT_MEASURED) for each in of_each]
        if len(set(values)) == 1:
            rows.append((name, "all" if len(runs) > 1 else "", values[0]))
        else:
            rows += [(name, run.label[:1], value) for run, value in zip(runs, values, strict=True)]
    if len(runs) == 1:
        return html_table("Facts of the machine", ("fact", "value"), ((name, value) for name, _, value in rows))
    return html_table("Facts of the machines", ("fact", "run", "value"), rows)


def _labelled(run: LabelledRun) -> Markup:
    swatch = f'<span class="swatch" style="background:var({run.colour})"></span>'
    return Markup(f"{swatch}{escape_html(run.label)}")


def verdict_badge(word: str, kind: str | None = None) -> Markup:
    """Return a verdict in its colour.

    Args:
        word: The verdict.
        kind: `good`, `bad` or `unsure`; by default what the word of a run or a criterion means.
    """
    return Markup(f'<span class="badge {kind or _KINDS.get(word, _UNSURE)}">{escape_html(word)}</span>')
