"""`python -OO` strips docstrings and assertions; no command may depend on either."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import walkerbench

PACKAGE = Path(walkerbench.__file__).parent
PRINT_EVERY_HELP = """\
import click
from walkerbench.cli.group import walkerbench
context = click.Context(walkerbench, info_name="walkerbench")
print(walkerbench.get_help(context))
for name, command in walkerbench.commands.items():
    print(command.get_help(click.Context(command, context, info_name=name)))
"""

COMPILE = """\
from walkerbench.workloads.contract import BufferLayout, FrameBuffers
from walkerbench.workloads.walker import WalkerWorkload
workload = WalkerWorkload(1)
workload.make_settler(FrameBuffers(BufferLayout.of(workload, 1)))
"""


@pytest.fixture(scope="module")
def _compiled() -> None:
    """Compile the walker for `-OO`, whose compiled code is kept apart: a run that must compile says so."""
    subprocess.run([sys.executable, "-OO", "-c", COMPILE], capture_output=True, timeout=110, check=True)


def python(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout


def test_the_help_of_every_command_needs_no_docstrings() -> None:
    assert python("-OO", "-c", PRINT_EVERY_HELP) == python("-c", PRINT_EVERY_HELP)


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help")])
def test_a_whole_process_prints_the_same(arguments: tuple[str, ...]) -> None:
    assert python("-OO", "-m", "walkerbench", *arguments) == python("-m", "walkerbench", *arguments)


@pytest.mark.usefixtures("_compiled")
@pytest.mark.parametrize("mode", ["sequential", "process"])
def test_a_run_needs_no_assertions(mode: str, tmp_path: Path) -> None:
    lenient = tmp_path / "lenient.toml"
    lenient.write_text("criteria = {}", encoding="utf-8")
    options = ["--profile", str(lenient), "--frames", "20", "--warmup", "5", "--agents", "6", "-q", "--mode", mode]
    out = python("-OO", "-m", "walkerbench", "run", *options, "-o", str(tmp_path / "run"))
    assert "emergency shutdowns 0, as required" in out


def test_assertions_in_the_package_only_narrow_types() -> None:
    found = [
        node.test
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert found
    for condition in map(ast.unparse, found):
        assert condition.endswith(" is not None") or condition.startswith("isinstance(")
