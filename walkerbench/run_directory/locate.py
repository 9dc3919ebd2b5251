"""Where runs are put by default, and how to find one by the name that a user gives."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from walkerbench.errors import RunFileError

RUNS_ROOT = Path(".walkerbench/runs")
"""The folder that holds runs recorded without an output of their own, below the working directory."""

_LATEST = re.compile(r"@latest(?:~(\d{1,9}))?")


def default_directory(root: Path, started: datetime, profile: str, mode: str, agents: int) -> Path:
    """Return the directory of a run that was given none: `<root>/<UTC time>-<profile>-<mode>-<agents>`.

    The time has milliseconds, so that names sort by age and two runs hardly ever want the same one.

    Args:
        root: The folder that holds the runs, such as `RUNS_ROOT`.
        started: When the run started, aware of its time zone.
        profile: The profile's name; what does not fit a file name becomes a dash.
        mode: The mode.
        agents: How many agents.
    """
    utc = started.astimezone(UTC)
    stamp = f"{utc:%Y%m%dT%H%M%S}.{utc.microsecond // 1000:03d}Z"
    return root / f"{stamp}-{re.sub(r'[^A-Za-z0-9._-]+', '-', profile)}-{mode}-{agents}"


def find_run(text: str, root: Path) -> Path:
    """Find the run that a text names.

    Args:
        text: A run's directory, its `run.json`, `@latest`, or `@latest~N` for the Nth before the latest.
        root: The folder that holds the runs, such as `RUNS_ROOT`.

    Returns:
        The run's directory.

    Raises:
        RunFileError: There is no such run, or the text cannot be understood.
    """
    if text.startswith("@"):
        match = _LATEST.fullmatch(text)
        if match is None:
            raise RunFileError(f"{text}: give a run's directory, @latest, or @latest~N for the Nth before it")
        return _by_age(root, int(match[1] or 0))
    if not text:
        raise RunFileError("an empty name: give a run's directory, or @latest")
    path = Path(text)
    # os.path, not pathlib: for a name that is too long, or in a folder that may not be entered, it says False.
    is_directory = os.path.isdir(path)  # noqa: PTH112
    if path.name == "run.json" and not is_directory:
        return path.parent
    if not is_directory:
        raise RunFileError(f"{path}: no such run directory, or none that may be read")
    return path


def _by_age(root: Path, back: int) -> Path:
    runs = sorted(path.parent for path in root.glob("*/run.json"))
    if not runs:
        raise RunFileError(f"{root}: no recorded run here: record one with 'walkerbench run'")
    if back >= len(runs):
        raise RunFileError(f"@latest~{back}: {root} holds {len(runs)} runs, so @latest~{len(runs) - 1} is the oldest")
    return runs[-1 - back]
