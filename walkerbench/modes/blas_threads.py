"""Limits how many threads BLAS uses in a worker."""

from __future__ import annotations

from types import TracebackType

from threadpoolctl import threadpool_limits

BLAS_THREADS_PER_WORKER = 1
"""One, whatever the library's own default: with more, BLAS threads and workers would compete for the cores."""


class BlasLimit:
    """Limits each BLAS of this process to `BLAS_THREADS_PER_WORKER` threads, until it is lifted.

    Only libraries that are loaded when the limit is applied are limited: apply it again after code that may load more.
    """

    def __init__(self) -> None:
        self._limits: list[threadpool_limits] = []

    def apply(self) -> None:
        """Limit every BLAS that is loaded now."""
        self._limits.append(threadpool_limits(limits=BLAS_THREADS_PER_WORKER))

    def lift(self) -> None:
        """Give every BLAS as many threads as it had before the limit."""
        while self._limits:
            self._limits.pop().restore_original_limits()

    def __enter__(self) -> BlasLimit:
        self.apply()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lift()
