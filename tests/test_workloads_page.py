"""What docs/workloads.md and the examples say is so."""

from __future__ import annotations

import dataclasses
import re
import shlex
import tomllib
from pathlib import Path

import pytest

from walkerbench.cli.group import walkerbench as walkerbench_command
from walkerbench.workloads.agent_loop import AgentLoopSettings
from walkerbench.workloads.call_batches import CallSettings
from walkerbench.workloads.specs import FAMILIES

ROOT = Path(__file__).parents[1]
PAGE, EXAMPLES = ROOT / "docs" / "workloads.md", ROOT / "examples"
pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="documents and examples are not part of the wheel")
MOST_LINES = 40


def text_of_page() -> str:
    return PAGE.read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text_of_page(), re.DOTALL | re.MULTILINE)
    return [block for name, block in fenced if name == language]


def commands() -> list[str]:
    """Every command line of the page's blocks and of the examples' docstrings."""
    texts = [*blocks(""), *(each.read_text(encoding="utf-8") for each in sorted(EXAMPLES.glob("*.py")))]
    return [line.strip() for text in texts for line in text.splitlines() if line.strip().startswith("walkerbench ")]


def test_the_contract_on_the_page_is_the_example() -> None:
    (shown,) = (block for block in blocks("python") if "class Herd:" in block)
    assert shown == (EXAMPLES / "herd.py").read_text(encoding="utf-8")
    assert len(shown.splitlines()) <= MOST_LINES


def test_every_command_is_understood() -> None:
    assert len(commands()) >= 8
    for command in commands():
        _, name, *arguments = shlex.split(command)
        walkerbench_command.commands[name].make_context(name, arguments)


@pytest.mark.parametrize("settings_class", [AgentLoopSettings, CallSettings])
def test_the_settings_on_the_page_are_all_there_are(settings_class: type) -> None:
    names = [field.name for field in dataclasses.fields(settings_class)]
    (block,) = [each for each in blocks("toml") if each.startswith("[environment]") and names[0] in each]
    assert sorted(re.findall(r"^(?:# )?(\w+) = ", block, re.MULTILINE)) == sorted(names)
    given = tomllib.loads(block)["environment"]
    assert settings_class(**given) == settings_class()


def test_the_page_names_every_way_in() -> None:
    for family in FAMILIES:
        assert f"| `{family}:" in text_of_page()
