"""Whether the interpreter holds its global lock, now and in a recorded run."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any


def gil_enabled() -> bool:
    """Return whether the interpreter holds its global lock now; every interpreter without a switch does."""
    is_enabled = getattr(sys, "_is_gil_enabled", None)
    return True if is_enabled is None else bool(is_enabled())


def gil_was_enabled(facts: Mapping[str, Any]) -> bool:
    """Return whether the interpreter held its global lock in a recorded run.

    Args:
        facts: As returned by `machine_facts`; those that do not say so were recorded before the lock had a switch.
    """
    python = facts.get("python")
    return bool(python.get("gil_enabled", True)) if isinstance(python, dict) else True
