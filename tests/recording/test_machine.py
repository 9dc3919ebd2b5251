from __future__ import annotations

import json
import os
import shutil
import subprocess

import numpy as np
import psutil
import pytest

from walkerbench.recording import machine
from walkerbench.recording.machine import MAY_DRIFT, MUST_MATCH, allowed_cores, cpu_model, cpu_quota, machine_facts


def put(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_every_fact_is_json_and_said_to_match_or_to_drift():
    facts = machine_facts("forkserver")

    assert set(facts) == MUST_MATCH | MAY_DRIFT
    assert not MUST_MATCH & MAY_DRIFT
    assert json.loads(json.dumps(facts)) == facts
    assert facts["start_method"] == "forkserver"
    assert facts["packages"]["numpy"] == np.__version__
    assert "pytest" not in facts["packages"]
    assert facts["memory_bytes"] == psutil.virtual_memory().total
    assert 1 <= facts["cores_allowed"] <= facts["cores_present"]


def test_the_hostname_and_paths_are_not_recorded():
    text = json.dumps(machine_facts(None))

    assert os.uname().nodename not in text
    assert "filepath" not in text
    assert "site-packages" not in text


def test_the_blas_is_named_with_its_threads():
    blas = [library for library in machine_facts(None)["blas"] if library["user_api"] == "blas"]

    assert blas
    assert all(library["num_threads"] >= 1 and library["version"] for library in blas)


@pytest.mark.parametrize("enabled", [True, False])
def test_the_state_of_the_gil_is_asked_for_where_it_can_be(monkeypatch, enabled):
    monkeypatch.setattr("sys._is_gil_enabled", lambda: enabled, raising=False)

    assert machine_facts(None)["python"]["gil_enabled"] is enabled


def test_an_older_python_always_has_the_gil(monkeypatch):
    monkeypatch.delattr("sys._is_gil_enabled", raising=False)

    assert machine_facts(None)["python"]["gil_enabled"] is True


def test_packages_are_empty_where_walkerbench_is_not_installed(monkeypatch):
    def requires(name):
        raise machine.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(machine.metadata, "requires", requires)

    assert machine_facts(None)["packages"] == {}


def test_the_cpu_model(tmp_path):
    put(tmp_path, "proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast 9000 @ 3 GHz \nmodel name\t: Other\n")

    assert cpu_model(tmp_path) == "Fast 9000 @ 3 GHz"


def test_a_system_without_proc_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("platform.processor", lambda: "")

    assert cpu_model(tmp_path) == "n/a"
    assert cpu_quota(tmp_path) is None


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
def test_quota_of_cgroup_v2(tmp_path, levels, quota, mount):
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
def test_quota_of_cgroup_v1(tmp_path, mount, levels, quota):
    put(tmp_path, "proc/self/cgroup", "5:cpuset:/docker/x\n4:cpu,cpuacct:/docker/x\n0::/\n")
    for level, (allowed, period) in levels.items():
        put(tmp_path, f"sys/fs/cgroup/{mount}/{level}/cpu.cfs_quota_us", f"{allowed}\n")
        put(tmp_path, f"sys/fs/cgroup/{mount}/{level}/cpu.cfs_period_us", f"{period}\n")

    assert cpu_quota(tmp_path) == quota


def test_other_controllers_are_not_the_cpu(tmp_path):
    put(tmp_path, "proc/self/cgroup", "5:cpuset,cpuacct:/\n")
    put(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000")
    put(tmp_path, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000")

    assert cpu_quota(tmp_path) is None


def test_a_path_outside_the_container_leaves_the_levels_that_are_seen(tmp_path):
    put(tmp_path, "proc/self/cgroup", "0::/../sibling\n")
    put(tmp_path, "sys/fs/cgroup/cpu.max", "300000 100000\n")

    assert cpu_quota(tmp_path) == 3.0


@pytest.mark.parametrize(
    ("affinity", "quota", "cores"),
    [(8, None, 8), (8, 2.0, 2), (8, 2.1, 3), (2, 16.0, 2), (4, 0.2, 1), (1, None, 1)],
)
def test_allowed_cores(monkeypatch, affinity, quota, cores):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(affinity)), raising=False)
    monkeypatch.setattr(machine, "cpu_quota", lambda: quota)

    assert allowed_cores() == cores


def test_allowed_cores_without_affinity(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    monkeypatch.setattr(machine, "cpu_quota", lambda: None)

    assert allowed_cores() == 6


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "file").write_text("a")
    git("init", "--quiet")
    git("add", "file")
    git("-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "--quiet", "--no-gpg-sign", "-m", "first")
    return tmp_path


def git(*words):
    return subprocess.run([shutil.which("git"), *words], check=True, capture_output=True, text=True).stdout.strip()


def test_the_revision_of_a_clean_working_directory(repository):
    (repository / "unknown").write_text("git does not know this file")

    assert machine_facts(None)["git"] == {"revision": git("rev-parse", "HEAD"), "dirty": False}


def test_a_changed_file_makes_it_dirty(repository):
    (repository / "file").write_text("b")

    assert machine_facts(None)["git"]["dirty"] is True


def test_no_git_facts_without_a_repository_or_git(repository, tmp_path_factory, monkeypatch):
    assert machine_facts(None)["git"] is not None

    with monkeypatch.context() as without:
        without.setattr(machine.shutil, "which", lambda name: None)
        assert machine_facts(None)["git"] is None

    outside = tmp_path_factory.mktemp("outside")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(outside.parent))
    monkeypatch.chdir(outside)
    assert machine_facts(None)["git"] is None
