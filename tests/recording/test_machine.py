from __future__ import annotations

import json
import os
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from walkerbench.recording.machine import MAY_DRIFT, MUST_MATCH, cpu_model, machine_facts


def put(root: Any, path: Any, text: Any) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_every_fact_is_json_and_must_match_or_may_drift() -> None:
    facts = machine_facts("forkserver")

    assert set(facts) == MUST_MATCH | MAY_DRIFT
    assert not MUST_MATCH & MAY_DRIFT
    assert json.loads(json.dumps(facts)) == facts
    assert facts["start_method"] == "forkserver"
    assert facts["packages"]["numpy"] == np.__version__
    assert "pytest" not in facts["packages"]
    assert facts["memory_bytes"] == psutil.virtual_memory().total
    assert 1 <= facts["cores_allowed"] <= facts["cores_present"]


def test_the_hostname_and_paths_are_not_recorded() -> None:
    text = json.dumps(machine_facts(None))

    assert os.uname().nodename not in text
    assert "filepath" not in text
    assert "site-packages" not in text


def test_the_blas_is_named_with_its_threads() -> None:
    blas = [library for library in machine_facts(None)["blas"] if library["user_api"] == "blas"]

    assert blas
    assert all(library["num_threads"] >= 1 and library["version"] for library in blas)


def test_libraries_are_listed_in_an_order_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    # Their order of loading differs from run to run, and must make no two machines out of one.
    libraries = [{"user_api": "blas", "version": version, "filepath": "/x"} for version in ("2", "1")]
    monkeypatch.setattr("threadpoolctl.threadpool_info", lambda: libraries)
    first = machine_facts(None)["blas"]
    libraries.reverse()
    assert machine_facts(None)["blas"] == first == [{"user_api": "blas", "version": each} for each in ("1", "2")]


def test_the_variable_that_switches_the_gil_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_GIL", "0")
    assert machine_facts(None)["python"]["gil_variable"] == "0"
    monkeypatch.delenv("PYTHON_GIL")
    assert machine_facts(None)["python"]["gil_variable"] is None


@pytest.mark.parametrize("enabled", [True, False])
def test_the_interpreter_is_asked_about_its_gil_if_it_can_answer(
    monkeypatch: pytest.MonkeyPatch, enabled: bool
) -> None:
    monkeypatch.setattr("sys._is_gil_enabled", lambda: enabled, raising=False)

    assert machine_facts(None)["python"]["gil_enabled"] is enabled


def test_an_older_python_always_has_the_gil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("sys._is_gil_enabled", raising=False)

    assert machine_facts(None)["python"]["gil_enabled"] is True


def test_packages_are_empty_where_walkerbench_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)

    assert machine_facts(None)["packages"] == {}


def test_the_cpu_model(tmp_path: Path) -> None:
    put(tmp_path, "proc/cpuinfo", "processor\t: 0\nmodel name\t: Fast 9000 @ 3 GHz \nmodel name\t: Other\n")

    assert cpu_model(tmp_path) == "Fast 9000 @ 3 GHz"


def test_without_proc_the_cpu_model_is_not_available(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.processor", lambda: "")

    assert cpu_model(tmp_path) == "n/a"
