"""From the process's arguments to its exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from walkerbench.cli.failures import tell_failure
from walkerbench.cli.group import walkerbench
from walkerbench.cli.options import Invocation
from walkerbench.cli.output import complain
from walkerbench.errors import ExitCode, UsageError


def run_command_line(arguments: Sequence[str]) -> ExitCode:
    """Carry out a command; every error becomes a line on stderr and an exit code.

    Returns:
        The process's exit code.
    """
    invocation = Invocation()
    try:
        _check_working_directory()
        result = walkerbench.main(list(arguments), "walkerbench", standalone_mode=False, obj=invocation)
        return ExitCode(result) if isinstance(result, int) else ExitCode.PASS
    except click.ClickException as error:
        complain(_usage_line(error))
        return ExitCode.UNUSABLE
    except (Exception, KeyboardInterrupt) as error:
        return tell_failure(error, verbose=invocation.verbose)


def _check_working_directory() -> None:
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(f"the working directory cannot be used: {error.strerror}; change to another") from error


def _usage_line(error: click.ClickException) -> str:
    line = " ".join(error.format_message().split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{line} (see `{context.command_path} --help`)" if context else line
