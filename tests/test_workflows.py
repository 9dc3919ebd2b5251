"""The project's own workflows are sound, and every step, option, marker, extra and path that they name exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from ci_script import ci_steps
from named_commands import PROJECT, ROOT, check_commands

FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
pytestmark = pytest.mark.skipif(not FILES, reason="the workflows are not part of the wheel")
each_workflow = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def workflow(file: Path) -> dict[Any, Any]:
    return dict(yaml.safe_load(file.read_text(encoding="utf-8")))


def steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in workflow(file)["jobs"].values():
        yield from job["steps"]


@each_workflow
def test_a_workflow_may_read_only_and_ends_in_time(file: Path) -> None:
    found = workflow(file)
    # YAML 1.1 reads the key `on` as a truth value.
    assert set(found) == {"name", True, "permissions", "concurrency", "jobs"}
    assert found["name"] == file.stem
    assert found["permissions"] == {"contents": "read"}
    assert found["concurrency"]["cancel-in-progress"] is True
    for job in found["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 60
        assert "permissions" not in job


@each_workflow
def test_actions_are_of_a_pinned_major_version(file: Path) -> None:
    for step in steps(file):
        assert ("uses" in step) != ("run" in step)
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/checkout@v4"))
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@each_workflow
def test_no_expression_becomes_part_of_a_shells_line(file: Path) -> None:
    assert [step["run"] for step in steps(file) if "${{" in step.get("run", "")] == []


@each_workflow
def test_everything_that_a_workflow_names_exists(file: Path) -> None:
    lines = [step["run"] for step in steps(file) if "run" in step]
    assert lines
    for line in lines:
        check_commands(line)


@pytest.mark.parametrize(
    "line",
    [
        ".ci/run nosuch",
        "make nosuch",
        "pip install -e '.[nosuch]'",
        "python -m pytest -m nosuch",
        "python -m pytest tests/nosuch_*.py",
        "python -m nosuch",
        "python -m tests.nosuch > docs/promises.md",
        "walkerbench nosuch",
        "walkerbench gate --agianst main",
        "pip install -e . && nosuch",
    ],
)
def test_what_does_not_exist_is_noticed(line: str) -> None:
    with pytest.raises((AssertionError, KeyError, click.UsageError)):
        check_commands(line)


def test_every_step_of_ci_runs_in_a_workflow() -> None:
    found = workflow(ROOT / ".github" / "workflows" / "tests.yml")
    matrix = found["jobs"]["step"]["strategy"]["matrix"]["step"]
    assert sorted(["test", *matrix]) == sorted(ci_steps())


def test_every_python_that_is_promised_is_tested() -> None:
    tested = workflow(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]["suite"]["strategy"]["matrix"]["python"]
    versions = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert versions
    assert set(versions) <= set(tested)
    assert PROJECT["project"]["requires-python"] == f">={tested[0]}"


def test_the_gate_has_the_revision_that_it_measures_against() -> None:
    (checkout,) = (step for step in steps(ROOT / ".github" / "workflows" / "gate.yml") if "checkout" in str(step))
    assert checkout["with"]["fetch-depth"] == 0
