"""Lets one thread run frames while others ask for what may only be done between two of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from walkerbench.errors import CallOrderError

_LOOK_AGAIN_S = 2e-5


class FrameTurns:
    """Whose turn it is: that of a frame, or of another thread between two frames.

    A frame takes its turn by `give_way`, and then `with turns.lock`, which an interrupt cannot leave taken.

    Attributes:
        lock: Held during a frame.
        frame_thread: The thread that is within a frame; None between two.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.frame_thread: int | None = None
        self._waiting: list[object] = []

    def give_way(self) -> None:
        """Let the threads that wait now have their turn.

        The lock alone would not: a thread that runs frames without a pause takes it again before any other wakes up.
        """
        for turn in tuple(self._waiting):
            while turn in self._waiting:
                time.sleep(_LOOK_AGAIN_S)

    @contextmanager
    def between_frames(self, what: str) -> Iterator[None]:
        """Run the block between two frames, in the order in which threads come.

        Args:
            what: What is done, for the error.

        Raises:
            CallOrderError: The calling thread is within a frame, which could never end.
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
