"""Where runs are put by default, and how to find one by the name that a user gives."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from walkerbench.errors import RunFileError
from walkerbench.run_directory.array_files import open_run_file

RUNS_ROOT = Path(".walkerbench/runs")
"""The folder that holds runs recorded without an output of their own, below the working directory."""

STACKS_SUFFIX = ".collapsed.txt"
"""Suffix of the stacks that `walkerbench flamegraph` leaves beside a run that it sampled; no export has it."""

MOST_BYTES = 64 << 20
"""Most bytes of a `run.json`. Checkpoints decide how long one is, each with statistics of the population: about 1 kB. A
run has some thousands at most, see `running.frame_loop.spacing`."""

_MOST_FOLDERS_READ = 10_000
_HEAD_BYTES = 1 << 16
# Within a JSON string each quote has a backslash before it, so that this is a key.
_STARTED = re.compile(rb'"started_utc"\s*:\s*"([0-9T:.-]{19,26}Z)"')
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


def runs_below(path: Path) -> Iterator[Path]:
    """Yield every run in a folder and the folders in it, but for those that `walkerbench flamegraph` sampled.

    Raises:
        RunFileError: There are too many folders to look into.
    """
    for visited, (folder, inner, files) in enumerate(os.walk(path), 1):
        if visited > _MOST_FOLDERS_READ:
            raise RunFileError(f"{path}: more than {_MOST_FOLDERS_READ:,} folders in it: give one that holds runs only")
        if "run.json" in files:
            yield Path(folder)
        if any(name.endswith(STACKS_SUFFIX) for name in files):
            inner.clear()  # the run beside it was sampled, which slows it down


def runs_in(root: Path) -> set[Path]:
    """Return every run that `@latest` may mean: those of `runs_below`, and each run directly in the folder.

    Raises:
        RunFileError: There are too many folders to look into.
    """
    return {*runs_below(root), *(file.parent for file in root.glob("*/run.json"))}


def when_started(directory: Path) -> datetime | None:
    """Return when a run was started, aware of its time zone; None where its `run.json` does not say so."""
    try:
        with open_run_file(directory / "run.json") as file:
            # It stands at the top, unless another program has put the keys in another order.
            found = _STARTED.search(file.read(_HEAD_BYTES))
            if found is None:
                file.seek(0)
                found = _STARTED.search(file.read(MOST_BYTES))
        return None if found is None else datetime.fromisoformat(found[1].decode("ascii"))
    except (OSError, ValueError, RunFileError):
        return None


def _by_age(root: Path, back: int) -> Path:
    """Return the Nth run before the latest, by the time at which each was started, as it says itself; then by name.

    What cannot say when it was started is no candidate. Where one of these was written since the run that is found, it
    may be what was asked for: that is refused.
    """
    known, unknown = [], []
    for path in runs_in(root):
        started = when_started(path)
        if started is None:
            unknown.append(path)
        else:
            known.append((started, path))
    if not known and not unknown:
        raise RunFileError(f"{root}: no recorded run here: record one with 'walkerbench run'")
    runs = [path for _, path in sorted(known)]
    found = runs[-1 - back] if back < len(runs) else None
    for path in sorted(unknown):
        if found is None or _written_ns(path) >= _written_ns(found):
            raise RunFileError(
                f"{path / 'run.json'}: does not say when the run was started, and may be the one asked for: "
                "remove it, or give a run's directory"
            )
    if found is None:
        raise RunFileError(f"@latest~{back}: {root} holds {len(runs)} runs, so @latest~{len(runs) - 1} is the oldest")
    return found


def _written_ns(path: Path) -> int:
    try:
        return (path / "run.json").stat().st_mtime_ns
    except OSError:  # gone since
        return 0
