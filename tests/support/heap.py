"""Measures how much memory C and C++ code holds in this process: Python's own counts do not include it."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable


class _MallInfo(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    ]  # fmt: skip


def heap_is_told() -> bool:
    """Return whether the C library can report what is allocated, as glibc does from 2.33 on."""
    return hasattr(ctypes.CDLL(None), "mallinfo2")


def heap_growth(function: Callable[[], object], *, calls: int, before: int) -> int:
    """Return the bytes that calls of a function leave allocated.

    Args:
        function: Called again and again.
        calls: How many calls are weighed.
        before: How many calls come first, after which caches and pools are filled.
    """
    for _ in range(before):
        function()
    held = _allocated()
    for _ in range(calls):
        function()
    return _allocated() - held


def _allocated() -> int:
    gc.collect()
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _MallInfo
    told = mallinfo2()
    return int(told.uordblks + told.hblkhd)
