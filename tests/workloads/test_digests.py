from __future__ import annotations

import hashlib

import numpy as np
import pytest

from walkerbench.workloads.digests import (
    DigestDifference,
    digest64,
    digest_fields,
    digests_at,
    digests_of,
    first_difference,
    fold_checkpoints,
    fold_digests,
    short_digest,
)

FIELDS = ("bodies", "brain")
OURS = np.array([[1, 2], [3, 4], [5, 6]], np.uint64)


def test_equal_digests_have_no_first_difference() -> None:
    assert first_difference(FIELDS, OURS, OURS.copy()) is None


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({(2, 0): 9}, DigestDifference(2, ("bodies",))),
        ({(1, 1): 9, (2, 0): 9}, DigestDifference(1, ("brain",))),
        ({(0, 0): 9, (0, 1): 9}, DigestDifference(0, ("bodies", "brain"))),
    ],
)
def test_the_first_agent_and_its_fields_are_named(changes: dict[tuple[int, int], int], found: DigestDifference) -> None:
    theirs = OURS.copy()
    for place, value in changes.items():
        theirs[place] = value
    assert first_difference(FIELDS, OURS, theirs) == found


def test_agents_that_one_side_lacks_are_ignored() -> None:
    assert first_difference(FIELDS, OURS, OURS[:2]) is None


def test_one_flipped_bit_is_a_difference() -> None:
    theirs = OURS.copy()
    theirs[1, 0] ^= np.uint64(1 << 63)
    assert first_difference(FIELDS, OURS, theirs) == DigestDifference(1, ("bodies",))


def test_the_digests_of_one_checkpoint_are_selected() -> None:
    dtype = [("stage", "i8"), ("frame", "i8"), ("agent", "i8"), ("bodies", "u8"), ("brain", "u8")]
    rows = np.array([(0, 9, 0, 1, 2), (0, 9, 1, 3, 4), (1, 9, 0, 5, 6)], dtype)
    assert digest_fields(rows) == FIELDS
    assert digests_at(rows, 0, 9).tolist() == [[1, 2], [3, 4]]
    assert digests_at(rows, 1, 9).tolist() == [[5, 6]]


def test_checkpoints_are_folded_by_sha256_in_order() -> None:
    assert fold_checkpoints(["0a", "ff00"]) == hashlib.sha256(b"\x0a\xff\x00").hexdigest()
    assert fold_checkpoints([]) is None


def test_a_digest_is_of_the_bits_and_is_shown_short() -> None:
    assert digest64(np.array([1.0])) != digest64(np.array([1], np.int64))
    assert short_digest("0123456789abcdef" * 4) == "0123456789abcdef"


def test_nothing_digested_has_no_digest() -> None:
    nothing = np.zeros((3, 0), np.uint64)
    assert fold_digests(nothing) is None
    assert fold_checkpoints([None, None]) is None
    rows = np.zeros(3, [("stage", "i8"), ("frame", "i8"), ("agent", "i8")])
    assert digests_of(rows).shape == (3, 0)
