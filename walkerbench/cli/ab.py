"""`walkerbench ab`."""

from __future__ import annotations

from typing import Any

import click

from walkerbench.cli.options import (
    HELP_NAMES,
    Invocation,
    decision_options,
    json_option,
    profile_option,
    quiet_option,
    rounds_options,
    verbose_option,
)
from walkerbench.errors import ExitCode


@click.command("ab", context_settings=HELP_NAMES)
@click.argument("base", metavar="BASE")
@click.argument("candidate", metavar="CANDIDATE")
@profile_option
@rounds_options
@decision_options
@json_option
@quiet_option
@verbose_option
@click.pass_obj
def ab_command(
    invocation: Invocation, /, *, base: str, candidate: str, profile_name: str, as_json: bool, **measured: Any
) -> ExitCode:
    """Measure two sides now, interleaved: is CANDIDATE slower?

    A side is a git revision of this repository (main, HEAD~3, v1.2), the
    working tree as it is (.), a profile (smoke, mine.toml), a key of the
    profile (mode=threaded, environment.brain.batch_size=64), or several of
    these joined by commas. A revision runs from a clean worktree with today's
    interpreter and dependencies; the worktree is removed afterwards. The same
    side twice is an A/A check.

    Exit code: 0 not slower, 1 a regression, 4 inconclusive.

    \b
    Examples:
      walkerbench ab main HEAD
      walkerbench ab mode=threaded mode=process --profile smoke
      walkerbench ab main,mode=process .,mode=process --budget 2m
      walkerbench ab . .
    """  # noqa: D301  click takes the character \b for "leave these lines as they are"
    from walkerbench.cli.measuring import measure_and_judge, print_compared
    from walkerbench.interleaved.sides import parse_sides
    from walkerbench.profile.loading import load_profile

    sides = parse_sides((base, candidate), load_profile(profile_name))
    compared = measure_and_judge(sides, **measured)
    print_compared(compared, compared.exit_code, as_json=as_json)
    return compared.exit_code
