"""Ends processes that a workload's code has started in this process and left behind."""

from __future__ import annotations

import multiprocessing.resource_tracker
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import psutil


@contextmanager
def leftover_processes_ended(tell: Callable[[str], None]) -> Iterator[None]:
    """Kill processes that were started within the block and still run at its end.

    Args:
        tell: Called with a line that names them, if there are any.
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
    """Return a process's descendants; none where the process has ended, or the system does not list processes."""
    try:
        found: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except (psutil.Error, OSError, RuntimeError):  # psutil lets the latter two through where there is no /proc
        return []
    return found


def kill_processes(processes: Iterable[psutil.Process]) -> None:
    """Kill processes; those that have ended are skipped."""
    for process in processes:
        with suppress(psutil.Error):
            process.kill()


def own_children() -> set[psutil.Process]:
    """Return this process's descendants, without the tracker that multiprocessing keeps until the end."""
    tracker = getattr(multiprocessing.resource_tracker._resource_tracker, "_pid", None)  # noqa: SLF001
    return {process for process in descendants(os.getpid()) if process.pid != tracker}


def _name(process: psutil.Process) -> str:
    try:
        return f"{process.name()} ({process.pid})"
    except psutil.Error:  # it has ended since
        return str(process.pid)
