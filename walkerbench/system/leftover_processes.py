"""Ends processes that code of others has started in this process and left behind."""

from __future__ import annotations

import multiprocessing.resource_tracker
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import psutil


@contextmanager
def leftover_processes_ended(tell: Callable[[str], None]) -> Iterator[None]:
    """Kill what was started within the block and runs at its end: nothing outlives a run that it was started for.

    Args:
        tell: Takes a line that says so, where there is any.
    """
    before = own_children()
    try:
        yield
    finally:
        left = own_children() - before
        kill_processes(left)
        if left:
            names = ", ".join(sorted(_name(process) for process in left))
            tell(f"the workload left processes behind, which were killed: {names}")
            psutil.wait_procs(left, timeout=1)


def descendants(pid: int) -> list[psutil.Process]:
    """Return a process's children and theirs; none where it has ended, or the system does not list processes."""
    try:
        found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except (psutil.Error, OSError, RuntimeError):  # psutil lets the latter two through where there is no /proc
        return []
    return found


def kill_processes(processes: Iterable[psutil.Process]) -> None:
    """Kill those of some processes that still run."""
    for process in processes:
        with suppress(psutil.Error):
            process.kill()


def own_children() -> set[psutil.Process]:
    """Return this process's children and theirs, without the one that multiprocessing keeps until the end."""
    tracker = getattr(multiprocessing.resource_tracker._resource_tracker, "_pid", None)  # noqa: SLF001
    return {process for process in descendants(os.getpid()) if process.pid != tracker}


def _name(process: psutil.Process) -> str:
    try:
        return f"{process.name()} ({process.pid})"
    except psutil.Error:  # it has ended since
        return str(process.pid)
