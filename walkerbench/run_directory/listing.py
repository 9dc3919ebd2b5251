"""Lists the runs of a folder, also damaged ones, from their `run.json` alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from walkerbench.criteria.judging import RunState, VerdictWord, exit_code_of_run, verdict_word
from walkerbench.errors import RunFileError
from walkerbench.run_directory.locate import runs_in, when_started
from walkerbench.run_directory.reader import read_run_file
from walkerbench.run_directory.schema import RunFile
from walkerbench.run_directory.writer import LOCKED_FILE
from walkerbench.system.file_locks import take_abandoned_lock


@dataclass(frozen=True)
class RunFacts:
    """The facts in a list about a run that can be read.

    Attributes:
        state: The state of the run.
        verdict: One word for its verdicts, as its file states them.
        profile: The profile's name.
        workload: The workload's name.
        mode: The mode that ran.
        agents: How many agents each stage has.
        being_recorded: Whether a process records it now; also true for an unfinished run where that cannot be found
            out.
    """

    state: RunState
    verdict: VerdictWord
    profile: str
    workload: str
    mode: str
    agents: tuple[int, ...]
    being_recorded: bool


@dataclass(frozen=True)
class ListedRun:
    """A run directory in a list.

    Attributes:
        directory: Where it lies.
        started: When the run was started; for a damaged run without that time, when its directory was last changed.
        size_bytes: The size of its files together.
        facts: The facts in its `run.json`; None for a damaged run.
        problem: Why it cannot be read, in one line; None where it can be read.
    """

    directory: Path
    started: datetime
    size_bytes: int
    facts: RunFacts | None
    problem: str | None


def list_runs(folder: Path) -> tuple[ListedRun, ...]:
    """Return every run in a folder and the folders in it, newest first; none where there is no such folder.

    Raises:
        RunFileError: There are too many folders to look into.
    """
    runs = [_listed(directory) for directory in _directories(folder)]
    return tuple(sorted(runs, key=lambda run: (run.started, str(run.directory)), reverse=True))


def _directories(folder: Path) -> set[Path]:
    """Return the directories of runs, also without their `run.json`, and folders that cannot be read."""
    unreadable = {path for path in _folders_in(folder) if not os.access(path, os.R_OK | os.X_OK)}
    without_run_file = {path.parent for path in folder.glob(f"*/{LOCKED_FILE}")}
    return runs_in(folder) | without_run_file | unreadable


def _folders_in(folder: Path) -> Iterator[Path]:
    try:
        yield from (path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return


def _listed(directory: Path) -> ListedRun:
    facts, problem = None, None
    try:
        facts = _facts(directory, read_run_file(directory))
    except RunFileError as error:
        problem = str(error)
    started = when_started(directory) or _changed(directory)
    return ListedRun(directory, started, _size_bytes(directory), facts, problem)


def _facts(directory: Path, run: RunFile) -> RunFacts:
    planned = tuple(stage["agents"] for stage in run.profile.get("stages", ()))
    return RunFacts(
        state=run.state,
        verdict=verdict_word(exit_code_of_run(run.state, run.verdicts)),
        profile=run.profile.get("name", ""),
        workload=run.workload.name,
        mode=run.mode.used,
        agents=planned or tuple(stage.agents for stage in run.stages),
        being_recorded=run.state == "running" and not _is_abandoned(directory),
    )


def _is_abandoned(directory: Path) -> bool:
    with take_abandoned_lock(directory / LOCKED_FILE) as abandoned:
        return abandoned


def _changed(directory: Path) -> datetime:
    try:
        return datetime.fromtimestamp(directory.stat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError):  # removed since, or a time that datetime cannot hold
        return datetime.min.replace(tzinfo=UTC)


def _size_bytes(directory: Path) -> int:
    try:
        with os.scandir(directory) as entries:
            return sum(entry.stat(follow_symlinks=False).st_size for entry in entries if not entry.is_dir())
    except OSError:  # removed since, or it may not be read
        return 0
