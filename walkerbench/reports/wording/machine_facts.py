"""Facts of the machine, as names and texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from walkerbench.recorded_value import flattened


def machine_in_words(machine: Mapping[str, Any]) -> str:
    """Return the processor, the cores and the version of Python of a run, in one line."""
    python = machine.get("python")
    version = python.get("version", "?") if isinstance(python, dict) else "?"
    cores = f"{machine.get('cores_allowed', '?')} of {machine.get('cores_present', '?')} cores"
    return f"{machine.get('cpu_model', '?')}, {cores}, Python {version}"


def facts_in_words(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return facts as texts; a fact within another fact has a dotted name."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in flattened(facts).items()}
