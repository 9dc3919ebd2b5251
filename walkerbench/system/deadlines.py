"""Limits how long this process waits for another process or for a thread."""

from __future__ import annotations

import time

from walkerbench.system.interrupts import InterruptWatch

AFTER_INTERRUPT_S = 2.0
"""The longest wait after an interrupt, s."""

_SLICE_S = 0.25  # the longest single wait; a normal frame ends within its first slice
_ROUNDING_S = 1e-6  # rounding may leave so little; no wait is as short as this


class Deadline:
    """A limit on the time that this process waits for an answer; an interrupt shortens it.

    Only time in which this process itself could run counts. Where it was stopped, by Ctrl-Z or because its container
    was paused, the process that it waits for may have been stopped, too. So it waits in slices, and the time between
    the beginnings of two slices counts as one slice at most::

        while not wait_for_answer(deadline.next_slice_s()):
            if deadline.passed:
                raise ...

    Args:
        timeout_s: The longest wait, s.
        interrupts: Says whether an interrupt came; None where no interrupt is to shorten the wait.

    Attributes:
        timeout_s: The longest wait, s; less after an interrupt.
    """

    __slots__ = ("_interrupts", "_left_s", "_seen_s", "_slice_s", "timeout_s")

    def __init__(self, timeout_s: float, interrupts: InterruptWatch | None = None) -> None:
        self.timeout_s = timeout_s
        self._interrupts = interrupts
        self._left_s = timeout_s
        self._slice_s = 0.0
        self._seen_s = 0.0

    def next_slice_s(self) -> float:
        """Begin the next slice, and return how long to wait in it at most, s; 0 after the end."""
        if self._slice_s:  # the first slice is part of a frame's measured time, and saves the work
            self._count()
        self._slice_s = max(0.0, min(_SLICE_S, self._left_s))
        self._seen_s = time.monotonic()
        return self._slice_s

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        self._count()
        return self._left_s < _ROUNDING_S

    def _count(self) -> None:
        now_s = time.monotonic()
        spent_s = min(now_s - self._seen_s, self._slice_s)
        self._seen_s = now_s
        self._slice_s -= spent_s
        self._left_s -= spent_s
        if self._interrupts is not None and self._interrupts.received is not None:
            self._interrupts = None
            self._left_s = min(self._left_s, AFTER_INTERRUPT_S)
            self.timeout_s = min(self.timeout_s, AFTER_INTERRUPT_S)
