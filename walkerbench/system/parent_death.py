"""Ends a process with the one that started it.

Where walkerbench is killed, all that it has started must end. Three mechanisms ensure that, because none does it alone:

- A child with a process group of its own has a keeper, which kills the group (`child_processes`). The child may be git,
  py-spy or an older walkerbench, which know of no parent's death, and may have children of its own.
- A worker of process mode is in its parent's group, which may hold processes that are not walkerbench's: no keeper may
  kill that. On Linux the system kills the worker (`die_with_parent`), even where it is stopped.
- On other systems, and where the parent's main thread did not start the worker, a thread of the worker waits for the
  parent's end (`modes.process`). It does not run where the worker is stopped.
"""

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
