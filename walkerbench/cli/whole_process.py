"""A command as the whole of a process: whenever Ctrl-C comes, it is one line and the exit code of an interrupt.

Imports nothing that takes time: from here on, an interrupt during an import ends as it does anywhere else.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress


def run_whole_process(carry_out: Callable[[], int], *, is_child: bool = False) -> int:
    """Carry out what a process is for.

    Args:
        carry_out: Does it, its imports included, and returns the exit code.
        is_child: Whether a process of walkerbench started this one, and says what an interrupt ended.

    Returns:
        The process's exit code.
    """
    # Until then, as short as it is: an exception within an import is not always passed on.
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
        # Of an import, since commands end in exit codes. Python's own exit code would be 1: a verdict.
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
