"""`.ci/run` has a step for each target of the Makefile and a check for each hook, and refuses every other step."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from ci_script import SCRIPT, ci_steps

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(not (ROOT / "Makefile").is_file(), reason="the Makefile is not part of the wheel")


def test_every_step_has_its_function() -> None:
    assert re.findall(r"^run_(\w+)\(\)", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE) == ci_steps()


def test_every_step_is_a_target_of_the_makefile() -> None:
    (targets,) = re.findall(r"^STEPS = (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets.split() == ci_steps()


def test_an_unknown_step_is_refused_before_any_step_runs() -> None:
    ended = subprocess.run([SCRIPT, "lint", "nosuch"], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith(f"no step 'nosuch'; the steps are {' '.join(ci_steps())}\n")


def test_every_hook_runs_a_check_of_the_lint_step() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    (lint,) = re.findall(r"^run_lint\(\) \{\n(.*?)^\}", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert {hook["id"] for hook in hooks} == {"ruff-check", "ruff-format", "codespell", "plain-english"}
    for hook in hooks:
        assert hook["entry"].removesuffix(" --force-exclude") in lint
