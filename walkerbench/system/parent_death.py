"""Ends a process when its parent process ends.

Where walkerbench is killed, all processes that it has started must end. Three mechanisms together ensure that:

- A child with a process group of its own has a keeper, which kills the group (`child_processes`). The child may be git,
  py-spy or an older walkerbench, which do not notice their parent's death, and may have children of its own.
- A worker of process mode is in its parent's group. That group may hold processes that are not walkerbench's, so no
  keeper may kill it. On Linux the system kills the worker (`die_with_parent`), even where it is stopped.
- On other systems, and where the parent's main thread did not start the worker, a thread of the worker waits for the
  parent's end (`modes.process`). That thread does not run while the worker is stopped.
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
    if os.getppid() != parent:  # the parent had ended before the call of prctl
        os.kill(os.getpid(), signal.SIGKILL)
