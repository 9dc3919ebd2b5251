"""A recorded run as JSON: the content of its run.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile


def render(run: RunFile) -> str:
    """The run as JSON text, indented, in ASCII, with a newline at its end."""
    # By way of pydantic's own JSON, which writes null where a fact is not a finite number.
    return json.dumps(json.loads(run.model_dump_json()), indent=2, allow_nan=False) + "\n"
