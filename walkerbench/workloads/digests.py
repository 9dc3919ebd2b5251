"""Digests of a trajectory: of arrays, of all agents, of a run, and the first difference between two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHOWN_DIGITS = 16
"""How many of a digest's 64 hexadecimal digits a person is shown: enough to compare two by eye."""

KEY_COLUMNS = ("stage", "frame", "agent")
"""The columns of `digests.npy` that say whose digests a row holds."""


@dataclass(frozen=True)
class DigestDifference:
    """The first agent whose digests differ between two sides.

    Attributes:
        agent: The agent's number.
        fields: Names of its digests that differ.
    """

    agent: int
    fields: tuple[str, ...]


_nan_found: list[bool] | None = None
"""Gets an entry each time that NaN is digested; None while no caller is `watching_for_nan`."""


@contextmanager
def watching_for_nan() -> Iterator[list[bool]]:
    """Record whether this process digests NaN (not a number) within the block.

    Yields:
        A list that gets an entry each time that NaN is digested.
    """
    global _nan_found
    _nan_found = []
    try:
        yield _nan_found
    finally:
        _nan_found = None


def note_nan(*parts: NDArray[Any]) -> None:
    """Add an entry to the list of `watching_for_nan` if one of these arrays, which are being digested, holds NaN."""
    if _nan_found is not None and any(bool(np.isnan(part).any()) for part in parts if part.dtype.kind in "fc"):
        _nan_found.append(True)


def digest64(*parts: NDArray[Any]) -> int:
    """Return a digest of 64 bits of the bits of arrays.

    Returns:
        The first 64 bits of their SHA-256.
    """
    note_nan(*parts)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(np.ascontiguousarray(part).view(np.uint8).data)
    return int.from_bytes(digest.digest()[:8], "little")


def fold_digests(digests: NDArray[np.uint64]) -> bytes | None:
    """Return one digest of all agents' digests, in agent order.

    Args:
        digests: `(agents, digest fields)`.

    Returns:
        32 bytes, SHA-256; None where there are no digest fields, because equal digests of nothing prove nothing.
    """
    if not digests.shape[1]:
        return None
    return hashlib.sha256(np.ascontiguousarray(digests).tobytes()).digest()


def fold_checkpoints(digests: Iterable[str | None]) -> str | None:
    """Return one digest of the digests of all checkpoints, in their order.

    Args:
        digests: Hexadecimal digits of each; None for a checkpoint that digested nothing.

    Returns:
        SHA-256 as 64 hexadecimal digits; None where nothing was digested.
    """
    folded = [bytes.fromhex(digest) for digest in digests if digest is not None]
    return hashlib.sha256(b"".join(folded)).hexdigest() if folded else None


def not_proven(reason: str) -> str:
    """Return the words for two sides that cannot be shown to have done the same work.

    Args:
        reason: As returned by `Workload.same_work_not_proven`.
    """
    return f"same work not proven: {reason}"


def short_digest(digest: str) -> str:
    """Return the first digits of a digest, as many as a person is shown."""
    return digest[:SHOWN_DIGITS]


def digest_fields(rows: NDArray[Any]) -> tuple[str, ...]:
    """Return the names of the digests in rows of `digests.npy`."""
    return tuple(name for name in rows.dtype.names or () if name not in KEY_COLUMNS)


def digests_at(rows: NDArray[Any], stage: int, frame: int) -> NDArray[np.uint64]:
    """Return all agents' digests at one checkpoint.

    Args:
        rows: Structured as `digests.npy`.
        stage: Number of the checkpoint's stage.
        frame: Number of its frame.

    Returns:
        `(agents, digest fields)`, in agent order.
    """
    return digests_of(rows[(rows["stage"] == stage) & (rows["frame"] == frame)])


def digests_of(rows: NDArray[Any]) -> NDArray[np.uint64]:
    """Return the digests of rows of `digests.npy`: `(rows, digest fields)`."""
    fields = digest_fields(rows)
    if not fields:
        return np.zeros((len(rows), 0), np.uint64)
    return np.stack([rows[name] for name in fields], axis=1)


def first_difference(
    fields: Sequence[str], ours: NDArray[np.uint64], theirs: NDArray[np.uint64]
) -> DigestDifference | None:
    """Find the first agent whose digests differ.

    Args:
        fields: Names of the columns of both arrays.
        ours: `(agents, fields)`, the digests of one side.
        theirs: `(agents, fields)`, those of the other side; agents that only one side has are ignored.

    Returns:
        The agent with its digests that differ, or None where all digests are equal.
    """
    agents = min(len(ours), len(theirs))
    differs = ours[:agents] != theirs[:agents]
    rows = np.flatnonzero(differs.any(axis=1))
    if not len(rows):
        return None
    agent = int(rows[0])
    return DigestDifference(
        agent, tuple(name for name, is_other in zip(fields, differs[agent], strict=True) if is_other)
    )
