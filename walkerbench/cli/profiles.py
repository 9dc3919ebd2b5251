"""`walkerbench profiles`."""

from __future__ import annotations

import click

from walkerbench.cli.options import HELP_NAMES, verbose_option
from walkerbench.cli.output import write_out
from walkerbench.errors import ExitCode

_HELP = """\
Which profiles come with walkerbench, and what is each for?

Lists the shipped profiles.

\b
Examples:
  walkerbench profiles
  walkerbench run --profile smoke
"""


@click.command("profiles", help=_HELP, context_settings=HELP_NAMES)
@verbose_option
def profiles_command() -> ExitCode:
    """Carry out `walkerbench profiles`."""
    from walkerbench.cli.rich_console import to_text
    from walkerbench.profile.loading import list_profiles
    from walkerbench.reports.terminal.profiles import profile_tables

    write_out(to_text(profile_tables(list_profiles())))
    return ExitCode.PASS
