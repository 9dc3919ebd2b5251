"""The short workflow of docs/ci.md: it is sound, and its steps do what they promise when a shell runs them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


def workflow() -> Any:
    _, text = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    return yaml.safe_load(text)


def steps() -> Any:
    (job,) = workflow()["jobs"].values()
    return job["steps"]


def test_the_workflow_has_what_github_asks_for() -> None:
    found = workflow()
    # YAML 1.1 reads the key `on` as a truth value.
    assert set(found) == {"name", True, "permissions", "jobs"}
    assert found[True] == "pull_request"
    assert found["permissions"] == {"contents": "read"}
    for job in found["jobs"].values():
        assert set(job) <= {"runs-on", "timeout-minutes", "steps"}
        assert job["timeout-minutes"] > 0
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert set(step) <= {"uses", "run", "with", "if"}
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/checkout@v4"))


def test_the_revision_that_the_gate_measures_against_is_fetched() -> None:
    (checkout,) = (step for step in steps() if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["fetch-depth"] == 0
    runs = [step["run"] for step in steps() if "run" in step]
    assert [run.split()[:2] for run in runs] == [["pip", "install"], ["walkerbench", "gate"]]
    assert '"origin/$GITHUB_BASE_REF"' in runs[1]


@pytest.mark.workflow
@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="needs this project's history")
def test_the_steps_run_as_shell(tmp_path: Path) -> None:
    checkout, programs, summary = tmp_path / "checkout", tmp_path / "bin", tmp_path / "summary.md"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(checkout)], check=True)
    subprocess.run(["git", "update-ref", "refs/remotes/origin/main", "HEAD"], cwd=checkout, check=True)
    programs.mkdir()
    # What `pip install .` would bring is here already: this interpreter, with the checkout's own package.
    for name, line in {"pip": "exit 0", "walkerbench": f'exec "{sys.executable}" -m walkerbench "$@"'}.items():
        (programs / name).write_text(f"#!/bin/sh\n{line}\n")
        (programs / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(checkout),
        "GITHUB_ACTIONS": "true",
        "GITHUB_BASE_REF": "main",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    for step in steps():
        if "run" in step:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", step["run"]],
                cwd=checkout,
                env=environment,
                capture_output=True,
                text=True,
            )
            # Nothing differs: it may be undecided on a busy machine, but never wrong.
            assert done.returncode in (0, 4), done.stdout + done.stderr
    assert summary.read_text().startswith("## walkerbench gate: ")
    assert ET.parse(checkout / "gate.xml").getroot().get("failures") == "0"
    worktrees = subprocess.run(
        ["git", "worktree", "list"], cwd=checkout, check=True, capture_output=True, text=True
    ).stdout
    assert len(worktrees.splitlines()) == 1
