"""What a code host reads: the forms of issues, the text of a pull request, and how to report a security problem."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from named_commands import ROOT, check_commands

from walkerbench.cli.group import walkerbench as walkerbench_command

HOST = ROOT / ".github"
PAGES = ("SECURITY.md", "CONTRIBUTING.md", ".github/pull_request_template.md")
FORMS = ("bug_report", "feature_request")
pytestmark = pytest.mark.skipif(not HOST.is_dir(), reason="what the code host reads is not part of the wheel")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def fields(form: str) -> dict[str, dict[str, Any]]:
    found = yaml.safe_load(text(f".github/ISSUE_TEMPLATE/{form}.yml"))["body"]
    return {field["id"]: field for field in found}


def test_a_bug_report_asks_for_the_machine_and_the_run() -> None:
    asked = fields("bug_report")
    assert "walkerbench doctor" in str(asked["doctor"])
    assert ".walkerbench/runs" in str(asked["run"])
    assert all(field["validations"]["required"] for field in asked.values())


@pytest.mark.parametrize("name", [*PAGES, *(f".github/ISSUE_TEMPLATE/{form}.yml" for form in FORMS)])
def test_every_command_and_option_that_is_named_exists(name: str) -> None:
    for line in re.findall(r"`((?:python|walkerbench|make|\.ci/run) [^`]+)`", text(name)):
        check_commands(line)
    options = {
        option for each in walkerbench_command.commands.values() for param in each.params for option in param.opts
    }
    named = set(re.findall(r"`(--[a-z-]+)", text(name)))
    assert named <= options


def test_a_security_problem_is_not_reported_in_public() -> None:
    assert "private vulnerability reporting" in text("SECURITY.md")
    assert "Do not open a public issue." in text("SECURITY.md")
