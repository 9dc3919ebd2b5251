"""What a self-test has proven, as JSON."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from walkerbench.selftest.proofs import SelfTestResult


def render(result: SelfTestResult) -> str:
    """Return every proof as JSON text, indented, with a newline at its end."""
    content = {
        "exit_code": result.exit_code,
        "duration_s": result.duration_s,
        "proofs": [dataclasses.asdict(proof) | {"proven": proof.proven} for proof in result.proofs],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
