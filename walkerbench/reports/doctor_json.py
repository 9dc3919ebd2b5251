"""The machine's fitness as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from walkerbench.doctor.checks import Check, is_fit
from walkerbench.doctor.readings import MachineReadings


def render(checks: Sequence[Check], readings: MachineReadings) -> str:
    """Return checks and readings as JSON text, indented, with a newline at its end."""
    content = {
        "fit": is_fit(checks),
        "checks": [dataclasses.asdict(check) for check in checks],
        "readings": dataclasses.asdict(readings),
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"
