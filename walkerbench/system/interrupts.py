"""Handles Ctrl-C, SIGTERM and the end of the terminal as requests to end the run in order."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Self

from walkerbench.errors import ExitCode

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals that ask a process to end, as far as this system has them."""


def leave_at_interrupts(*, silently: bool = False) -> None:
    """Let an interrupt end the process at once; call it while nothing is open that must be closed.

    An exception in its place could come anywhere, such as within an import, which may suppress it. An interrupt that
    was held back while this process started takes effect now.

    Args:
        silently: Whether to print nothing, because another process reports the interrupt.
    """
    for number in _handled_signals():
        signal.signal(number, _leave_silently if silently else _leave)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def ignore_interrupts() -> None:
    """Ignore every interrupt from now on, in a process that ends soon by itself or that its parent ends in order."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def held_back_interrupts() -> Iterator[None]:
    """Hold interrupts back within the context; a process that is started there begins with interrupts held back.

    Such a process sets up its handling of interrupts before the first one reaches it. On Windows nothing is held back.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _handled_signals() -> Iterator[int]:
    """Yield SIGINT, and of the other signals those that are not ignored already, as `nohup` ignores SIGHUP."""
    for number in SIGNALS:
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            yield number


def _leave(_number: int, _frame: FrameType | None) -> None:
    with suppress(OSError):
        if sys.stderr is not None:  # written past its buffer, which may be in use right now
            os.write(sys.stderr.fileno(), b"walkerbench: interrupted\n")
    os._exit(ExitCode.INTERRUPTED)


def _leave_silently(_number: int, _frame: FrameType | None) -> None:
    os._exit(ExitCode.INTERRUPTED)


class InterruptWatch:
    """A context manager that notes the first interrupt and raises no exception for it.

    A second interrupt raises `KeyboardInterrupt` wherever the program is, except after `hold`; later ones do nothing.
    Outside the main thread, where Python delivers no signals, it notes nothing.

    Attributes:
        received: Name of the first signal, or None.
    """

    def __init__(self) -> None:
        self.received: str | None = None
        self._held = False
        self._raised = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in _handled_signals()}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def hold(self) -> None:
        """Raise no exception from now on: closing takes little time and must be complete."""
        self._held = True

    def release(self) -> None:
        """Let a second interrupt raise an exception again."""
        self._held = False

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.received is None:
            self.received = signal.Signals(number).name
        elif not self._held and not self._raised:
            self._raised = True
            raise KeyboardInterrupt
