"""The machine's fitness as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from walkerbench.doctor.checks import Check, is_fit
from walkerbench.doctor.readings import MachineReadings
from walkerbench.reports.json_text import json_document


def render(checks: Sequence[Check], readings: MachineReadings) -> str:
    """Return checks and readings as JSON text, indented, with a newline at its end."""
    content = {
        "fit": is_fit(checks),
        "checks": [dataclasses.asdict(check) for check in checks],
        "readings": dataclasses.asdict(readings),
    }
    return json_document(content)
