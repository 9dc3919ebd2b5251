"""Facts of the machine, as names and texts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any


def machine_in_words(machine: Mapping[str, Any]) -> str:
    """Processor, cores and Python of a run, in a line."""
    python = machine.get("python")
    version = python.get("version", "?") if isinstance(python, dict) else "?"
    cores = f"{machine.get('cores_allowed', '?')} of {machine.get('cores_present', '?')} cores"
    return f"{machine.get('cpu_model', '?')}, {cores}, Python {version}"


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Facts within facts get names with dots; a list of plain values stays together."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flat(inner, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        for number, inner in enumerate(value, 1):
            yield from flat(inner, f"{prefix}.{number}")
    else:
        yield prefix, value if isinstance(value, str) else json.dumps(value)
