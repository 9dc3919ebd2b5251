"""The script `.ci/run`, and the steps that it has."""

from __future__ import annotations

import re
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / ".ci" / "run"


def ci_steps() -> list[str]:
    """Return the names of the steps in `.ci/run`, in their order."""
    (listed,) = re.findall(r"^steps=\((.*)\)$", SCRIPT.read_text(encoding="utf-8"), re.MULTILINE)
    return str(listed).split()
