"""Checks that a closed environment leaves no process, no memory and no thread."""

from __future__ import annotations

import gc
import multiprocessing
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path

import psutil
from toy_workload import blas_threads


def child_processes() -> set[int]:
    """Return all descendants of this process, zombies included, without the resource tracker."""
    tracker = getattr(resource_tracker._resource_tracker, "_pid", None)
    return {child.pid for child in psutil.Process().children(recursive=True)} - {tracker}


def shared_memory() -> set[str]:
    """Return the names of shared memory blocks, of multiprocessing's temporary files, and of this process's arenas."""
    mine = (f"pym-{os.getpid()}-", "pymp-", "psm_", "wnsm_")
    places = (Path("/dev/shm"), Path(tempfile.gettempdir()))
    return {str(path) for place in places if place.is_dir() for path in place.iterdir() if path.name.startswith(mine)}


def pool_threads() -> set[str]:
    """Return the names of living threads of thread pools."""
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("walkerbench-worker")}


def open_handles() -> tuple[int, int]:
    """Return the numbers of this process's file descriptors and of its mappings of shared memory."""
    gc.collect()
    maps = [line for line in Path("/proc/self/maps").read_text().splitlines() if "/pym-" in line]
    return psutil.Process().num_fds(), len(maps)


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """Fail if the block leaves a process, shared memory, a pool's thread, or another limit of BLAS threads."""
    before = _all_that_could_be_left()
    yield
    after = _all_that_could_be_left()
    assert after == before, f"left behind: {after}, before: {before}"


def _all_that_could_be_left() -> tuple[object, ...]:
    return multiprocessing.active_children(), child_processes(), shared_memory(), pool_threads(), blas_threads()
