"""Errors as lines for the command line: the facts that an error carries, with the options that would change them."""

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
from walkerbench.shown_text import first_of, shown

ALLOW_DIFFERENT_WORK_FLAG = "--allow-different-work"
"""Lets sides be compared that do not compute the same."""

_ON_PURPOSE = (
    "a change that reorders arithmetic or alters the environment changes the trajectory on purpose: where this is one, "
    f"give {ALLOW_DIFFERENT_WORK_FLAG}, and every report says so"
)

_FLAGS = {
    "allow_faults": "--allow-faults",
    "criteria": "--criterion",
    "duration_s": "--duration",
    "workload_arguments": "--workload-argument",
}
"""Parameters whose options are not called as they are."""


def error_lines(error: WalkerbenchError) -> str:
    """Return what is said of an error: one line, or one for each of its problems, as they may be shown."""
    return "\n".join(map(shown, _lines(error)))


def _lines(error: WalkerbenchError) -> list[str]:
    if isinstance(error, OverrideError):
        return list(first_of([f"{_flags(keys.split(', '))}: {text}" for keys, text in error.problems]))
    lines = list(first_of(error.lines))
    if isinstance(error, NotComparable) and error.different_work:
        # One problem is one line; after several, what may be done is a line of its own.
        return [f"{lines[0]}; {_ON_PURPOSE}"] if len(lines) == 1 else [*lines, _ON_PURPOSE]
    what_to_type = _what_to_type(error)
    return [*lines[:-1], f"{lines[-1]} ({what_to_type})"] if what_to_type else lines


def _what_to_type(error: WalkerbenchError) -> str:
    """Return the options that would set right what an error says; nothing where it has no such facts."""
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
