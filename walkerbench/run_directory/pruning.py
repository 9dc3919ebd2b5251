"""Removes old runs; keeps folders with other files, damaged runs and runs that are being recorded."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from walkerbench.run_directory.listing import ListedRun
from walkerbench.run_directory.schema import ARRAYS

_RUN_FILES = (*(f"{array}.npy" for array in ARRAYS), "run.json.tmp", "run.json")
"""Every file of a run. `run.json` is removed last: what an interrupt leaves is still recognised as a run."""


@dataclass(frozen=True)
class Pruning:
    """The runs of a list that are removed, and the old runs that are kept.

    Attributes:
        old: The runs to remove, newest first.
        kept: The old runs that are kept, each with the reason.
    """

    old: tuple[ListedRun, ...]
    kept: tuple[tuple[ListedRun, str], ...]


def plan_pruning(runs: Sequence[ListedRun], keep: int) -> Pruning:
    """Return which runs to remove to keep the newest ones.

    Args:
        runs: As returned by `list_runs`, newest first.
        keep: How many of the runs that can be read are kept. Damaged ones are always kept, and do not count.
    """
    rest = [run for run in runs if run.facts is not None][keep:]
    looked_at = [(run, _reason_to_keep(run)) for run in runs if run.facts is None or run in rest]
    return Pruning(
        tuple(run for run, reason in looked_at if reason is None),
        tuple((run, reason) for run, reason in looked_at if reason is not None),
    )


def remove_run(run: ListedRun, folder: Path) -> str | None:
    """Remove a run, and the folders above it that are then empty.

    Args:
        run: One of `Pruning.old`. It is checked again, since it may have changed.
        folder: The folder that was listed, which stays.

    Returns:
        None, or why the run is kept.

    Raises:
        OSError: A file cannot be removed.
    """
    reason = _reason_to_keep(run)
    if reason is not None:
        return reason
    _remove(run.directory)
    with suppress(OSError):  # a folder that is not empty stays
        for parent in _parents_within(run.directory, folder):
            parent.rmdir()
    return None


def _reason_to_keep(run: ListedRun) -> str | None:
    if run.facts is None:
        return "it is damaged"
    if run.facts.being_recorded:
        return "it is being recorded"
    if run.directory.is_symlink():
        return "it is a link to another folder"
    try:
        with os.scandir(run.directory) as entries:
            others = sorted(entry.name for entry in entries if not _is_of_a_run(entry))
    except OSError as error:
        return f"it cannot be looked into: {error.strerror}"
    return f"it holds {others[0]!r}, which is no part of a run" if others else None


def _is_of_a_run(entry: os.DirEntry[str]) -> bool:
    return entry.name in _RUN_FILES and entry.is_file(follow_symlinks=False)


def _remove(directory: Path) -> None:
    for name in _RUN_FILES:
        (directory / name).unlink(missing_ok=True)
    directory.rmdir()


def _parents_within(directory: Path, folder: Path) -> Iterator[Path]:
    """Yield the folders between a folder and a directory in it, the innermost first."""
    if folder in directory.parents:
        yield from itertools.takewhile(lambda parent: parent != folder, directory.parents)
