"""Says whether the GIL is on, now and in a recorded run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def gil_enabled() -> bool:
    """Return whether the GIL is on now; it always is in an interpreter that cannot switch it off."""
    is_enabled = getattr(sys, "_is_gil_enabled", None)
    return True if is_enabled is None else bool(is_enabled())


def gil_was_enabled(facts: Mapping[str, Any]) -> bool:
    """Return whether the GIL was on in a recorded run.

    Args:
        facts: As returned by `machine_facts`; without the key, they were recorded before the GIL could be switched off.
    """
    python = facts.get("python")
    return bool(python.get("gil_enabled", True)) if isinstance(python, dict) else True
