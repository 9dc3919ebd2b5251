"""Lets other threads act between two frames while one thread runs frames."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from walkerbench.errors import CallOrderError

_CHECK_AGAIN_S = 2e-5


class FrameTurns:
    """Decides which thread has its turn: the one that runs frames, or another one between two frames.

    A frame calls `give_way`, and then runs within `with turns.lock`: an interrupt cannot leave that lock taken.

    Attributes:
        lock: Held during a frame.
        frame_thread: The thread that is within a frame; None between two.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.frame_thread: int | None = None
        self._waiting: list[object] = []

    def give_way(self) -> None:
        """Let the threads that are waiting now have their turn.

        The lock alone is not enough: a thread that runs frames without a pause takes it again before others wake up.
        """
        for turn in tuple(self._waiting):
            while turn in self._waiting:
                time.sleep(_CHECK_AGAIN_S)

    @contextmanager
    def between_frames(self, what: str) -> Iterator[None]:
        """Run the block between two frames; threads get their turns in the order in which they ask.

        Args:
            what: What the block does, for the error.

        Raises:
            CallOrderError: The calling thread is within a frame, which would wait for itself.
        """
        if self.frame_thread == threading.get_ident():
            raise CallOrderError(f"{what} was called within a frame: call it between two frames, or in another thread")
        turn = object()
        self._waiting.append(turn)
        try:
            with self.lock:
                yield
        finally:
            self._waiting.remove(turn)
