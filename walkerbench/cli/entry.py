"""Carries out the command that a process's arguments name, and returns the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import dropwhile
from pathlib import Path

import click

from walkerbench.cli.failures import tell_failure
from walkerbench.cli.group import walkerbench
from walkerbench.cli.grouped_command import GroupedCommand
from walkerbench.cli.options import HELP_NAMES, Invocation
from walkerbench.errors import ExitCode, UsageError


def run_command_line(arguments: Sequence[str]) -> ExitCode:
    """Carry out a command; every error becomes a line on stderr and an exit code.

    Returns:
        The process's exit code.
    """
    invocation = Invocation()
    try:
        with _around(arguments):
            _check_working_directory()
            return _carry_out(arguments, invocation)
    except (Exception, KeyboardInterrupt) as error:
        return tell_failure(error, verbose=invocation.verbose)


def _around(arguments: Sequence[str]) -> AbstractContextManager[None]:
    """Return the context of the command that the arguments name; an empty one where they only ask for help."""
    name, *words = list(dropwhile(lambda word: word.startswith("-"), arguments)) or [""]
    command = walkerbench.commands.get(name)
    if not isinstance(command, GroupedCommand) or set(HELP_NAMES["help_option_names"]) & set(arguments):
        return nullcontext()
    return command.around(command, words)


def _carry_out(arguments: Sequence[str], invocation: Invocation) -> ExitCode:
    try:
        result = walkerbench.main(list(arguments), "walkerbench", standalone_mode=False, obj=invocation)
    except click.ClickException as error:
        raise UsageError(_usage_line(error)) from error
    return ExitCode(result) if isinstance(result, int) else ExitCode.PASS


def _check_working_directory() -> None:
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(f"the working directory cannot be used: {error.strerror}; change to another") from error


def _usage_line(error: click.ClickException) -> str:
    line = " ".join(error.format_message().split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{line} (see `{context.command_path} --help`)" if context else line
