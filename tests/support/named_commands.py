"""Checks that the commands in documents and workflows exist: steps, options, markers, extras, modules and paths."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from ci_script import ci_steps

from walkerbench.cli.group import walkerbench as walkerbench_command

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MARKERS = {re.split("[:(]", marker)[0] for marker in PROJECT["tool"]["pytest"]["ini_options"]["markers"]}
_OF_PLUGINS = {"hypothesis"}
_TAKE_A_VALUE = {"-k", "-n"}


def check_commands(line: str) -> None:
    """Assert that each command in a line of shell exists, and everything that the command names.

    Raises:
        AssertionError: A step, marker, extra, module or path does not exist.
        KeyError: A program is none of those that are checked, or walkerbench has no such command.
        click.UsageError: A command of walkerbench has no such option, or not with such a value.
    """
    for program, *words in _commands(line):
        _CHECKS[program.removeprefix(".venv/bin/")](words)


def _commands(line: str) -> Iterator[list[str]]:
    for command in re.split(r"&&|\|\||\n", line):
        if words := shlex.split(command, comments=True):
            yield words[: words.index(">")] if ">" in words else words


def _check_ci(words: list[str]) -> None:
    assert set(words) <= {*ci_steps(), "$STEP"}


def _check_pip(words: list[str]) -> None:
    assert words[:2] == ["install", "-e"]
    match = re.fullmatch(r"\.(?:\[([\w,]+)\])?", " ".join(words[2:]))
    assert match
    assert set((match[1] or "test").split(",")) <= set(PROJECT["project"]["optional-dependencies"])


def _check_python(words: list[str]) -> None:
    option, module, *rest = words
    assert option == "-m"
    assert importlib.util.find_spec(module)
    if module == "pytest":
        _check_pytest(iter(rest))


def _check_pytest(words: Iterator[str]) -> None:
    for word in words:
        if word == "-m":
            assert set(re.findall(r"\w+", next(words))) - {"and", "or", "not"} <= MARKERS | _OF_PLUGINS
        elif word in _TAKE_A_VALUE:
            next(words)
        elif not word.startswith("-"):
            assert list(ROOT.glob(word)), word


def _check_walkerbench(words: list[str]) -> None:
    name, *rest = words
    command = walkerbench_command.commands[name]
    if rest:
        command.make_context(name, rest)  # parses the options, and carries out nothing


def _check_pre_commit(words: list[str]) -> None:
    assert words == ["install"]


def _check_sudo(words: list[str]) -> None:
    assert words[0] == "apt-get"


def _check_exit_code(words: list[str]) -> None:
    assert words == ["$?", "-eq", "4", "]"]


_CHECKS: dict[str, Callable[[list[str]], None]] = {
    ".ci/run": _check_ci,
    "[": _check_exit_code,
    "make": _check_ci,
    "pip": _check_pip,
    "pre-commit": _check_pre_commit,
    "python": _check_python,
    "python3": _check_python,
    "sudo": _check_sudo,
    "walkerbench": _check_walkerbench,
}
