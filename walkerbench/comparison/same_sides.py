"""Whether two sides ran the same code in the same way, so that their comparison is an A/A comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from walkerbench.recording.code_facts import CodeFacts, same_code

PRESENTATION = frozenset({"name", "source", "description", "criteria", "host_stall", "setup"})
"""Keys of a profile that change neither what is run nor how."""


@dataclass(frozen=True)
class WhatRan:
    """What a side ran; its label plays no part.

    Attributes:
        code: Which code.
        profile: As returned by `Profile.as_dict`.
        mode: The mode that ran the shards.
        workers: How many shards each stage had.
    """

    code: CodeFacts
    profile: Mapping[str, Any]
    mode: str
    workers: tuple[int, ...]

    def is_same(self, other: WhatRan) -> bool:
        """Return whether both are known to have run the same code in the same way."""
        ways = [(each.mode, each.workers, settings(each.profile)) for each in (self, other)]
        return ways[0] == ways[1] and same_code(self.code, other.code)


def settings(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a profile that say what is run, and how."""
    return {key: value for key, value in profile.items() if key not in PRESENTATION}
