"""From the process's arguments to its exit code."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from walkerbench.cli.error_lines import error_lines
from walkerbench.cli.group import walkerbench
from walkerbench.cli.options import Invocation
from walkerbench.cli.output import complain, note
from walkerbench.errors import ExitCode, UsageError, WalkerbenchError, WorkerFailed


def run_command_line(arguments: Sequence[str]) -> int:
    """Carry out a command; every error becomes a line on stderr and an exit code.

    Returns:
        The process's exit code, as errors.py draws it.
    """
    invocation = Invocation()
    try:
        _check_working_directory()
        result = walkerbench.main(list(arguments), "walkerbench", standalone_mode=False, obj=invocation)
        return result if isinstance(result, int) else ExitCode.PASS
    except click.ClickException as error:
        complain(_usage_line(error))
        return ExitCode.UNUSABLE
    except WalkerbenchError as error:
        _explain(error, invocation.verbose)
        return error.exit_code
    except (Exception, KeyboardInterrupt) as error:
        # A library may wrap the interruption that it met (click does, into Abort): it is an interruption all the same.
        if any(isinstance(cause, KeyboardInterrupt) for cause in _causes(error)):
            complain("interrupted")
            return ExitCode.INTERRUPTED
        hint = "" if invocation.verbose else "; run again with -v for the traceback"
        complain(f"internal error: {_one_line(error)}{hint}")
        _show_traceback(error, invocation.verbose)
        return ExitCode.FAULT


def _check_working_directory() -> None:
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(f"the working directory cannot be used: {error.strerror}; change to another") from error


def _usage_line(error: click.ClickException) -> str:
    line = " ".join(error.format_message().split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{line} (see `{context.command_path} --help`)" if context else line


def _explain(error: WalkerbenchError, verbose: bool) -> None:
    ours = error.exit_code == ExitCode.FAULT
    complain(f"internal error: {error}" if ours else error_lines(error))
    if verbose and isinstance(error, WorkerFailed):
        note(f"The worker's traceback:\n{error.traceback_text.rstrip()}")
    _show_traceback(error, verbose)


def _show_traceback(error: BaseException, verbose: bool) -> None:
    if verbose:
        note("".join(traceback.format_exception(error)).rstrip())


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
