"""The result of a check of a workload, as JSON."""

from __future__ import annotations

import dataclasses

from walkerbench.checking.rules import CheckResult
from walkerbench.reports.json_text import json_document


def render(result: CheckResult) -> str:
    """Return the result as JSON text, indented, with a newline at its end."""
    return json_document(dataclasses.asdict(result) | {"exit_code": result.exit_code})
