"""Shares out waits for a core that were read once for several frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from walkerbench.recorded_value import UNREAD

_Integers = NDArray[np.int64]


def shared_out(read_ns: _Integers, time_ns: _Integers, thread: _Integers) -> _Integers:
    """Share each value that was read with the unread rows of the same thread before it.

    Each row gets a part in proportion to the time in which the thread can have waited: of several frames, one in which
    it began 5 ms late has nearly all of the wait. Where no row has such a time, all get the same.

    Args:
        read_ns: `(rows,)`; what was read, ns; `UNREAD` where it was not read.
        time_ns: `(rows,)`; the time within each row in which the thread can have waited, ns.
        thread: `(rows,)`; the number of the row's thread. The rows of each thread are in the order of time.

    Returns:
        `(rows,)`; ns. Their sum is that of the values read, to the rounding of each row; unread rows at the end of a
        thread's have 0.
    """
    if not (read_ns == UNREAD).any():
        return read_ns
    order = np.argsort(thread, kind="stable")
    read, time = read_ns[order], time_ns[order].astype(np.float64)
    unread = read == UNREAD
    begins = np.ones(len(read), np.bool_)
    begins[1:] = ~unread[:-1] | (np.diff(thread[order]) != 0)
    first, group = np.flatnonzero(begins), np.cumsum(begins) - 1
    time[(np.add.reduceat(time, first) == 0)[group]] = 1
    part = time / np.add.reduceat(time, first)[group]
    shared = np.empty_like(read_ns)
    shared[order] = np.rint(np.add.reduceat(np.where(unread, 0, read), first)[group] * part)
    return shared
