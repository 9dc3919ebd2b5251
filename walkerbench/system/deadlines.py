"""How long this process still waits for another one, or for a thread."""

from __future__ import annotations

import time

from walkerbench.system.interrupts import InterruptWatch

AFTER_INTERRUPT_S = 2.0
"""How long is still waited after an interrupt, at most."""

_SLICE_S = 0.25  # how long one wait lasts at most; a normal frame ends within its first
_NOTHING_S = 1e-6  # what rounding may leave, and no wait can be as short as


class Deadline:
    """The end of the time for which an answer is waited for; an interrupt shortens it.

    Only time in which this process itself could run counts. Where it was stopped, by Ctrl-Z or because its container
    was paused, those that it waits for may have been stopped, too. So it waits in slices, and the time between the
    beginnings of two slices counts as one slice at most::

        while not wait_for_answer(deadline.next_slice_s()):
            if deadline.passed:
                raise ...

    Args:
        timeout_s: How long is waited at most, s.
        interrupts: What tells of an interrupt; None where no interrupt is to shorten the time.

    Attributes:
        timeout_s: How long is waited at most, s; less after an interrupt.
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
        if self._slice_s:  # the first slice begins within a frame's time, and need not look at anything
            self._count()
        self._slice_s = max(0.0, min(_SLICE_S, self._left_s))
        self._seen_s = time.monotonic()
        return self._slice_s

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        self._count()
        return self._left_s < _NOTHING_S

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
