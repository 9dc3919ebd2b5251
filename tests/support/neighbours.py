"""Busy processes on the core that a test is bound to, as on a crowded host."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

_SPIN = "import sys; sys.stdout.write('x'); sys.stdout.flush()\nwhile True: pass"


@contextmanager
def pinned_to_one_core() -> Iterator[int]:
    """Bind this process, and those that it starts until the block ends, to one of its cores."""
    before = os.sched_getaffinity(0)
    core = max(before)
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def busy_neighbours(count: int) -> Iterator[None]:
    """Start processes that compute until the block ends, on this process's cores; wait until each has begun."""
    with ExitStack() as stack:
        for _ in range(count):
            neighbour = stack.enter_context(subprocess.Popen([sys.executable, "-c", _SPIN], stdout=subprocess.PIPE))
            stack.callback(neighbour.kill)
            assert neighbour.stdout is not None
            assert neighbour.stdout.read(1) == b"x"
        yield
