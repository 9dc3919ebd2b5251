"""A command as the whole of a process: whenever Ctrl-C comes, it is one line and the exit code of an interrupt.

Imports nothing that takes time: from here on, an interrupt during an import ends as it does anywhere else.
"""

import os
import sys
from collections.abc import Callable


def run_whole_process(carry_out: Callable[[], int]) -> int:
    """Carry out what a process is for.

    Args:
        carry_out: Does it, its imports included, and returns the exit code.

    Returns:
        The process's exit code.
    """
    try:
        from walkerbench.system.interrupts import ignore_interrupts, leave_at_interrupts

        leave_at_interrupts()
        code = carry_out()
        # A signal that arrives while Python exits would take the place of the exit code.
        ignore_interrupts()
        return code
    except KeyboardInterrupt:
        sys.stderr.write("walkerbench: interrupted\n")
        sys.stderr.flush()
        os._exit(130)  # a second Ctrl-C while Python exits would take the place of the exit code
