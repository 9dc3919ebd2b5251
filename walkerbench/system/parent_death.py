"""Ends a process with the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # from <sys/prctl.h>


def die_with_parent(parent: int) -> None:
    """Have the system kill this process as soon as its parent is gone, even where this process is stopped.

    Linux does so at the end of the *thread* that started this process: call it where that was the parent's main thread.
    Elsewhere this does nothing.

    Args:
        parent: The parent's process id.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it was gone before it could be told
        os.kill(os.getpid(), signal.SIGKILL)
