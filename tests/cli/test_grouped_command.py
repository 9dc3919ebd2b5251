from __future__ import annotations

import re
from typing import Any

import click
import pytest

from walkerbench.cli.group import walkerbench
from walkerbench.cli.grouped_command import OptionGroup, grouped_command
from walkerbench.errors import ExitCode

SIZE = OptionGroup(
    "How large",
    (click.Option(["--wide"], type=int, help="W."), click.Option(["--high"], type=int, default=3, help="H.")),
    ("size", lambda values: (values["wide"], values["high"])),
)
COLOUR = OptionGroup("How it looks", (click.Option(["--colour"], help="C."),))
DEPTH = OptionGroup("How it looks", (click.Option(["--depth"], type=int, help="D."),))


@grouped_command("draw", "Draw.", SIZE, COLOUR, DEPTH)
@click.argument("name")
@click.option("--quiet", is_flag=True, help="Q.")
@click.pass_context
def draw(context: click.Context, /, **given: object) -> ExitCode:  # what arrives is what is tested
    context.obj.append((given, SIZE.given(context)))
    return ExitCode.PASS


def options_by_heading(text: str) -> dict[str, list[str]]:
    """Return the long options that a help lists below each of its headings."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if heading := re.fullmatch(r"(\S.*):", line):
            listed = found.setdefault(heading[1], [])
        elif option := re.match(r"  (?:-\w, )?(--[\w-]+)", line):
            listed.append(option[1])
    return found


def test_a_group_is_passed_as_one_value_or_by_option() -> None:
    arrived: list[Any] = []
    draw.main(["tree", "--wide", "5", "--colour", "red"], standalone_mode=False, obj=arrived)
    given, typed = arrived[0]
    assert given == {"name": "tree", "quiet": False, "size": (5, 3), "colour": "red", "depth": None}
    assert typed == ["--wide"]


def test_groups_have_headings_and_adjacent_ones_share_them() -> None:
    text = draw.get_help(click.Context(draw))
    assert options_by_heading(text) == {
        "How large": ["--wide", "--high"],
        "How it looks": ["--colour", "--depth"],
        "Options": ["--quiet", "--help"],
    }


def test_compare_separates_options_for_modes_and_for_runs(command: Any) -> None:
    found = options_by_heading(command("compare", "--help").out)
    assert found == {
        "Without runs: what each mode runs, and how often": [
            *("--profile", "--workload", "--workload-argument", "--workers", "--agents", "--seed", "--warmup"),
            *("--budget", "--rounds"),
        ],
        "With and without runs": ["--tolerance", "--alpha", "--allow-different-work", "--allow-faults"],
        "Options": ["--report", "--json", "--quiet", "--verbose", "--help"],
    }  # fmt: skip
    for option in found["Without runs: what each mode runs, and how often"]:
        ended = command("compare", "one", "other", option, "size=1" if "argument" in option else "1")
        assert (ended.code, ended.out) == (2, "")
        assert f"{option}: cannot change recorded runs" in ended.err


@pytest.mark.parametrize("name", ["run", "compare", "ab", "gate", "flamegraph"])
def test_the_help_lists_every_option_once(command: Any, name: str) -> None:
    listed = [option for group in options_by_heading(command(name, "--help").out).values() for option in group]
    long = [option for each in walkerbench.commands[name].params for option in each.opts if option.startswith("--")]
    assert sorted(listed) == sorted([*long, "--help"])
