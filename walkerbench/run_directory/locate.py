"""Chooses where runs are put by default, and finds a run by the name that a user gives."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from walkerbench.errors import RunFileError
from walkerbench.run_directory.array_files import open_run_file

RUNS_ROOT = Path(".walkerbench/runs")
"""The folder for runs that were given no output, below the working directory."""

STACKS_SUFFIX = ".collapsed.txt"
"""Suffix of the stacks that `walkerbench flamegraph` leaves beside a run that it sampled; no export has it."""

MOST_BYTES = 64 << 20
"""Most bytes of a `run.json`. Checkpoints take most of it: about 1 kB each, with statistics of the population. A run
has a few thousand at most, see `running.frame_loop.spacing`."""

_MOST_FOLDERS_READ = 10_000
_HEAD_BYTES = 1 << 16
# Within a JSON string each quote has a backslash before it, so this matches only a key.
_STARTED = re.compile(rb'"started_utc"\s*:\s*"([0-9T:.-]{19,26}Z)"')
_LATEST = re.compile(r"@latest(?:~(\d{1,9}))?")


def default_directory(root: Path, started: datetime, profile: str, mode: str, agents: int) -> Path:
    """Return the default directory of a run: `<root>/<UTC time>-<profile>-<mode>-<agents>`.

    The time has milliseconds: names sort by age, and two runs rarely get the same name.

    Args:
        root: The folder that holds the runs, such as `RUNS_ROOT`.
        started: When the run started, aware of its time zone.
        profile: The profile's name; characters that do not fit a file name become a dash.
        mode: The mode's name.
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
    # os.path returns False, where pathlib raises an error: for too long a name, or in a folder without access.
    is_directory = os.path.isdir(path)  # noqa: PTH112
    if path.name == "run.json" and not is_directory:
        return path.parent
    if not is_directory:
        raise RunFileError(f"{path}: no such run directory, or no permission to read it")
    return path


def runs_below(path: Path) -> Iterator[Path]:
    """Yield every run in a folder and its subfolders, except those that `walkerbench flamegraph` sampled.

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
            # The key is near the top, unless another program has changed the order of the keys.
            found = _STARTED.search(file.read(_HEAD_BYTES))
            if found is None:
                file.seek(0)
                found = _STARTED.search(file.read(MOST_BYTES))
        return None if found is None else datetime.fromisoformat(found[1].decode("ascii"))
    except (OSError, ValueError, RunFileError):
        return None


def _by_age(root: Path, back: int) -> Path:
    """Return the Nth run before the latest, in the order of the start times in their files, then of their names.

    A run without a start time is no candidate. But where such a run was written after the run that is found, it may be
    the one that was asked for: then raise an error.
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
    except OSError:  # removed since
        return 0
