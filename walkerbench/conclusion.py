"""From what was recorded to metrics and verdicts: the end of a run, or what a killed run comes to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.run_directory import CheckpointRecord, RecordedRun, RunFile, VerdictRecord
from walkerbench.verdicts.criteria import Verdict, judge, parse_criterion
from walkerbench.verdicts.metrics import Measured, measure


def conclude(recorded: RecordedRun) -> RunFile:
    """Measure and judge every stage and the whole run.

    Args:
        recorded: The run as it was read back; its stages hold counters already.

    Returns:
        Its `run.json` with digests, metrics and verdicts filled in.
    """
    run = recorded.run
    criteria = [parse_criterion(text) for text in run.criteria]
    several = len(run.stages) > 1
    verdicts: list[Verdict] = []
    stages = []
    for stage in run.stages:
        rows = recorded.frames[recorded.frames["stage"] == stage.stage]
        emergency = run.emergency_shutdowns if stage is run.stages[-1] else 0
        measured = measure(rows, recorded.cpu, stage.counters, emergency, _missed_deadlines(run, rows))
        checkpoints = [each for each in run.checkpoints if each.stage == stage.stage]
        warmup = int(np.count_nonzero(rows["warmup"]))
        stages.append(
            stage.model_copy(
                update={
                    "frames": len(rows),
                    "warmup": warmup,
                    "digest": fold(checkpoints),
                    "metrics": measured.values,
                }
            )
        )
        if several:
            verdicts += judge(criteria, measured, stage.stage)
    whole = _measure_whole(recorded)
    verdicts += judge(criteria, whole, None)
    return run.changed(
        stages=tuple(stages),
        metrics=whole.values,
        unmeasured=whole.unmeasured,
        counters=_totals(run),
        missed_deadlines=_missed_deadlines(run, recorded.frames),
        digest=fold(run.checkpoints),
        verdicts=tuple(
            VerdictRecord(
                criterion=verdict.criterion,
                stage=verdict.stage,
                value=verdict.value,
                outcome=verdict.outcome,
                detail=verdict.detail,
            )
            for verdict in verdicts
        ),
    )


def fold(checkpoints: Iterable[CheckpointRecord]) -> str | None:
    """SHA-256 over the checkpoints' digests, in order, as hexadecimal digits; None without any."""
    digests = [bytes.fromhex(checkpoint.digest) for checkpoint in checkpoints]
    return hashlib.sha256(b"".join(digests)).hexdigest() if digests else None


def _measure_whole(recorded: RecordedRun) -> Measured:
    run = recorded.run
    missed = _missed_deadlines(run, recorded.frames)
    return measure(recorded.frames, recorded.cpu, _totals(run), run.emergency_shutdowns, missed)


def _totals(run: RunFile) -> dict[str, int]:
    return {name: sum(stage.counters.get(name, 0) for stage in run.stages) for name in run.workload.counters}


def _missed_deadlines(run: RunFile, frames: NDArray[Any]) -> int | None:
    """Judged frames that took longer than their period, at real-time pace."""
    if run.profile["pace"] != "realtime":
        return None
    period_ns = 1e9 / run.profile["environment"]["physics"]["frames_per_second"]
    return int(np.count_nonzero(frames["wall_ns"][frames["warmup"] == 0] > period_ns))
