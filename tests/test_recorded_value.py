from __future__ import annotations

from walkerbench.recorded_value import flattened


def test_tables_and_lists_of_tables_are_flattened():
    facts = {"a": {"b": [{"c": None}, {"c": 2}]}, "d": [1, 2], "e": {}, "f": []}
    assert flattened(facts) == {"a.b.1.c": None, "a.b.2.c": 2, "d": [1, 2], "f": []}
