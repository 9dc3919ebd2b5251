"""Facts of the machine that a run was measured on."""

from __future__ import annotations

import math
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

import psutil
import threadpoolctl

NOT_AVAILABLE = "n/a"
"""What a fact says where the system has no source for it."""

MUST_MATCH = frozenset({"cpu_model", "cores_allowed", "cpu_quota", "python", "start_method", "blas", "packages"})
"""Facts that must be equal for two runs to be compared."""

MAY_DRIFT = frozenset({"cores_present", "memory_bytes", "os", "kernel", "git", "load_average"})
"""Facts that may differ between runs that are compared."""

_GIT_TIMEOUT_S = 10.0
_ROOT = Path("/")


def machine_facts(start_method: str | None) -> dict[str, Any]:
    """Collect the facts; call it after all imports, since an import can switch the GIL on and bring a BLAS.

    Args:
        start_method: How worker processes are started, or None without any.

    Returns:
        JSON-able; its keys are those of `MUST_MATCH` and `MAY_DRIFT`.
    """
    return {
        "cpu_model": cpu_model(),
        "cores_present": psutil.cpu_count() or 1,
        "cores_allowed": allowed_cores(),
        "cpu_quota": cpu_quota(),
        "memory_bytes": int(psutil.virtual_memory().total),
        "os": platform.system(),
        "kernel": platform.release(),
        "python": _python(),
        "start_method": start_method,
        "blas": _blas(),
        "packages": _packages(),
        "git": _git(),
        "load_average": list(os.getloadavg()) if hasattr(os, "getloadavg") else NOT_AVAILABLE,
    }


def allowed_cores() -> int:
    """How many cores this process may use: its affinity, or its cgroup's quota rounded up where that is less."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota()
    return affinity if quota is None else max(1, min(affinity, math.ceil(quota)))


def cpu_model(root: Path = _ROOT) -> str:
    """The processor's name, or "n/a".

    Args:
        root: Where `/proc` lies.
    """
    text = _text(root / "proc/cpuinfo") or ""
    match = re.search(r"^model name\s*:\s*(.+?)\s*$", text, re.MULTILINE)
    return match[1] if match else platform.processor() or NOT_AVAILABLE


def cpu_quota(root: Path = _ROOT) -> float | None:
    """The smallest CPU quota of this process's cgroup and those above it, in cores; None without one.

    Args:
        root: Where `/proc` and `/sys` lie.
    """
    base = root / "sys/fs/cgroup"
    quotas: list[float | None] = []
    for line in (_text(root / "proc/self/cgroup") or "").splitlines():
        _, controllers, path = line.split(":", 2)
        # In a container the path can name a place outside of what is mounted; then only the levels that are seen count.
        parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
        levels = ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]
        if controllers == "":
            quotas += [_quota_v2(base / mount / level) for mount in ("", "unified") for level in levels]
        elif "cpu" in controllers.split(","):
            quotas += [_quota_v1(base / mount / level) for mount in {controllers, "cpu"} for level in levels]
    return min((quota for quota in quotas if quota is not None), default=None)


def _quota_v2(group: Path) -> float | None:
    match = re.fullmatch(r"(\d+) (\d+)\s*", _text(group / "cpu.max") or "")
    return int(match[1]) / int(match[2]) if match else None


def _quota_v1(group: Path) -> float | None:
    quota = (_text(group / "cpu.cfs_quota_us") or "").strip()
    period = (_text(group / "cpu.cfs_period_us") or "").strip()
    # No quota is written as -1.
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() else None


def _python() -> dict[str, Any]:
    gil_enabled = getattr(sys, "_is_gil_enabled", None)
    return {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "build": " ".join((*platform.python_build(), platform.python_compiler())),
        "free_threaded_build": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "gil_enabled": True if gil_enabled is None else bool(gil_enabled()),
    }


def _blas() -> list[dict[str, Any]]:
    # The path says where something is installed, which is nobody's business and differs between equal installations.
    return [
        {key: value for key, value in sorted(library.items()) if key != "filepath"}
        for library in threadpoolctl.threadpool_info()
    ]


def _packages() -> dict[str, str]:
    """Versions of what walkerbench depends on; empty where it runs without being installed."""
    try:
        requirements = metadata.requires("walkerbench") or []
    except metadata.PackageNotFoundError:
        return {}
    names = {re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in requirements if "extra ==" not in line}
    return {name: version for name in sorted(names) if (version := _version(name)) is not None}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # meant for another version of Python
        return None


def _git() -> dict[str, Any] | None:
    revision = _git_output("rev-parse", "--verify", "HEAD")
    # Files that git does not know are left aside, as `git describe --dirty` does: runs recorded here are such files.
    changes = _git_output("status", "--porcelain", "--untracked-files=no")
    return None if revision is None or changes is None else {"revision": revision, "dirty": changes != ""}


def _git_output(*arguments: str) -> str | None:
    program = shutil.which("git")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  fixed words, no shell
            [program, "--no-optional-locks", *arguments],
            capture_output=True, text=True, timeout=_GIT_TIMEOUT_S, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
