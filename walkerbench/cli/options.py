"""Options that several commands share, and that each receives as they are; `option_groups` has the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from walkerbench.cli.option_types import RunName, WholeNumber

HELP_NAMES: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 80}
"""Every command's context settings."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class Invocation:
    """What of the command line is needed beyond the command itself.

    Attributes:
        verbose: Whether errors show their traceback.
    """

    verbose: bool = False


def _set_verbose(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    invocation = ctx.find_object(Invocation)
    if invocation is not None and value:
        invocation.verbose = True


def verbose_option(command: Command) -> Command:
    """`-v/--verbose`: sets `Invocation.verbose`; the command does not receive it."""
    return click.option(
        "-v",
        "--verbose",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_set_verbose,
        help="Say more: facts of the machine, tracebacks of errors.",
    )(command)


def json_option(command: Command) -> Command:
    """`--json`: the result as JSON."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON instead of tables; of a run, its run.json."
    )(command)


def run_argument(command: Command) -> Command:
    """`RUN`: a recorded run."""
    return click.argument("recorded", metavar="RUN", type=RunName())(command)


def repeat_option(command: Command) -> Command:
    """`--repeat`: how many runs."""
    return click.option(
        "--repeat",
        type=WholeNumber(min=1, max=10_000),
        metavar="N",
        default=1,
        help="Number of runs, one after the other, each in a fresh process and, with -o, in a numbered folder of DIR. "
        "The first one without a verdict ends them.",
    )(command)


def output_option(command: Command) -> Command:
    """`-o/--output`: the run directory."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Run directory to create. Default: a new one in .walkerbench/runs.",
    )(command)


def quiet_option(command: Command) -> Command:
    """`-q/--quiet`: no progress."""
    return click.option("-q", "--quiet", is_flag=True, help="No progress on stderr; the result is printed.")(command)
