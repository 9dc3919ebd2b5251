"""A digest stands for a value's content, and for nothing else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkerbench.workloads.value_digests import digest_value

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@dataclass
class Place:
    x: float
    y: float


def test_the_digest_is_the_start_of_a_sha_256() -> None:
    encoded = b"3:int2:42"
    assert digest_value(42) == int.from_bytes(hashlib.sha256(encoded).digest()[:8], "little")


@given(VALUES)
def test_equal_content_has_an_equal_digest(value: object) -> None:
    def copied(each: object) -> object:
        if isinstance(each, list):
            return [copied(inner) for inner in each]
        if isinstance(each, dict):
            return {key: copied(inner) for key, inner in reversed(each.items())}
        return each

    assert digest_value(copied(value)) == digest_value(value)


@given(st.lists(VALUES, min_size=2, max_size=2))
def test_different_content_has_a_different_digest(two: list[object]) -> None:
    assert (digest_value(two[0]) == digest_value(two[1])) == (repr(sorted_keys(two[0])) == repr(sorted_keys(two[1])))


def sorted_keys(value: object) -> object:
    """Return the value with the keys of every dictionary sorted, since their order has no meaning."""
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    return [sorted_keys(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        ("1", b"1"),
        (["ab"], ["a", "b"]),
        ([["a"], []], [[], ["a"]]),
        (np.zeros(4), np.zeros((2, 2))),
        (np.zeros(4, "f4"), np.zeros(4, "i4")),
        (Place(0.0, 1.0), {"x": 0.0, "y": 1.0}),
        (None, "None"),
    ],
)
def test_values_of_other_type_or_shape_have_other_digests(one: object, other: object) -> None:
    assert digest_value(one) != digest_value(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.arange(4, dtype="<i8"), np.arange(4, dtype=">i8")),
        (np.arange(9).reshape(3, 3).T, np.ascontiguousarray(np.arange(9).reshape(3, 3).T)),
        ({1, 2, 3}, {3, 2, 1}),
        ([1, 2], (1, 2)),
        (np.array([1, "a"], object), np.array([1, "a"], object)),
    ],
)
def test_the_layout_in_memory_does_not_change_a_digest(one: object, other: object) -> None:
    assert digest_value(one) == digest_value(other)


@pytest.mark.parametrize("value", [object(), len, [1, object()], {"a": lambda: 0}, np.array([object()])])
def test_a_value_without_content_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot be digested: give arrays, bytes, numbers or text"):
        digest_value(value)
