from __future__ import annotations

import ast
from pathlib import Path

import pytest

import walkerbench
from walkerbench.cli.error_lines import error_lines
from walkerbench.cli.group import walkerbench as command_line
from walkerbench.errors import NotComparable, OverrideError, UsageError, WalkerbenchError

ON_PURPOSE = (
    "a change that reorders arithmetic or alters the environment changes the trajectory on purpose: where this is one, "
    "give --allow-different-work, and every report says so"
)


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (WalkerbenchError("it broke"), "it broke"),
        (UsageError("no such thing"), "no such thing"),
        (UsageError("give 50 s or more", parameters=("budget_s",)), "give 50 s or more (--budget)"),
        (UsageError("give another", parameters=("mode", "workers")), "give another (--mode, --workers)"),
        (UsageError("too few", parameters=("baselines",)), "too few (--baseline)"),
        (OverrideError((("frames, duration_s", "give one"),)), "--frames, --duration: give one"),
        (OverrideError((("criteria", "wrong"), ("faults.x", "bad"))), "--criterion: wrong\nfaults.x: bad"),
        (NotComparable("a differs", parameters=("allow_different_work",)), f"a differs; {ON_PURPOSE}"),
        (NotComparable("a\nb", parameters=("allow_different_work",)), f"a\nb\n{ON_PURPOSE}"),
        (NotComparable("no way"), "no way"),
    ],
)
def test_an_error_is_said_with_the_options_to_change(error: WalkerbenchError, lines: str) -> None:
    assert error_lines(error) == lines


def parameters_of_errors() -> set[str]:
    """Everything that errors of the package say is to be changed."""
    return {
        name.value
        for path in Path(walkerbench.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "parameters" and isinstance(node.value, ast.Tuple)
        for name in node.value.elts
        if isinstance(name, ast.Constant)
    }


@pytest.mark.parametrize("parameter", sorted(parameters_of_errors() - {"allow_different_work"}))
def test_every_parameter_of_an_error_is_an_option(parameter: str) -> None:
    flag = error_lines(UsageError("no", parameters=(parameter,))).removeprefix("no (").removesuffix(")")
    assert flag in {each for command in command_line.commands.values() for one in command.params for each in one.opts}


def test_parameters_of_errors_are_found() -> None:
    assert {"budget_s", "rounds", "mode", "allow_different_work"} <= parameters_of_errors()
