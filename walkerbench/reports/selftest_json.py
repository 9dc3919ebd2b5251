"""The proofs of a self-test, as JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from walkerbench.reports.json_text import json_document

if TYPE_CHECKING:
    from walkerbench.selftest.proofs import SelfTestResult


def render(result: SelfTestResult) -> str:
    """Return every proof as JSON text, indented, with a newline at its end."""
    content = {
        "exit_code": result.exit_code,
        "duration_s": result.duration_s,
        "proofs": [dataclasses.asdict(proof) | {"proven": proof.proven} for proof in result.proofs],
    }
    return json_document(content)
