"""The result of a run, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from walkerbench.criteria.grammar import parse_criterion
from walkerbench.criteria.judging import exit_code_of_run, verdict_word
from walkerbench.reports.wording.numbers import NOT_MEASURED, stage_name
from walkerbench.workloads.digests import not_proven, short_digest

if TYPE_CHECKING:
    from walkerbench.criteria.judging import Outcome, RunState, VerdictWord
    from walkerbench.run_directory import RunFile


OUTCOMES: Mapping[Outcome, str] = {"pass": "PASS", "fail": "FAIL", "unsupported": "UNSUPPORTED"}
"""Outcome of a criterion → the word that reports show for it."""


@dataclass(frozen=True)
class RunVerdict:
    """The result of a run, in words.

    Attributes:
        word: As returned by `criteria.judging.verdict_word`.
        because: The reason, as a sentence.
    """

    word: VerdictWord
    because: str


_MOST_SWITCHES_SHOWN = 3


def run_verdict(run: RunFile) -> RunVerdict:
    """Return the result of a run in words: the word of its exit code, and the reason."""
    return RunVerdict(verdict_word(exit_code_of_run(run.state, run.verdicts)), _reason_for_verdict(run))


def _reason_for_verdict(run: RunFile) -> str:
    ends: Mapping[RunState, str] = {
        "interrupted": "the run was interrupted; what was measured until then is shown.",
        "running": "the run has no end: it is still going on, or it was killed.",
        "broken": _sentence(f"the run broke: {_reason(run)}"),
        "emergency": _sentence(_reason(run)),
    }
    if run.state in ends:
        return ends[run.state]
    failed, unsupported = _named(run, "fail"), _named(run, "unsupported")
    if failed:
        return f"not met: {failed}."
    if unsupported:
        return f"could not be judged: {unsupported}."
    if not run.verdicts:
        return "nothing was judged."
    return f"every criterion is met{_in_which_stages(run)}."


def _in_which_stages(run: RunFile) -> str:
    if len(run.stages) <= 1:
        return ""
    if run.several_paces:
        return ", in every stage that it is judged in and as a whole"
    return f", in each of {len(run.stages)} stages and as a whole"


def trouble(run: RunFile) -> str | None:
    """Return a warning that the run did not finish, with the reason; None for a run that finished."""
    words: Mapping[RunState, str] = {
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
    """Return a warning that faults were injected into the run; None for a run without faults."""
    return f"FAULTS INJECTED: {run.faults}" if run.faults else None


def other_mode(run: RunFile) -> str | None:
    """Return a warning that the run, or a stage of it, ran in another mode than the one asked for; else None."""
    if run.mode.used == run.mode.requested and not run.mode.fallback:
        return None
    return f"OTHER MODE: {run.mode.requested} was asked for: {run.mode.fallback or 'no reason was recorded'}"


def unproven_work(run: RunFile) -> str | None:
    """Return a warning that nothing can prove the run's work equal to another run's; None where digests can."""
    reason = run.workload.same_work_not_proven
    return None if reason is None else f"SAME WORK NOT PROVEN: {reason}"


def digest_of(run: RunFile) -> str:
    """Return a run's digest, shortened; where there is none, the reason."""
    if run.workload.same_work_not_proven is not None:
        return f"{NOT_MEASURED} ({not_proven(run.workload.same_work_not_proven)})"
    return f"{NOT_MEASURED} (no checkpoint)" if run.digest is None else short_digest(run.digest)


def switches_in_words(run: RunFile) -> dict[str, str]:
    """Return the fact `switched` in words: which mode or pace was switched to, and when; no fact without switches."""
    several = len(run.stages) > 1
    lines = []
    for stage in run.stages:
        where = f" of stage {stage.stage + 1}" if several else ""
        lines += [f"to {each.mode or each.pace} before frame {each.frame}{where}" for each in stage.switches]
    shown = lines[:_MOST_SWITCHES_SHOWN]
    more = [f"{len(lines) - len(shown)} more"] if len(lines) > len(shown) else []
    return {"switched": "; ".join((*shown, *more))} if lines else {}


def stages_of_rates(run: RunFile) -> tuple[str, ...]:
    """Return a remark that says which stages the rates of a run come from; none where all stages have one pace."""
    if not run.several_paces:
        return ()
    return ("frames/s and cores: of the stages at pace max; deadlines: of those at pace realtime",)


def dropped_observers(run: RunFile) -> str | None:
    """Return a warning of observers that were dropped during the run; None where none was dropped."""
    dropped = [f"{each.name} {each.dropped}" for each in run.observers if each.dropped is not None]
    return f"OBSERVER DROPPED: {'; '.join(dropped)}" if dropped else None


def remarks_in_words(run: RunFile) -> str | None:
    """Return the workload's remarks on the run; None where it has none."""
    remarks = dict.fromkeys(remark for stage in run.stages for remark in stage.remarks)
    return f"REMARK OF THE WORKLOAD: {'; '.join(remarks)}" if remarks else None


def measured_in_words(criterion: str, value: float) -> str:
    """Return a value with enough digits to show why it meets the criterion, or does not."""
    parsed = parse_criterion(criterion)
    texts = [f"{value:.{digits}g}" for digits in (6, 9, 12, 17)]
    return next(text for text in texts if parsed.holds(float(text)) == parsed.holds(value))


def _reason(run: RunFile) -> str:
    return run.ended_because or "no reason was recorded"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _named(run: RunFile, outcome: Outcome) -> str:
    """Return the criteria that have a given outcome, each with its stage, in words."""
    several = len(run.stages) > 1
    return ", ".join(
        verdict.criterion + (f" ({in_stage(verdict.stage)})" if several else "")
        for verdict in run.verdicts
        if verdict.outcome == outcome
    )


def in_stage(stage: int | None) -> str:
    """Return the part of a run that a verdict is on: `stage 2`, or `as a whole`."""
    return "as a whole" if stage is None else f"stage {stage_name(stage)}"
