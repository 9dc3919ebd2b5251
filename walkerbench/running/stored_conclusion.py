"""Compares the conclusion that a `run.json` states with the one that its arrays give.

Outcomes, names and counts must be equal. A value may differ in its last digits, because another version of NumPy may
add up in another order. A value that an older walkerbench did not record is no difference. The explanations of slow
frames are not compared for a run of another version: the way to find them may change, and slow frames are explained
again when the run is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import RootModel

import walkerbench
from walkerbench.errors import RunFileError
from walkerbench.run_directory import SCHEMA_VERSION, CheckpointRecord, RecordedRun, RunFile
from walkerbench.shown_text import first_of

_TOLERANCE = 1e-9
_MOST_SHOWN = 3
_EXPLAINED = ("unmeasured", "attribution", "slow_frames", "worst_frames")


def check_conclusion(recorded: RecordedRun, computed: RunFile, checkpoints: Sequence[CheckpointRecord]) -> None:
    """Check that the conclusion in a run's file is the one that its arrays give.

    Args:
        recorded: The run as it was read; it has a conclusion.
        computed: Its file as concluded from the arrays.
        checkpoints: As folded from the digests that it recorded.

    Raises:
        RunFileError: The conclusions differ; the message names the first differences.
    """
    stated, given = _stated(recorded.run), _stated(computed)
    given["checkpoints"] = [{"stage": each.stage, "frame": each.frame, "digest": each.digest} for each in checkpoints]
    if recorded.run.state == "interrupted":
        # A second interrupt may come after a frame or a checkpoint, and before it is counted.
        common = min(len(checkpoints), len(recorded.run.checkpoints))
        for file in (stated, given):
            file["checkpoints"] = file["checkpoints"][:common]
    differences = list(_differences("", stated, given))
    if differences:
        raise RunFileError(_message(recorded.directory / "run.json", differences))


def _stated(run: RunFile) -> dict[str, Any]:
    """Return the conclusion in a run's file, as plain data."""
    stages = ("stage", "frames", "warmup", "digest", "counters", "metrics")
    stated: dict[str, Any] = {
        "verdicts": [_fields(each, ("criterion", "stage", "outcome", "value")) for each in run.verdicts],
        "metrics": run.metrics,
        "stages": [_fields(each, stages) for each in run.stages],
        "counters": run.counters,
        "missed_deadlines": run.missed_deadlines,
        "digest": run.digest,
        "checkpoints": [_fields(each, ("stage", "frame", "digest")) for each in run.checkpoints],
    }
    if run.schema_version == SCHEMA_VERSION and run.walkerbench_version == walkerbench.__version__:
        stated |= {name: RootModel(getattr(run, name)).model_dump(mode="json") for name in _EXPLAINED}
    return stated


def _fields(value: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _differences(key: str, stated: Any, given: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield each value that differs from the one that the arrays give, as dotted key and both values."""
    if isinstance(stated, Mapping) and isinstance(given, Mapping):
        for name, value in stated.items():
            yield from _differences(f"{key}.{name}".removeprefix("."), value, given.get(name, "nothing"))
    elif isinstance(stated, list | tuple) and isinstance(given, list | tuple):
        if len(stated) != len(given):
            yield f"the number of {key}", len(stated), len(given)
        for number, (one, other) in enumerate(zip(stated, given, strict=False)):
            yield from _differences(f"{key}.{number}", one, other)
    elif not _is_equal(stated, given):
        yield key, stated, given


def _is_equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return bool(one == other)


def _message(path: Path, differences: Sequence[tuple[str, Any, Any]]) -> str:
    statements = [
        f"{key} is {_shown(stated)}, and its arrays give {_shown(given)}" for key, stated, given in differences
    ]
    return f"{path}: says that {'; '.join(first_of(statements, _MOST_SHOWN))}: record the run again"


def _shown(value: Any) -> str:
    return "not available" if value is None else str(value)
