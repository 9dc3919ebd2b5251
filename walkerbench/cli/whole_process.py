"""Runs a command as a whole process: Ctrl-C at any time leads to one line and the exit code of an interrupt.

This module imports nothing that takes time: it must handle interrupts before the long imports of a command begin.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress


def run_whole_process(carry_out: Callable[[], int], *, is_child: bool = False) -> int:
    """Carry out the task of a process, and handle its interrupts.

    Args:
        carry_out: Does the task, imports included, and returns the exit code.
        is_child: Whether another process of walkerbench started this one; that process then reports interrupts.

    Returns:
        The process's exit code.
    """
    # During the import below, an interrupt ends the process at once: imports do not always pass on an exception.
    signal.signal(signal.SIGINT, _leave)
    try:
        from walkerbench.system.interrupts import ignore_interrupts, leave_at_interrupts

        leave_at_interrupts(silently=is_child)
        code = carry_out()
        # A signal that arrives while Python exits would take the place of the exit code.
        ignore_interrupts()
        return code
    except KeyboardInterrupt:
        _tell("interrupted")
        os._exit(130)  # a second Ctrl-C while Python exits would take the place of the exit code
    except Exception as error:
        # An import failed, since a command returns an exit code. Python's own exit code would be 1, that of a verdict.
        _tell(f"internal error: this walkerbench cannot be imported: {type(error).__name__}: {str(error)!a}")
        return 70


def _leave(_number: int, _frame: object) -> None:
    with suppress(OSError):
        os.write(2, b"walkerbench: interrupted\n")  # past the buffer of stderr, which may be in use right now
    os._exit(130)


def _tell(text: str) -> None:
    with suppress(OSError):
        if sys.stderr is not None:
            sys.stderr.write(f"walkerbench: {text}\n")
            sys.stderr.flush()
