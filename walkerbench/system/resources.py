"""What the system lets this process use: cores and memory."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import psutil

_ROOT = Path("/")


def allowed_cores() -> int:
    """Return how many cores this process may use: its affinity, or its cgroup's quota, rounded up, if less."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota()
    return affinity if quota is None else max(1, min(affinity, math.ceil(quota)))


def allowed_memory_bytes(root: Path = _ROOT) -> int:
    """Return the machine's memory, or the smallest limit of this process's cgroup and those above it, if less.

    Args:
        root: Where `/proc` and `/sys` lie.
    """
    texts = [read_text(group / "memory.max") for group in _groups(root, None)]
    texts += [read_text(group / "memory.limit_in_bytes") for group in _groups(root, "memory")]
    # No limit is written as "max", or in version 1 as a number beyond any memory.
    limits = [int(text) for text in texts if text is not None and text.strip().isdecimal()]
    return min(int(psutil.virtual_memory().total), *limits) if limits else int(psutil.virtual_memory().total)


def cpu_quota(root: Path = _ROOT) -> float | None:
    """Return the smallest CPU quota of this process's cgroup and those above it, in cores; None without one.

    Args:
        root: Where `/proc` and `/sys` lie.
    """
    quotas = [_quota_v2(group) for group in _groups(root, None)]
    quotas += [_quota_v1(group) for group in _groups(root, "cpu")]
    return min((quota for quota in quotas if quota is not None), default=None)


def rss_bytes(pid: int | None = None) -> int:
    """Return the resident memory of a process, by default this one; 0 if it has ended or may not be read."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def read_text(path: Path) -> str | None:
    """Return the text of a file of the system, or None where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _groups(root: Path, controller: str | None) -> Iterator[Path]:
    """Yield the folders of this process's cgroup and of those above it.

    Args:
        root: Where `/proc` and `/sys` lie.
        controller: Of version 1; None for version 2.
    """
    base = root / "sys/fs/cgroup"
    for line in (read_text(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "" and controller is None:
            mounts: tuple[str, ...] = ("", "unified")
        elif controller is not None and controller in controllers.split(","):
            mounts = tuple(dict.fromkeys((controllers, controller)))
        else:
            continue
        # In a container the path can name a place outside of what is mounted; then only the levels that are seen count.
        parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
        for depth in range(len(parts) + 1):
            yield from (base / mount / "/".join(parts[:depth]) for mount in mounts)


def _quota_v2(group: Path) -> float | None:
    match = re.fullmatch(r"(\d+) (\d+)\s*", read_text(group / "cpu.max") or "")
    return int(match[1]) / int(match[2]) if match else None


def _quota_v1(group: Path) -> float | None:
    quota = (read_text(group / "cpu.cfs_quota_us") or "").strip()
    period = (read_text(group / "cpu.cfs_period_us") or "").strip()
    # No quota is written as -1.
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() else None
