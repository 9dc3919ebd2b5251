"""Judges one run by its criteria, and says what the run's exit code is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from walkerbench.criteria.grammar import Criterion, check_known
from walkerbench.criteria.metrics import Measured
from walkerbench.errors import ExitCode
from walkerbench.recorded_value import RecordedValue

Outcome = Literal["pass", "fail", "unsupported"]
"""The result of judging a criterion: met, not met, or not judged."""

RunState = Literal["running", "finished", "interrupted", "emergency", "broken"]
"""The state of a run. The file of a run that was killed also says `running`; `emergency` means that a safeguard stopped
the run."""

VerdictWord = Literal["PASS", "FAIL", "INCONCLUSIVE", "NO VERDICT"]
"""The result of a run or a gate, as a word; see `verdict_word`."""


@dataclass(frozen=True)
class Verdict(RecordedValue):
    """The result of judging one criterion.

    Attributes:
        criterion: Its canonical text.
        stage: The stage judged, or None for the whole run.
        value: What was measured, or None.
        outcome: `unsupported` where too little was measured to judge: neither a pass nor a failure.
        detail: One line for a reader.
    """

    criterion: str
    stage: int | None
    value: float | None
    outcome: Outcome
    detail: str


def judge_criteria(criteria: Iterable[Criterion], measured: Measured, stage: int | None) -> tuple[Verdict, ...]:
    """Return the verdict on each criterion.

    Args:
        criteria: The criteria, which limit what was measured.
        measured: The metrics of the stage or the whole run.
        stage: The stage's number; None for the whole run.

    Raises:
        CriterionError: A criterion limits a metric that is not measured at all.
    """
    return tuple(_judge(criterion, measured, stage) for criterion in criteria)


def exit_code_of_run(state: RunState, verdicts: Iterable[Verdict]) -> ExitCode:
    """Return the process's exit code for a run.

    Args:
        state: The run's state; one left `running` was killed, so it counts as broken.
        verdicts: Its verdicts; a run without any is inconclusive.

    Returns:
        The first that applies: interrupted, broken, a criterion failed or an emergency shutdown, inconclusive, passed.
    """
    outcomes = {verdict.outcome for verdict in verdicts}
    if state == "interrupted":
        return ExitCode.INTERRUPTED
    if state not in ("finished", "emergency"):
        return ExitCode.BROKEN
    if "fail" in outcomes or state == "emergency":
        return ExitCode.FAIL
    return ExitCode.PASS if outcomes == {"pass"} else ExitCode.INCONCLUSIVE


def verdict_word(code: ExitCode) -> VerdictWord:
    """Return the word for an exit code: NO VERDICT where nothing could be decided because the run did not finish."""
    words: Mapping[ExitCode, VerdictWord] = {
        ExitCode.PASS: "PASS",
        ExitCode.FAIL: "FAIL",
        ExitCode.INCONCLUSIVE: "INCONCLUSIVE",
    }
    return words.get(code, "NO VERDICT")


def _judge(criterion: Criterion, measured: Measured, stage: int | None) -> Verdict:
    check_known(criterion, measured.values)
    text = str(criterion)
    value = measured.values[criterion.key]
    if value is None:
        reason = measured.unmeasured.get(criterion.key, "not measured")
        return Verdict(text, stage, None, "unsupported", reason)
    if math.isnan(value):
        return Verdict(text, stage, None, "unsupported", "the measured value is not a number")
    interval = measured.interval(criterion.key)
    if interval is not None:
        return _judge_estimate(criterion, value, interval, stage)
    if criterion.holds(value):
        return Verdict(text, stage, value, "pass", f"{value:.6g}")
    return Verdict(text, stage, value, "fail", f"{value:.6g} is not {criterion.operator} {criterion.value:.6g}")


def _judge_estimate(criterion: Criterion, value: float, interval: tuple[float, float], stage: int | None) -> Verdict:
    """Judge by the whole interval of an estimate: met where all of it meets the criterion, not met where none does."""
    low, high = interval
    # Within the interval, only the criterion's own value separates values that meet it from values that do not.
    outcomes = {criterion.holds(each) for each in (low, high, min(max(low, criterion.value), high))}
    outcome: Outcome = "unsupported" if len(outcomes) > 1 else "pass" if True in outcomes else "fail"
    bounds = f"{value:.6g}, and by its interval between {low:.6g} and {high:.6g}"
    detail = {
        "pass": bounds,
        "fail": f"{bounds}: nowhere {criterion.operator} {criterion.value:.6g}",
        "unsupported": f"{bounds}: the limit lies between them; a longer run narrows it",
    }
    return Verdict(str(criterion), stage, value, outcome, detail[outcome])
