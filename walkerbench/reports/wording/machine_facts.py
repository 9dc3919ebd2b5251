"""Facts of the machine, as names and texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from walkerbench.recorded_value import NOT_AVAILABLE, flattened


def machine_in_words(machine: Mapping[str, Any]) -> str:
    """Return the processor, the cores and the version of Python of a run, in one line."""
    python = machine.get("python")
    version = python.get("version", "?") if isinstance(python, dict) else "?"
    cores = f"{machine.get('cores_allowed', '?')} of {machine.get('cores_present', '?')} cores"
    return f"{machine.get('cpu_model', '?')}, {cores}, Python {version}"


def facts_in_words(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return facts as texts; a fact within another fact has a dotted name."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in flattened(facts).items()}


def unchecked_memory(machine: Mapping[str, Any]) -> str | None:
    """Return a warning that no memory limit was checked, because the size of the memory is not available; else None."""
    if machine.get("memory_bytes") != NOT_AVAILABLE:
        return None
    return f"the memory of this machine is {NOT_AVAILABLE}: whether the agents fit was not checked"
