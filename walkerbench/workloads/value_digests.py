"""Digests values of the user's code by their content: equal values have equal digests on every machine."""

from __future__ import annotations

import dataclasses
import hashlib
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from walkerbench.workloads.digests import note_nan


def digest_value(value: Any) -> int:
    """Return 64 bits that stand for a value's content.

    Args:
        value: None, a number, text, bytes, a NumPy array or scalar, or a list, tuple, dict, set or dataclass of these.
            The order of a dict's or set's entries does not matter.

    Returns:
        The first 64 bits of a SHA-256. The type of each value matters: `1`, `1.0` and `True` differ.

    Raises:
        TypeError: The value is, or holds, an object of another type.
    """
    return int.from_bytes(hashlib.sha256(_encoded(value)).digest()[:8], "little")


def _encoded(value: Any) -> bytes:
    """Return bytes from which the value's content could be read again, so that no two contents share them."""
    if value is None or isinstance(value, bool):
        return _record("constant", repr(value).encode())
    if isinstance(value, int):
        return _record("int", str(value).encode())
    if isinstance(value, float):
        if value != value:
            note_nan(np.array(value))
        return _record("float", struct.pack("<d", value))
    if isinstance(value, complex):
        if value != value:
            note_nan(np.array(value))
        return _record("complex", struct.pack("<dd", value.real, value.imag))
    if isinstance(value, str):
        return _record("str", value.encode("utf-8", "surrogatepass"))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _record("bytes", bytes(value))
    if isinstance(value, (np.ndarray, np.generic)):
        return _array(np.asarray(value))
    if isinstance(value, (list, tuple)):
        return _record("sequence", b"".join(map(_encoded, value)))
    if isinstance(value, (set, frozenset)):
        return _record("set", b"".join(sorted(map(_encoded, value))))
    if isinstance(value, Mapping):
        entries = sorted(_encoded(key) + _encoded(inner) for key, inner in value.items())
        return _record("mapping", b"".join(entries))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        inner = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return _record(type(value).__qualname__, _encoded(inner))
    raise TypeError(f"a {type(value).__name__} cannot be digested: give arrays, bytes, numbers or text")


def _array(array: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    if array.dtype.hasobject:
        return _record("objects", _encoded([array.shape, array.ravel().tolist()]))
    note_nan(array)
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return _record(f"{little.dtype.str}{array.shape}", little.tobytes())


def _record(kind: str, content: bytes) -> bytes:
    return b"%d:%b%d:%b" % (len(kind), kind.encode(), len(content), content)
