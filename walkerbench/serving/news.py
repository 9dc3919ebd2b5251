"""Wakes the clients that wait for news, a few at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_TOGETHER = 4
"""How many clients are woken at once: all together would take a core from the run for the time of a whole frame."""

_GAP_S = 0.008


class News:
    """Tells waiting threads that there is something new; a thread then reads the latest state."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._announced = threading.Event()
        self._waiting = 0
        threading.Thread(target=self._wake, name="news", daemon=True).start()

    def announce(self) -> None:
        """Announce that there is something new."""
        self._announced.set()

    def wait(self, has_news: Callable[[], bool], timeout_s: float) -> None:
        """Wait until there is something new for the caller.

        Args:
            has_news: Returns whether there is something new; called before the wait, too.
            timeout_s: How long to wait at most.
        """
        with self._condition:
            self._waiting += 1
            try:
                self._condition.wait_for(has_news, timeout_s)
            finally:
                self._waiting -= 1

    def _wake(self) -> None:
        while True:
            self._announced.wait()
            self._announced.clear()
            for _ in range(0, self._waiting, _TOGETHER):
                with self._condition:
                    self._condition.notify(_TOGETHER)
                time.sleep(_GAP_S)
