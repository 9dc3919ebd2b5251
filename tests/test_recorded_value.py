from __future__ import annotations

from walkerbench.recorded_value import differing, flattened


def test_tables_and_lists_of_tables_are_flattened() -> None:
    facts = {"a": {"b": [{"c": None}, {"c": 2}]}, "d": [1, 2], "e": {}, "f": []}
    assert flattened(facts) == {"a.b.1.c": None, "a.b.2.c": 2, "d": [1, 2], "f": []}


def test_keys_that_differ_come_with_both_values() -> None:
    assert differing({"a": 1, "b": None, "c": 3}, {"a": 1, "c": 4, "d": 5}) == {
        "b": (None, None),
        "c": (3, 4),
        "d": (None, 5),
    }
