"""docs/ci.md: its first workflow is sound, and its steps do in a repository of the user's what the page promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from repositories import git

import walkerbench

PAGE = Path(__file__).parents[1] / "docs" / "ci.md"
SIM = """
class Herd:
    def __init__(self, agents, seed):
        self.totals = dict.fromkeys(agents, seed)

    def step(self, frame):
        for agent in self.totals:
            self.totals[agent] += frame

    def state(self, agent):
        return self.totals[agent]
"""


def workflow() -> dict[Any, Any]:
    text, _ = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return dict(yaml.safe_load(text))


def job() -> dict[str, Any]:
    (found,) = workflow()["jobs"].values()
    return dict(found)


def test_the_workflow_of_the_page_is_sound() -> None:
    found = workflow()
    # YAML 1.1 reads the key `on` as a truth value.
    assert set(found) == {"name", True, "permissions", "jobs"}
    assert found["permissions"] == {"contents": "read"}
    assert set(job()) == {"runs-on", "timeout-minutes", "env", "steps"}
    for step in job()["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert set(step) <= {"uses", "run", "with", "if"}
        # What a pull request's author names must not become part of a shell's line.
        assert "${{" not in step.get("run", "")
    (checkout,) = (step for step in job()["steps"] if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["fetch-depth"] == 0


@pytest.mark.workflow
@pytest.mark.timeout(600)
def test_the_steps_of_the_page_run_as_shell(tmp_path: Path) -> None:
    checkout, programs, summary = tmp_path / "theirs", tmp_path / "bin", tmp_path / "summary.md"
    checkout.mkdir()
    git(checkout, "init", "--quiet")
    (checkout / "mysim.py").write_text(SIM)
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "-m", "a simulation")
    git(checkout, "update-ref", "refs/remotes/origin/main", "HEAD")
    (checkout / "mysim.py").write_text(f"# Only a comment.\n{SIM}")
    git(checkout, "commit", "--quiet", "--all", "-m", "a comment")
    programs.mkdir()
    # What PyPI would bring is here already.
    for name, line in {"pip": "exit 0", "walkerbench": f'exec "{sys.executable}" -P -m walkerbench "$@"'}.items():
        (programs / name).write_text(f"#!/bin/sh\n{line}\n")
        (programs / name).chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path(walkerbench.__file__).parents[1]),
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
        "BASE_REF": "main",
    }
    for step in job()["steps"]:
        if "run" in step:
            line = step["run"].replace("--budget 3m", "--budget 60s")
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", line], cwd=checkout, env=environment, capture_output=True, text=True
            )
            # Only a comment differs: it may be undecided on a busy machine, but never wrong.
            assert done.returncode in (0, 4), done.stdout + done.stderr
    assert "- code: mysim at " in summary.read_text()
    assert ET.parse(checkout / "gate.xml").getroot().get("failures") == "0"
    assert git(checkout, "worktree", "list").count("\n") == 0
