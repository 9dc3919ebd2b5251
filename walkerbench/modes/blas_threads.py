"""Limits how many threads BLAS uses in a worker."""

from __future__ import annotations

from threadpoolctl import threadpool_limits

BLAS_THREADS_PER_WORKER = 1
"""One, whatever the library's own default: with more, BLAS threads and workers would compete for the cores."""


def limit_blas_threads() -> threadpool_limits:
    """Limit each BLAS of this process to `BLAS_THREADS_PER_WORKER` threads, until the returned context exits."""
    return threadpool_limits(limits=BLAS_THREADS_PER_WORKER)
