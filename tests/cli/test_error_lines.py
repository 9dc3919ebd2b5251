from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

import walkerbench
from walkerbench.cli.error_lines import ALLOW_DIFFERENT_WORK_FLAG, error_lines
from walkerbench.cli.group import walkerbench as command_line
from walkerbench.errors import (
    BaselineSizeError,
    BudgetTooSmall,
    InjectedFaults,
    NotComparable,
    OverrideError,
    TooFewRounds,
    UsageError,
    WalkerbenchError,
)

IF_INTENDED = "if intended: --allow-different-work; details: -v"
DIFFERENT_WORK_ADVICE = (
    "if the trajectory changed on purpose, because a change reorders arithmetic or alters the environment, give "
    "--allow-different-work; every report then says so"
)


OPTIONS = {each for command in command_line.commands.values() for one in command.params for each in one.opts}


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (WalkerbenchError("it broke"), "it broke"),
        (UsageError("no such thing"), "no such thing"),
        (BudgetTooSmall("give 50 s or more", needed_s=50), "give 50 s or more (--budget 50s)"),
        (TooFewRounds("give 11 or more", needed=11), "give 11 or more (--rounds 11)"),
        (
            BaselineSizeError("record 3 to 10", fewest=3, most=10),
            "record 3 to 10 (`walkerbench run --repeat 3` records them, and --baseline names them)",
        ),
        (UsageError("give another", parameters=("mode", "workers")), "give another (--mode, --workers)"),
        (OverrideError((("frames, duration_s", "give one"),)), "--frames, --duration: give one"),
        (OverrideError((("criteria", "wrong"), ("faults.x", "bad"))), "--criterion: wrong\nfaults.x: bad"),
        (NotComparable("a differs", different_work=True), f"a differs ({IF_INTENDED})"),
        (NotComparable("a", "b", different_work=True), f"a (1 more difference; {IF_INTENDED})"),
        (NotComparable(*"abcd", different_work=True), f"a (3 more differences; {IF_INTENDED})"),
        (NotComparable("a\nb", different_work=True), f"a\\nb ({IF_INTENDED})"),
        (NotComparable("no way"), "no way"),
        (InjectedFaults("it has faults"), "it has faults (--allow-faults)"),
    ],
)
def test_an_error_names_the_options_that_resolve_it(error: WalkerbenchError, lines: str) -> None:
    assert error_lines(error) == lines


def test_verbose_lines_have_every_difference_and_its_details() -> None:
    error = NotComparable("a", "b", different_work=True)
    error.details = ("3 of 5 agents differ: 0, 1, 2",)
    assert "3 of 5" not in error_lines(error)
    told = error_lines(error, verbose=True).split("\n")
    assert told == ["a", "b", "3 of 5 agents differ: 0, 1, 2", DIFFERENT_WORK_ADVICE]
    assert error_lines(NotComparable("a", "b"), verbose=True) == error_lines(NotComparable("a", "b")) == "a\nb"


def parameters_of_errors() -> set[str]:
    """Return all parameters that errors of the package name."""
    return {
        str(name.value)
        for path in Path(walkerbench.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "parameters" and isinstance(node.value, ast.Tuple)
        for name in node.value.elts
        if isinstance(name, ast.Constant)
    }


@pytest.mark.parametrize("parameter", sorted(parameters_of_errors()))
def test_every_parameter_of_an_error_is_an_option(parameter: str) -> None:
    flag = error_lines(UsageError("no", parameters=(parameter,))).removeprefix("no (").removesuffix(")")
    assert flag in OPTIONS


def test_every_flag_that_the_lines_name_is_an_option() -> None:
    named = re.findall(r"--[a-z-]+", Path(inspect.getfile(error_lines)).read_text(encoding="utf-8"))
    assert set(named) <= OPTIONS
    assert ALLOW_DIFFERENT_WORK_FLAG in named


def test_parameters_of_errors_are_found() -> None:
    assert {"mode", "workers", "alpha"} <= parameters_of_errors()
