from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psutil
import pytest

from walkerbench.system import resources as limits
from walkerbench.system.resources import allowed_cores, allowed_memory_bytes, cpu_quota


def put(root: Any, path: Any, text: Any) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_a_system_without_proc_has_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) is None
    assert allowed_memory_bytes(tmp_path) == psutil.virtual_memory().total


@pytest.mark.parametrize(
    ("levels", "limit"),
    [
        ({"": "max", "a/b": "max"}, None),
        ({"a/b": "1000000"}, 1000000),
        ({"a": "500000", "a/b": "1000000"}, 500000),
        ({"a": "max", "a/b": "9223372036854771712"}, None),
    ],
)
@pytest.mark.parametrize(
    ("cgroup", "file"), [("0::/a/b", "{}/memory.max"), ("7:memory:/a/b", "memory/{}/memory.limit_in_bytes")]
)
def test_the_memory_limit_of_cgroups(
    tmp_path: Path, cgroup: str, file: str, levels: dict[str, str], limit: int | None
) -> None:
    put(tmp_path, "proc/self/cgroup", cgroup + "\n")
    for level, text in levels.items():
        put(tmp_path, "sys/fs/cgroup/" + file.format(level), text + "\n")

    assert allowed_memory_bytes(tmp_path) == (limit or psutil.virtual_memory().total)


@pytest.mark.parametrize(
    ("levels", "quota"),
    [
        ({"": "max 100000", "a": "max 100000", "a/b": "max 100000"}, None),
        ({"a/b": "150000 100000"}, 1.5),
        ({"a": "200000 100000", "a/b": "max 100000"}, 2.0),
        ({"a": "200000 100000", "a/b": "400000 100000"}, 2.0),
        ({"": "50000 100000", "a/b": "400000 100000"}, 0.5),
        ({"other": "10000 100000"}, None),
        ({"a/b": "rubbish"}, None),
    ],
)
@pytest.mark.parametrize("mount", ["sys/fs/cgroup", "sys/fs/cgroup/unified"])
def test_the_quota_of_cgroup_v2(tmp_path: Path, levels: dict[str, str], quota: float | None, mount: str) -> None:
    put(tmp_path, "proc/self/cgroup", "0::/a/b\n")
    for level, text in levels.items():
        put(tmp_path, f"{mount}/{level}/cpu.max", text + "\n")

    assert cpu_quota(tmp_path) == quota


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
@pytest.mark.parametrize(
    ("levels", "quota"),
    [
        ({"": (-1, 100000), "docker": (-1, 100000)}, None),
        ({"docker/x": (250000, 100000)}, 2.5),
        ({"": (50000, 50000), "docker/x": (-1, 100000)}, 1.0),
        ({"docker": (300000, 100000), "docker/x": (100000, 50000)}, 2.0),
    ],
)
def test_the_quota_of_cgroup_v1(
    tmp_path: Path, mount: str, levels: dict[str, tuple[int, int]], quota: float | None
) -> None:
    put(tmp_path, "proc/self/cgroup", "5:cpuset:/docker/x\n4:cpu,cpuacct:/docker/x\n0::/\n")
    for level, (allowed, period) in levels.items():
        put(tmp_path, f"sys/fs/cgroup/{mount}/{level}/cpu.cfs_quota_us", f"{allowed}\n")
        put(tmp_path, f"sys/fs/cgroup/{mount}/{level}/cpu.cfs_period_us", f"{period}\n")

    assert cpu_quota(tmp_path) == quota


def test_other_controllers_are_not_the_cpu(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/cgroup", "5:cpuset,cpuacct:/\n")
    put(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000")
    put(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000")

    assert cpu_quota(tmp_path) is None


def test_in_a_container_only_mounted_levels_count(tmp_path: Path) -> None:
    put(tmp_path, "proc/self/cgroup", "0::/../sibling\n")
    put(tmp_path, "sys/fs/cgroup/cpu.max", "300000 100000\n")

    assert cpu_quota(tmp_path) == 3.0


@pytest.mark.parametrize(
    ("affinity", "quota", "cores"),
    [(8, None, 8), (8, 2.0, 2), (8, 2.1, 3), (2, 16.0, 2), (4, 0.2, 1), (1, None, 1)],
)
def test_allowed_cores(monkeypatch: pytest.MonkeyPatch, affinity: int, quota: float | None, cores: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(affinity)), raising=False)
    monkeypatch.setattr(limits, "cpu_quota", lambda: quota)

    assert allowed_cores() == cores


def test_allowed_cores_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    monkeypatch.setattr(limits, "cpu_quota", lambda: None)

    assert allowed_cores() == 6
