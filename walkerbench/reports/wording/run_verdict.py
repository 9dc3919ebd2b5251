"""What a run comes to, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from walkerbench.criteria.grammar import parse_criterion
from walkerbench.reports.wording.numbers import stage_name

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile


OUTCOMES = {"pass": "PASS", "fail": "FAIL", "unsupported": "UNSUPPORTED"}
"""What became of a criterion, as a word that is seen."""


@dataclass(frozen=True)
class Conclusion:
    """What a run comes to.

    Attributes:
        word: PASS for exit code 0, FAIL for 1, INCONCLUSIVE for 4, NO VERDICT for any other.
        because: Why, as a sentence.
    """

    word: Literal["PASS", "FAIL", "INCONCLUSIVE", "NO VERDICT"]
    because: str


def conclude(run: RunFile) -> Conclusion:
    """Put a run's state and verdicts into words, in the order of `criteria.judging.exit_code`."""
    if run.state == "interrupted":
        return Conclusion("NO VERDICT", "the run was interrupted; what was measured until then stands above.")
    if run.state == "running":
        return Conclusion("NO VERDICT", "the run has no end: it is still going on, or it was killed.")
    if run.state == "broken":
        return Conclusion("NO VERDICT", _sentence(f"the run broke: {_reason(run)}"))
    if run.state == "emergency":
        return Conclusion("FAIL", _sentence(_reason(run)))
    failed = _named(run, "fail")
    if failed:
        return Conclusion("FAIL", f"not met: {failed}.")
    unsupported = _named(run, "unsupported")
    if unsupported:
        return Conclusion("INCONCLUSIVE", f"could not be judged: {unsupported}.")
    if not run.verdicts:
        return Conclusion("INCONCLUSIVE", "nothing was judged.")
    where = f", in each of {len(run.stages)} stages and as a whole" if len(run.stages) > 1 else ""
    return Conclusion("PASS", f"every criterion is met{where}.")


def trouble(run: RunFile) -> str | None:
    """What a reader must know before any number: that the run is not whole, and why; None for one that is."""
    words = {
        "running": "UNFINISHED: still running, or killed; shown as far as it was recorded",
        "interrupted": "INTERRUPTED",
        "broken": "BROKEN",
        "emergency": "STOPPED ITSELF",
    }
    word = words.get(run.state)
    if word is None:
        return None
    frames = sum(stage.frames for stage in run.stages)
    reason = f": {run.ended_because}" if run.ended_because else ""
    return f"{word}{reason} (after {frames:,} frames)"


def faults_injected(run: RunFile) -> str | None:
    """What a reader must know of a run that was slowed down on purpose; None for any other."""
    return f"FAULTS INJECTED: {run.faults}" if run.faults else None


def dropped_observers(run: RunFile) -> str | None:
    """What a reader must know of observers that did not see the whole run; None where each did."""
    dropped = [f"{each.name} {each.dropped}" for each in run.observers if each.dropped is not None]
    return f"OBSERVER DROPPED: {'; '.join(dropped)}" if dropped else None


def measured_in_words(criterion: str, value: float) -> str:
    """A value with as many digits as it takes to see why it meets the criterion, or not."""
    parsed = parse_criterion(criterion)
    texts = [f"{value:.{digits}g}" for digits in (6, 9, 12, 17)]
    return next(text for text in texts if parsed.holds(float(text)) == parsed.holds(value))


def _reason(run: RunFile) -> str:
    return run.ended_because or "no reason was recorded"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _named(run: RunFile, outcome: str) -> str:
    """The criteria that came out like this, each with its stage."""
    several = len(run.stages) > 1
    return ", ".join(
        verdict.criterion + (f" ({_in_stage(verdict.stage)})" if several else "")
        for verdict in run.verdicts
        if verdict.outcome == outcome
    )


def _in_stage(stage: int | None) -> str:
    return "as a whole" if stage is None else f"stage {stage_name(stage)}"
