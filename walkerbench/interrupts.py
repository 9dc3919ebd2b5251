"""Takes Ctrl-C and SIGTERM as a wish to end the run in order."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class InterruptWatch:
    """Notes interrupts while it is entered, instead of letting them strike anywhere.

    A second one raises `KeyboardInterrupt` where it strikes, unless they are held; any further one does nothing.
    Outside the main thread, where Python delivers no signals, it notes nothing.

    Attributes:
        received: Name of the first signal, or None.
    """

    def __init__(self) -> None:
        self.received: str | None = None
        self._held = False
        self._struck = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def hold(self) -> None:
        """Let none strike from here on: what is being closed takes little time and must not be left half done."""
        self._held = True

    def release(self) -> None:
        """Let a second one strike again."""
        self._held = False

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.received is None:
            self.received = signal.Signals(number).name
        elif not self._held and not self._struck:
            self._struck = True
            raise KeyboardInterrupt
