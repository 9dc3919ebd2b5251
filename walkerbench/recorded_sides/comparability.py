"""Checks whether two recorded runs may be compared, and names each difference that forbids it in one line.

A missing fact counts as a difference. Two kinds of facts must match:

- How the runs were measured: both runs are finished and have judged frames; they are two recordings of the same schema,
  workload and pace, with the same metrics, on machines whose facts of `MUST_MATCH` are equal. No permission allows a
  difference here.
- The work: seed, stages, agents, frames, warm-up and digests are equal. Where the work was changed on purpose, these
  may be allowed to differ, and the comparison then says so.

Safeguards may differ: they do not change the trajectory. Injected faults are refused before this check, or allowed by
the rules of the comparison; reports then name them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import numpy as np

from walkerbench.criteria.judging import RunState
from walkerbench.criteria.statistics import STATISTICS
from walkerbench.errors import NotComparable
from walkerbench.recorded_value import differing, flattened
from walkerbench.recording.machine import MUST_MATCH
from walkerbench.run_directory import RecordedRun, RunFile, WorkloadRecord
from walkerbench.workloads.digests import KEY_COLUMNS, digest_fields, digests_at, first_difference, short_digest

JUDGED = "frame_ms.mean"
"""The metric of a run that comparisons judge."""


_FIRST_SCHEMA_OF_FACT = {"instrumentation": 5}
"""Fact of the machine → the first schema whose runs record it; other facts are in every schema."""


_RECORD_AGAIN = "repeats of one side must do the same work: record them again"
_BY_CHANCE = "the workload is not deterministic: its work must not depend on the clock or on chance"


def compared_metrics(workload: WorkloadRecord) -> tuple[str, ...]:
    """Return the metrics of a run that a comparison judges or shows."""
    durations = ("frame_ms", workload.main_phase.metric)
    statistics = (f"{duration}.{statistic}" for duration in durations for statistic in STATISTICS)
    return (*statistics, "physics_fps", "cpu.effective_cores")


def check_comparable(base: RecordedRun, candidate: RecordedRun, *, allow_different_work: bool) -> tuple[str, ...]:
    """Check that a run of a candidate may be compared with a run of the base.

    Args:
        base: The base's run.
        candidate: The candidate's run.
        allow_different_work: Whether the work may differ; how the runs were measured may never differ.

    Returns:
        The differences in the work, where they are allowed; empty where the work is proved to be the same.

    Raises:
        NotComparable: The runs may not be compared; one line per reason.
    """
    _refuse((*obstacles(base), *obstacles(candidate)))
    otherwise, work = tuple(measured_differently(base, candidate)), tuple(different_work(base, candidate))
    _refuse((*otherwise, *(() if allow_different_work else work)), different_work=not otherwise)
    return work


def check_repeats(first: RecordedRun, other: RecordedRun) -> None:
    """Check that two runs may be repeats of one side; no permission allows a difference between repeats.

    Raises:
        NotComparable: The runs are not repeats; one line per reason.
    """
    _refuse((*obstacles(first), *obstacles(other)))
    # Where the same code was asked for the same work and did different work, the cause is chance.
    asked_alike = first.run.code == other.run.code and not _settings_that_differ(first.run, other.run)
    by_chance = asked_alike and not any(different_plan(first, other))
    work = (f"{line}; {_BY_CHANCE if by_chance else _RECORD_AGAIN}" for line in different_work(first, other))
    _refuse((*measured_differently(first, other), *work))


def check_same_mode(base: RecordedRun, candidate: RecordedRun) -> None:
    """Check that two runs used the same mode with the same numbers of workers, so that only the code may differ.

    Raises:
        NotComparable: The mode or a number of workers differs.
    """
    ways = [(each.run.mode.used, [stage.workers for stage in each.run.stages]) for each in (base, candidate)]
    if ways[0] != ways[1]:
        told = [
            f"{mode} mode with {', '.join(dict.fromkeys(map(str, workers)))} worker{'' if set(workers) == {1} else 's'}"
            for mode, workers in ways
        ]
        raise NotComparable(
            f"{base.directory} was recorded in {told[0]}, and {candidate.directory} in {told[1]}: give the mode and "
            "the number of workers that the baseline was recorded with, or record another baseline",
            parameters=("mode", "workers"),
        )


def obstacles(recorded: RecordedRun) -> Iterator[str]:
    """Yield each reason why a run cannot be compared with any other run, one line each."""
    run, where = recorded.run, recorded.directory
    reason = f" ({run.ended_because})" if run.ended_because else ""
    ends: Mapping[RunState, str] = {
        "running": "has no end: it is still going on, or it was killed",
        "interrupted": f"was interrupted{reason}",
        "emergency": f"stopped itself{reason}",
        "broken": f"broke{reason}",
    }
    if run.state in ends:
        yield f"{where}: the run {ends[run.state]}: only finished runs are compared; record it again"
    elif not any(stage.frames > stage.warmup for stage in run.stages):
        yield f"{where}: the run has no judged frames: record it again, with more frames than its warm-up has"
    elif run.workload.main_phase.decides and len(run.workload.phases) > 1:
        yield (
            f"{where}: frames of {run.workload.name} hold more than is to be compared, such as a test's set-up: "
            "measure both sides now, interleaved"
        )
    elif any(stage.switches for stage in run.stages):
        yield f"{where}: mode or pace was switched while the run went on: record it again, in one of each"
    elif run.metrics.get(JUDGED) is None:
        yield f"{where}: the run has no {JUDGED}, which is what is compared: record it again"


def measured_differently(base: RecordedRun, candidate: RecordedRun) -> Iterator[str]:
    """Yield each difference in how two runs were measured, one line each."""
    one, other = base.run, candidate.run
    where = _both(base, candidate)
    yield from same_recording(base, candidate)
    if one.schema_version != other.schema_version:
        yield _differ(where, "the schema", one.schema_version, other.schema_version, "record both with one walkerbench")
    if one.workload.name != other.workload.name:
        yield _differ(where, "the workload", one.workload.name, other.workload.name, "record both with the same")
    if one.pace != other.pace:
        yield _differ(where, "the pace", one.pace, other.pace, "record both at the same")
    for name in sorted({*one.workload.same_work_settings, *other.workload.same_work_settings}):
        # Equal digests do not show that such a setting made no difference.
        ours, theirs = (cast("dict[str, Any]", run.profile.get("environment", {})).get(name) for run in (one, other))
        if ours != theirs:
            yield _differ(where, f"environment.{name}", ours, theirs, "record both with the same")
    for name in compared_metrics(one.workload):
        if (name in one.metrics) != (name in other.metrics):
            lacking = candidate if name in one.metrics else base
            yield f"{where}: {lacking.directory} lacks the metric {name}: record it again"
    for fact in sorted(MUST_MATCH):
        if fact == "start_method" and one.mode.used != other.mode.used:
            continue  # each mode has its own start method
        if max(one.schema_version, other.schema_version) >= _FIRST_SCHEMA_OF_FACT.get(fact, 1):
            yield from _machine_differs(where, fact, one.machine, other.machine)


def different_work(base: RecordedRun, candidate: RecordedRun) -> Iterator[str]:
    """Yield how the work of two runs differs, one line each.

    Yields nothing where digests prove that the work is the same, or where the workload has no digests.
    """
    planned = tuple(different_plan(base, candidate))
    # Where different work was planned, the digests add no information.
    yield from planned or different_digests(base, candidate)


def different_plan(base: RecordedRun, candidate: RecordedRun) -> Iterator[str]:
    """Yield each difference in the work that two runs were asked to do, one line each."""
    plans = zip(_plan(base.run).items(), _plan(candidate.run).values(), strict=True)
    for (name, one), other in plans:
        if one != other:
            yield _differ(_both(base, candidate), name, one, other, _remark(name, base.run))


def different_digests(base: RecordedRun, candidate: RecordedRun) -> Iterator[str]:
    """Yield one line that says where the work of two runs first differs; nothing where it does not or is unproven."""
    where = _both(base, candidate)
    if not_proven_because((base, candidate)) is not None:
        # Without digests, the work is known to be different only where the settings are different.
        settings = _settings_that_differ(base.run, candidate.run)
        if settings:
            yield f"{where} have different settings{settings}, and no digest proves that the work is the same"
        return
    digests = base.run.digest, candidate.run.digest
    if None in digests:
        lacking = base if digests[0] is None else candidate
        yield f"{where}: {lacking.directory} has no digest to prove what work it did"
    elif digests[0] != digests[1]:
        settings = _settings_that_differ(base.run, candidate.run)
        yield f"{where} did different work: {_where_digests_differ(base, candidate)}{settings}"


def not_proven_because(runs: Iterable[RecordedRun]) -> str | None:
    """Return why digests cannot prove that runs did the same work, where a workload digests nothing; or None."""
    return next((reason for each in runs if (reason := each.run.workload.same_work_not_proven) is not None), None)


def same_recording(one: RecordedRun, other: RecordedRun) -> Iterator[str]:
    """Yield one line where two runs are the same run, or one is a copy of the other."""
    if one.directory.resolve() == other.directory.resolve():
        yield f"{other.directory}: the run is named twice: a run compared with itself says nothing; record another"
    elif one.run == other.run:
        copied = f"the run is a copy of {one.directory}"
        yield f"{other.directory}: {copied}: a run compared with its copy says nothing; record another"


def _refuse(lines: Iterable[str], *, different_work: bool = False) -> None:
    found = tuple(dict.fromkeys(lines))
    if found:
        raise NotComparable(*found, different_work=different_work)


def _both(base: RecordedRun, candidate: RecordedRun) -> str:
    return f"{base.directory} and {candidate.directory}"


def _differ(where: str, what: str, one: object, other: object, remark: str) -> str:
    return f"{where} differ in {what}: {_shown(one)} and {_shown(other)}{f'; {remark}' if remark else ''}"


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)


def _machine_differs(where: str, fact: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[str]:
    if fact not in one or fact not in other:
        yield f"{where}: not both have recorded the machine's {fact}: record both again"
        return
    tables = (flattened({fact: machine[fact]}) for machine in (one, other))
    for key, values in differing(*tables).items():
        # walkerbench's version belongs to the code that is compared, so it may differ.
        if key != "packages.walkerbench":
            yield _differ(where, f"the machine's {key}", *values, "record both on one machine, set up alike")


def _plan(run: RunFile) -> dict[str, str]:
    """Return the work that a run was asked to do: name → value, as text."""
    stages = run.stages
    return {
        "the workload's arguments": f"{run.profile.get('workload_arguments') or 'nothing'}",
        "the seed": f"{run.profile.get('seed', 'nothing')}",
        "the number of stages": f"{len(stages)}",
        "agents": ", ".join(str(stage.agents) for stage in stages),
        "frames": ", ".join(str(stage.frames) for stage in stages),
        "warm-up frames": ", ".join(str(stage.warmup) for stage in stages),
        "the frames between checkpoints": f"{run.profile.get('checkpoint_every', 'nothing')}",
    }


def _remark(name: str, run: RunFile) -> str:
    by_duration = name == "frames" and any(stage.get("duration_s") for stage in run.profile.get("stages", ()))
    return "a duration gives a different number of frames each time: give a number of frames" if by_duration else ""


def _where_digests_differ(base: RecordedRun, candidate: RecordedRun) -> str:
    """Return the first checkpoint and agent whose digests differ, and in which fields."""
    fields = digest_fields(base.digests)
    if fields != digest_fields(candidate.digests):
        return "their digests cover different fields"
    rows = min(len(base.digests), len(candidate.digests))
    one, other = (each.digests[list(KEY_COLUMNS)][:rows] for each in (base, candidate))
    if (one != other).any():
        return "their checkpoints are of different moments or agents"
    for stage, frame in np.unique(one[["stage", "frame"]]).tolist():
        found = first_difference(fields, *(digests_at(each.digests, stage, frame) for each in (base, candidate)))
        if found is not None:
            where = f", stage {stage + 1}" if len(base.run.stages) > 1 else ""
            of_agent = f"agent {found.agent}'s {' and '.join(found.fields)}"
            return f"the first difference is at the checkpoint of frame {frame}{where}: {of_agent}"
    digests = [short_digest(str(each.run.digest)) for each in (base, candidate)]
    return f"their digests are {digests[0]} and {digests[1]}, though digests.npy does not show where they differ"


def _settings_that_differ(one: RunFile, other: RunFile) -> str:
    """Return the settings of the environment that differ, in parentheses; empty where none do."""
    settings = [flattened({"environment": run.profile.get("environment", {})}) for run in (one, other)]
    texts = [f"{key} is {_shown(mine)} and {_shown(its)}" for key, (mine, its) in differing(*settings).items()]
    return f" ({', '.join(texts)})" if texts else ""
