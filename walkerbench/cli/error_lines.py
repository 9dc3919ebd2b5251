"""Turns errors into lines for the user: the facts of the error, and the options that would resolve it."""

from __future__ import annotations

from walkerbench.errors import (
    BaselineSizeError,
    BudgetTooSmall,
    NotComparable,
    OverrideError,
    TooFewRounds,
    UsageError,
    WalkerbenchError,
)
from walkerbench.reports.wording.numbers import counted
from walkerbench.shown_text import first_of, shown

ALLOW_DIFFERENT_WORK_FLAG = "--allow-different-work"
"""The option that permits a comparison of sides that do different work."""

_IF_INTENDED = f"if intended: {ALLOW_DIFFERENT_WORK_FLAG}; details: -v"
_DIFFERENT_WORK_ADVICE = (
    "if the trajectory changed on purpose, because a change reorders arithmetic or alters the environment, give "
    f"{ALLOW_DIFFERENT_WORK_FLAG}; every report then says so"
)

_FLAGS = {
    "allow_faults": "--allow-faults",
    "criteria": "--criterion",
    "duration_s": "--duration",
    "workload_arguments": "--workload-argument",
}
"""Parameter → its option, for each parameter whose option has another name."""


def error_lines(error: WalkerbenchError, *, verbose: bool = False) -> str:
    """Return an error's message, safe to show: one line, or one line for each of its problems.

    Args:
        error: The error.
        verbose: Whether to return every difference of sides that do different work; else only the first.
    """
    return "\n".join(map(shown, _lines(error, verbose)))


def _lines(error: WalkerbenchError, verbose: bool) -> list[str]:
    if isinstance(error, OverrideError):
        return list(first_of([f"{_flags(keys.split(', '))}: {text}" for keys, text in error.problems]))
    lines = list(first_of(error.lines))
    if isinstance(error, NotComparable) and error.different_work:
        if verbose:
            return [*lines, *first_of(error.details), _DIFFERENT_WORK_ADVICE]
        more = f"{counted(len(error.lines) - 1, 'more difference')}; " if error.lines[1:] else ""
        return [f"{lines[0]} ({more}{_IF_INTENDED})"]
    options = _options_that_resolve(error)
    return [*lines[:-1], f"{lines[-1]} ({options})"] if options else lines


def _options_that_resolve(error: WalkerbenchError) -> str:
    """Return the options that would resolve an error, in words; an empty text where no option would."""
    match error:
        case BudgetTooSmall():
            return f"--budget {error.needed_s}s"
        case TooFewRounds():
            return f"--rounds {error.needed}"
        case BaselineSizeError():
            return f"`walkerbench run --repeat {error.fewest}` records them, and --baseline names them"
        case UsageError():
            return _flags(error.parameters)
        case _:
            return ""


def _flags(parameters: list[str] | tuple[str, ...]) -> str:
    """Return the options that set parameters; a key of a profile's section, which has no option, stays as it is."""
    return ", ".join(_FLAGS.get(each, each if "." in each else f"--{each}") for each in parameters)
