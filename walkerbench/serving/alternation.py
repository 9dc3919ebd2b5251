"""Switches threads on and off at fixed intervals, while a run goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from walkerbench.errors import CallOrderError
from walkerbench.running.run_control import RunControl


@contextmanager
def alternating(control: RunControl, seconds: float | None) -> Iterator[None]:
    """Switch threads on or off at a fixed interval, within the block.

    Args:
        control: The run's control.
        seconds: How long each mode runs; None to switch nothing.
    """
    if seconds is None:
        yield
        return
    ended = threading.Event()

    def alternate() -> None:
        while not ended.wait(seconds):
            with suppress(CallOrderError):  # between two stages
                control.toggle_threading()

    thread = threading.Thread(target=alternate, name="alternation", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
