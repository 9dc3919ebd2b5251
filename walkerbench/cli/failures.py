"""Turns an error that ended a command into lines on stderr and an exit code."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

from walkerbench.cli.error_lines import error_lines
from walkerbench.cli.output import complain, note, note_traceback
from walkerbench.errors import (
    ExitCode,
    WalkerbenchError,
    WorkerFailed,
    describe_error,
    user_traceback_of,
)
from walkerbench.shown_text import shown
from walkerbench.system.capacity import capacity_problem


def tell_failure(error: BaseException, *, verbose: bool) -> ExitCode:
    """Write the error that ended a command to stderr.

    Args:
        error: The error that was raised.
        verbose: Whether to write its traceback, too.

    Returns:
        The exit code for the error.
    """
    message = failure_message(error, verbose=verbose)
    if isinstance(error, WalkerbenchError):
        if users := user_traceback_of(error):
            note("The workload's traceback:")
            note_traceback(users)
        complain(f"internal error: {message}" if error.exit_code == ExitCode.FAULT else message)
        if verbose and isinstance(error, WorkerFailed):
            note("The worker's traceback:")
            note_traceback(error.traceback_text)
        _show_traceback(error, verbose)
        return error.exit_code
    if _is_interrupt(error):
        complain(message)
        return ExitCode.INTERRUPTED
    missing = capacity_problem(error)
    if missing is not None:
        complain(missing)
        _show_traceback(error, verbose)
        return ExitCode.UNUSABLE
    hint = "" if verbose else "; run again with -v for the traceback"
    complain(f"internal error: {message}{hint}")
    _show_traceback(error, verbose)
    return ExitCode.FAULT


def failure_message(error: BaseException, *, verbose: bool = False) -> str:
    """Return an error's message, safe to show: one line, or one line for each of its problems, see `error_lines`."""
    if isinstance(error, WalkerbenchError):
        return error_lines(error, verbose=verbose)
    if _is_interrupt(error):
        return "interrupted"
    return shown(describe_error(error))


def _is_interrupt(error: BaseException) -> bool:
    """Return whether an error is an interrupt, also one that a library has wrapped, as click does with Abort."""
    return any(isinstance(cause, KeyboardInterrupt) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _show_traceback(error: BaseException, verbose: bool) -> None:
    if verbose:
        note_traceback("".join(traceback.format_exception(error)))
