"""How far a run is from the limits of its criteria, in words: a limit that is far away says little about the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from walkerbench.criteria.grammar import Criterion, parse_criterion
from walkerbench.criteria.metrics import FRAME_SLOPE, MISSED_DEADLINES, RSS_SLOPE, RUN_METRICS, estimate_names
from walkerbench.recorded_value import NOT_AVAILABLE
from walkerbench.reports.wording.numbers import in_short
from walkerbench.reports.wording.run_verdict import in_stage, measured_in_words
from walkerbench.shown_text import shortened

if TYPE_CHECKING:
    from walkerbench.criteria.judging import Outcome, Verdict
    from walkerbench.run_directory import RunFile

_IN_PERCENT = 2.0
"""A value that is less than so many times as far as the limit is near it: the distance is given in percent."""
_MOST_TIMES = 1000
_MOST_IN_A_METRIC = 40

_SLOPES = {RSS_SLOPE: "growth of memory", FRAME_SLOPE: "growth of frame time"}
_NAMES: Mapping[str, str] = {
    "physics_fps": "physics frames/s",
    "cpu.effective_cores": "effective cores",
    "cpu.busiest_core_percent": "busiest core",
    "cpu.other_cores": "cores that other programs kept busy",
    "rss_mb.mean": "resident memory mean",
    "rss_mb.max": "resident memory max",
    "emergency_shutdowns": "emergency shutdowns",
    MISSED_DEADLINES: "missed deadlines",
    **_SLOPES,
    **{low: f"{words}, lower bound" for name, words in _SLOPES.items() for low in estimate_names(name)[1:2]},
    **{high: f"{words}, upper bound" for name, words in _SLOPES.items() for high in estimate_names(name)[2:]},
}
_UNITS_IN_THE_NAME = ("frames/s", "cores", "frames", "")
_SEVERITY: Sequence[Outcome] = ("fail", "unsupported", "pass")


@dataclass(frozen=True)
class JudgedCriterion:
    """The result of judging a criterion in all stages of a run, in words.

    Attributes:
        outcome: The most severe outcome.
        words: What was measured, and how far it is from the limit, in a line.
    """

    outcome: Outcome
    words: str


def judged_criteria(run: RunFile) -> list[JudgedCriterion]:
    """Return the result of each criterion: those not met first, then those that were not judged.

    Of several stages, the one that is furthest over the limit is shown, or the one nearest to it where all meet it.
    """
    by_criterion: dict[str, list[Verdict]] = {}
    for verdict in run.verdicts:
        by_criterion.setdefault(verdict.criterion, []).append(verdict)
    judged = [_over_all_stages(run, verdicts) for verdicts in by_criterion.values()]
    return sorted(judged, key=lambda each: _SEVERITY.index(each.outcome))


def left_out_criteria(judged: Sequence[JudgedCriterion]) -> str:
    """Return how many criteria are not shown, with their outcomes, in words."""
    words: Mapping[Outcome, str] = {"fail": "not met", "unsupported": "not judged", "pass": "met"}
    counts = Counter(words[each.outcome] for each in judged)
    return f"and {len(judged):,} more: {', '.join(f'{count:,} {outcome}' for outcome, count in counts.items())}"


def metric_in_words(key: str) -> str:
    """Return the name of a metric for readers: `frame max` for `frame_ms.max`."""
    if key in _NAMES:
        return _NAMES[key]
    metric, _, statistic = key.rpartition(".")
    if not metric.endswith("_ms"):
        return shortened(key, _MOST_IN_A_METRIC)
    return f"{shortened(metric.removesuffix('_ms').replace('_', ' '), _MOST_IN_A_METRIC)} {statistic}"


def distance_in_words(criterion: Criterion, value: float) -> str:
    """Return how far a value is from the limit of a criterion: `98 times below 200`, `23 % over the limit of 200`.

    Args:
        criterion: The criterion.
        value: What was measured, in the unit of the criterion's value; a finite number.
    """
    limit = f"{criterion.value:,.10g}"
    if criterion.operator in ("==", "!="):
        return _equality(criterion, value, limit)
    if value == criterion.value:
        return f"at the limit of {limit}{'' if criterion.holds(value) else ', which is not allowed'}"
    upper = criterion.operator in ("<", "<=")
    if criterion.holds(value):
        return _with_amount(criterion.value, value, f"{'below' if upper else 'above'} {limit}")
    return _with_amount(criterion.value, value, f"{'over' if upper else 'under'} the limit of {limit}")


def _over_all_stages(run: RunFile, verdicts: Sequence[Verdict]) -> JudgedCriterion:
    outcome = min((each.outcome for each in verdicts), key=_SEVERITY.index)
    which = [each for each in verdicts if each.outcome == outcome]
    criterion = parse_criterion(which[0].criterion)
    values = {number: each.value for number, each in enumerate(which) if each.value is not None}
    distances = {number: abs(value - criterion.value) for number, value in values.items()}
    choose = min if outcome == "pass" else max
    verdict = which[choose(distances, key=distances.__getitem__)] if distances else which[0]
    return JudgedCriterion(outcome, f"{_in_words(run, criterion, verdict)}{_where(run, verdict, len(which))}")


def _in_words(run: RunFile, criterion: Criterion, verdict: Verdict) -> str:
    name = metric_in_words(criterion.key)
    if verdict.value is None:
        return f"{name} {NOT_AVAILABLE}: {verdict.detail}"
    if verdict.outcome == "unsupported":
        return f"{name} not judged: {verdict.detail}"
    measured = f"{name} {_value(criterion, verdict.value)}"
    bound = _bound(run, criterion, verdict)
    if bound is None:
        return f"{measured}, {distance_in_words(criterion, verdict.value)}"
    # The criterion holds or fails over the whole interval: the bound next to the limit is the distance.
    within = "at most" if bound > verdict.value else "at least"
    return f"{measured} ({within} {_value(criterion, bound)}), {distance_in_words(criterion, bound)}"


def _bound(run: RunFile, criterion: Criterion, verdict: Verdict) -> float | None:
    """Return the bound of an estimate's interval that is nearest to the limit; None where the value is no estimate."""
    metrics = run.metrics if verdict.stage is None else run.stages[verdict.stage].metrics
    bounds = [metrics.get(each) for each in estimate_names(criterion.key)[1:]]
    known = [bound for bound in bounds if bound is not None]
    return min(known, key=lambda bound: abs(bound - criterion.value)) if len(known) == len(bounds) else None


def _where(run: RunFile, verdict: Verdict, count: int) -> str:
    if len(run.stages) < 2:
        return ""
    if verdict.outcome == "pass":
        return f" (nearest to the limit: {in_stage(verdict.stage)})"
    others = f", and {count - 1} more" if count > 1 else ""
    return f" ({in_stage(verdict.stage)}{others})"


def _value(criterion: Criterion, value: float) -> str:
    in_full = measured_in_words(str(criterion), value)
    candidates = (in_short(value), *(f"{value:,.{digits}f}" for digits in (2, 3, 4)))
    text = next((text for text in candidates if _on_the_same_side(criterion.value, value, text)), in_full)
    unit = _unit(criterion)
    return text if unit in _UNITS_IN_THE_NAME else f"{text} {unit}"


def _on_the_same_side(limit: float, value: float, text: str) -> bool:
    """Return whether a rounded value is below, at or above a limit as the value itself is."""
    rounded = float(text.replace(",", ""))
    return (rounded < limit, rounded == limit) == (value < limit, value == limit)


def _unit(criterion: Criterion) -> str:
    if criterion.key in RUN_METRICS:
        return RUN_METRICS[criterion.key].unit
    return "ms" if criterion.statistic is not None else ""


def _equality(criterion: Criterion, value: float, limit: str) -> str:
    if criterion.operator == "==":
        return "as required" if criterion.holds(value) else f"where {limit} is required"
    return f"other than {limit}, as required" if criterion.holds(value) else "which is not allowed"


def _with_amount(limit: float, value: float, where: str) -> str:
    """Return the distance of a value from another one in words: a factor, percent, or a difference below 0."""
    if limit == 0 or (limit < 0) != (value < 0):
        return f"{in_short(abs(value - limit))} {where}" if value else where
    if not value:
        return where
    factor = max(value / limit, limit / value)
    if factor > _MOST_TIMES:
        return f"more than {_MOST_TIMES:,} times {where}"
    if factor >= _IN_PERCENT:
        return f"{factor:.0f} times {where}" if factor >= 10 else f"{factor:.1f} times {where}"
    percent = abs(value / limit - 1) * 100
    return f"{percent:.0f} % {where}" if percent >= 10 else f"{percent:.2g} % {where}"
