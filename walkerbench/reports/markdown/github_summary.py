"""The result of a gate for GitHub Actions: a Markdown summary of the job's step, and annotations.

Source: GitHub's documentation of workflow commands. GitHub shows at most 10 annotations of each kind per step, so a
gate writes one of each kind. A summary may have 1 MiB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from walkerbench.reports.markdown.escaping import Markdown, code, escape_markdown, head, row
from walkerbench.reports.wording.comparison import (
    disturbances,
    faults_of_sides,
    interval,
    judged_by,
    level,
    measured_code,
    noteworthy,
    slowdown,
)
from walkerbench.reports.wording.gate import because, measured, where
from walkerbench.reports.wording.machine_facts import machine_in_words
from walkerbench.reports.wording.numbers import fixed
from walkerbench.shown_text import first_of, shown

if TYPE_CHECKING:
    from walkerbench.comparison.comparison_result import Compared
    from walkerbench.gating.gate_result import GateResult

_TITLE = "walkerbench gate"


def annotation_lines(result: GateResult) -> Iterator[str]:
    """Yield at most one error, one warning and one notice; each holds all messages of its kind."""
    if result.failures:
        yield annotation("error", result.failures)
    warnings = [*faults_of_sides(result.compared), *result.doubts]
    if warnings:
        yield annotation("warning", warnings)
    if result.improvements:
        yield annotation("notice", result.improvements)


def annotation(kind: str, lines: Sequence[str]) -> str:
    """Return a workflow command that makes GitHub show a message.

    Args:
        kind: `error`, `warning` or `notice`.
        lines: The lines of the message; a line break within a line is shown escaped.
    """
    escaped = (shown(line).replace("%", "%25") for line in first_of(lines))
    return f"::{kind} title={_TITLE}::{'%0A'.join(escaped)}"


def summary(result: GateResult) -> str:
    """Return the summary of a gate's result, as Markdown."""
    compared = result.compared
    lines = [f"## {_TITLE}: {result.word}", "", because(result), ""]
    found = (*result.failures, *result.doubts, *result.improvements, *noteworthy(compared), *disturbances(compared))
    lines += [f"- {escape_markdown(line)}" for line in found]
    lines += ["", *_comparisons(compared), "", *_sides(compared), "", *_criteria(result), ""]
    lines += [
        f"- runs judged by the criteria: {escape_markdown(where(result))}",
        f"- code: {escape_markdown(measured_code(compared))}",
        f"- measured: {escape_markdown(f'{compared.repetitions}, {compared.how}')}",
        f"- judged by: {escape_markdown(judged_by(compared))}",
        f"- work: {escape_markdown(compared.same_work)}",
        f"- machine: {escape_markdown(machine_in_words(compared.machine))}",
        "",
    ]
    return "\n".join(lines)


def broken_summary(lines: Sequence[str]) -> str:
    """Return the summary of a gate that has no result, as Markdown; each line is a reason."""
    reasons = [f"- {escape_markdown(line)}" for line in lines]
    return "\n".join([f"## {_TITLE}: NO VERDICT", "", *reasons, ""])


def _sides(compared: Compared) -> Iterator[str]:
    yield from head("side", "frames/s", "frame mean, ms", "p50", "p99", "max", "effective cores")
    for side in compared.sides:
        times = [fixed(side.frame_ms[name], 3) for name in ("mean", "p50", "p99", "max")]
        yield row(side.label, fixed(side.frames_per_s, 1), *times, fixed(side.effective_cores, 2))


def _comparisons(compared: Compared) -> Iterator[str]:
    yield from head(f"against {compared.base.label}", "speed-up", "interval", "level", "time", "verdict")
    for each in compared.comparisons:
        yield row(
            each.candidate,
            f"{1 / each.time_ratio:.3f}",
            interval(each),
            level(each),
            slowdown(each),
            Markdown(f"**{each.verdict}**"),
        )


def _criteria(result: GateResult) -> Iterator[str]:
    yield from head("criterion", "measured", "verdict")
    for each in result.criteria:
        yield row(code(each.name), measured(each), f"{each.outcome}{each.how_often}")
