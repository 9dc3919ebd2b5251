"""Finds the cores and the memory that this process may use."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil

_T = TypeVar("_T")

_ROOT = Path("/")
_READING_ERRORS = (psutil.Error, OSError, RuntimeError, ValueError, LookupError, AttributeError, ArithmeticError)


def reading(read: Callable[[], _T]) -> _T | None:
    """Return what a call reads from the system, or None where that is not available or not permitted.

    psutil and `os` then raise many kinds of errors: a file or function is missing, access is denied, a text is unknown.
    """
    try:
        return read()
    except _READING_ERRORS:
        return None


@dataclass(frozen=True)
class ProcessUsage:
    """The resources that a running process has used; None where not available on this system.

    Attributes:
        cpu_s: CPU seconds so far.
        rss_bytes: Resident memory.
    """

    cpu_s: float | None
    rss_bytes: int | None


def process_usage(pid: int) -> ProcessUsage | None:
    """Return the resources that a process has used; None where the process has ended."""
    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return ProcessUsage(float(times.user + times.system), int(process.memory_info().rss))
    except psutil.NoSuchProcess:
        # Where the system lists no processes, psutil does not find this process either.
        return ProcessUsage(None, None) if reading(psutil.Process) is None else None
    except _READING_ERRORS:
        return ProcessUsage(None, None)


def present_cores() -> int:
    """Return how many cores the machine has."""
    return reading(psutil.cpu_count) or os.cpu_count() or 1


def core_percents() -> list[float] | None:
    """Return how busy each core was since the same thread's last call, %, by core number; None if not available."""
    return reading(lambda: [float(each) for each in psutil.cpu_percent(percpu=True)])


def load_average() -> tuple[float, float, float] | None:
    """Return how many threads wanted to run, averaged over 1, 5 and 15 minutes; None where not available."""
    return reading(lambda: os.getloadavg())


def machine_memory_bytes() -> int | None:
    """Return the machine's memory; None where not available."""
    return reading(lambda: int(psutil.virtual_memory().total))


def free_memory_bytes() -> int | None:
    """Return how much memory is free without swapping; None where not available."""
    return reading(lambda: int(psutil.virtual_memory().available))


def used_swap_bytes() -> int | None:
    """Return how much swap is in use; None where not available."""
    return reading(lambda: int(psutil.swap_memory().used))


def allowed_cores() -> int:
    """Return how many cores this process may use: its affinity, or its cgroup's quota, rounded up, if less."""
    affinity = len(reading(lambda: os.sched_getaffinity(0)) or ()) or os.cpu_count() or 1
    quota = cpu_quota()
    return affinity if quota is None else max(1, min(affinity, math.ceil(quota)))


def allowed_memory_bytes(root: Path = _ROOT) -> int | None:
    """Return the machine's memory, or the smallest limit of this process's cgroup and those above it, if less.

    None where neither is available.

    Args:
        root: The folder that holds `proc` and `sys`.
    """
    texts = [read_text(f"{group}/memory.max") for group in _groups(root, None)]
    texts += [read_text(f"{group}/memory.limit_in_bytes") for group in _groups(root, "memory")]
    # No limit is written as "max", or in version 1 as a number beyond any memory.
    limits = [_whole_number(text) for text in texts if text is not None]
    return min((each for each in (machine_memory_bytes(), *limits) if each is not None), default=None)


def cpu_quota(root: Path = _ROOT) -> float | None:
    """Return the smallest CPU quota of this process's cgroup and those above it, in cores; None without one.

    Args:
        root: The folder that holds `proc` and `sys`.
    """
    quotas = [_quota_v2(group) for group in _groups(root, None)]
    quotas += [_quota_v1(group) for group in _groups(root, "cpu")]
    return min((quota for quota in quotas if quota is not None), default=None)


def rss_bytes(pid: int) -> int:
    """Return the resident memory of a process; 0 if it has ended or may not be read."""
    usage = process_usage(pid)
    return 0 if usage is None else usage.rss_bytes or 0


def read_text(path: Path | str) -> str | None:
    """Return the text of a system file, or None where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  see `_groups`
            return file.read()
    except OSError:
        return None


def _groups(root: Path, controller: str | None) -> Iterator[str]:
    """Yield the folders of this process's cgroup and of those above it.

    Strings, not paths: this is called throughout a run, and `pathlib` interns every part of a path, so that Python's
    table of interned strings grows by up to a megabyte within an hour.

    Args:
        root: The folder that holds `proc` and `sys`.
        controller: A controller of cgroup version 1; None for version 2.
    """
    for line in (read_text(f"{root}/proc/self/cgroup") or "").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers == "" and controller is None:
            mounts: tuple[str, ...] = ("", "unified")
        elif controller is not None and controller in controllers.split(","):
            mounts = tuple(dict.fromkeys((controllers, controller)))
        else:
            continue
        # In a container the path can lead outside of the mounted folders; then only the mounted levels count.
        parts = [part for part in path.split("/") if part not in ("", ".", "..")]
        for depth in range(len(parts) + 1):
            yield from ("/".join((str(root), "sys/fs/cgroup", mount, *parts[:depth])) for mount in mounts)


def _quota_v2(group: str) -> float | None:
    quota, _, period = (read_text(f"{group}/cpu.max") or "").partition(" ")
    return _ratio(quota, period)  # no quota is written as "max"


def _quota_v1(group: str) -> float | None:
    quota, period = (read_text(f"{group}/cpu.cfs_{what}_us") or "" for what in ("quota", "period"))
    return _ratio(quota, period)  # no quota is written as -1


def _ratio(quota: str, period: str) -> float | None:
    numerator, denominator = _whole_number(quota), _whole_number(period)
    return numerator / denominator if numerator is not None and denominator else None


def _whole_number(text: str) -> int | None:
    """Return a number of at most 20 digits; None for any other text."""
    digits = text.strip()
    return int(digits) if re.fullmatch(r"[0-9]{1,20}", digits) else None
