"""Single options that several commands share; `option_groups` has the groups of options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from walkerbench.cli.option_types import RunName, WholeNumberWithin

HELP_NAMES: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 80}
"""Every command's context settings."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass
class Invocation:
    """Settings of one command line that code outside of the command needs, too.

    Attributes:
        verbose: Whether errors show their traceback.
    """

    verbose: bool = False


def _set_verbose(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    invocation = ctx.find_object(Invocation)
    if invocation is not None and value:
        invocation.verbose = True


def verbose_option(command: Command) -> Command:
    """Add `-v/--verbose`, which sets `Invocation.verbose`; the command does not receive it."""
    return _verbose("Show more: facts of the machine, details and tracebacks of errors.")(command)


def verbose_run_option(command: Command) -> Command:
    """Add `-v/--verbose` as `verbose_option` does, for a command that prints the summary of a run."""
    return _verbose("Show all figures of the run, facts of the machine, tracebacks of errors.")(command)


def _verbose(text: str) -> Callable[[Command], Command]:
    return click.option(
        "-v", "--verbose", is_flag=True, is_eager=True, expose_value=False, callback=_set_verbose, help=text
    )


def json_option(command: Command) -> Command:
    """Add `--json`, which prints the result as JSON."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print JSON instead of tables; for a run, the content of its run.json."
    )(command)


def run_argument(command: Command) -> Command:
    """Add the argument `RUN`, which names a recorded run."""
    return click.argument("recorded", metavar="RUN", type=RunName())(command)


def repeat_option(command: Command) -> Command:
    """Add `--repeat`, the number of runs."""
    return click.option(
        "--repeat",
        type=WholeNumberWithin(min=1, max=10_000),
        metavar="N",
        default=1,
        help="Number of runs, one after the other, each in a fresh process and, with -o, in a numbered folder of DIR. "
        "After a run without a verdict, no further run starts.",
    )(command)


def output_option(command: Command) -> Command:
    """Add `-o/--output`, the run directory to create."""
    return click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Run directory to create. Default: a new one in .walkerbench/runs.",
    )(command)


def quiet_option(command: Command) -> Command:
    """Add `-q/--quiet`, which shows no progress."""
    return click.option("-q", "--quiet", is_flag=True, help="Show no progress on stderr; the result is still printed.")(
        command
    )
