"""The run as Markdown, to be pasted into a pull request or appended to `$GITHUB_STEP_SUMMARY`.

Source of the format: GitHub Flavored Markdown, tables included. The verdict comes first, with the warnings that a
reader must know before any number; the facts come last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from walkerbench.reports.markdown.escaping import Markdown, code, escape_markdown, head, row
from walkerbench.reports.wording.durations import main_durations
from walkerbench.reports.wording.machine_facts import machine_in_words
from walkerbench.reports.wording.numbers import NOT_MEASURED, counted, fixed, stage_name
from walkerbench.reports.wording.run_verdict import digest_of, faults_injected, measured_in_words, run_verdict, trouble
from walkerbench.reports.wording.subject import workload_in_words

if TYPE_CHECKING:
    from walkerbench.criteria.judging import Verdict
    from walkerbench.run_directory import RunFile

_STATISTICS = ("mean", "p50", "p95", "p99", "max")
_OUTCOMES = {"pass": "pass", "fail": Markdown("**fail**"), "unsupported": Markdown("**unsupported**")}


def render(run: RunFile) -> str:
    """Return the summary, as text."""
    verdict = run_verdict(run)
    lines = [f"## walkerbench: {verdict.word}", "", escape_markdown(verdict.because)]
    for warning in (trouble(run), faults_injected(run)):
        lines += ["", f"**{escape_markdown(warning)}**"] if warning else []
    for table in (_criteria(run), _durations(run)):
        lines += ["", *table]
    return "\n".join((*lines, "", *_facts(run))) + "\n"


def _criteria(run: RunFile) -> Iterator[str]:
    several = len(run.stages) > 1
    if run.verdicts:
        yield from head("criterion", *(["stage"] if several else []), "measured", "verdict")
    for verdict in run.verdicts:
        stage = [stage_name(verdict.stage)] if several else []
        yield row(code(verdict.criterion), *stage, _measured(verdict), _OUTCOMES[verdict.outcome])


def _measured(verdict: Verdict) -> str:
    if verdict.value is None:
        return f"{NOT_MEASURED} {verdict.detail}".rstrip()
    measured = measured_in_words(verdict.criterion, verdict.value)
    # A value that was measured but not judged is shown with the reason.
    return f"{measured} ({verdict.detail})" if verdict.outcome == "unsupported" else measured


def _durations(run: RunFile) -> Iterator[str]:
    yield from head("judged frames, ms", *_STATISTICS)
    for metric in main_durations(run.workload).values():
        values = [fixed(run.metrics.get(f"{metric}.{statistic}"), 3) for statistic in _STATISTICS]
        yield row(metric.removesuffix("_ms").replace("_", " "), *values)


def _facts(run: RunFile) -> Iterator[str]:
    profile = run.profile
    fps = fixed(run.metrics.get("physics_fps"), 1)
    cores = fixed(run.metrics.get("cpu.effective_cores"), 2)
    stages = "; ".join(
        f"{stage.agents} agents, {counted(stage.workers, 'worker')}, {stage.frames - stage.warmup} judged frames"
        + (f" at pace {run.paces[stage.stage]}" if run.several_paces else "")
        for stage in run.stages
    )
    fallback = f" ({run.mode.requested} was asked for: {run.mode.fallback})" if run.mode.fallback else ""
    facts = {
        "speed": f"{fps} physics frames/s on {cores} effective cores{' at pace max' if run.several_paces else ''}",
        "profile": f"{profile.get('name', '?')}, seed {profile.get('seed', '?')}, pace {run.pace}",
        "workload": f"{workload_in_words(run)}, {run.mode.used} mode{fallback}",
        "stages": stages or NOT_MEASURED,
        "machine": machine_in_words(run.machine),
        "digest": code(run.digest) if run.digest else digest_of(run),
        "recorded": f"{run.started_utc} by walkerbench {run.walkerbench_version}",
    }
    for name, fact in facts.items():
        yield f"- {name}: {fact if isinstance(fact, Markdown) else escape_markdown(fact)}"
