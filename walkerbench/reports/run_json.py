"""A recorded run as JSON: the content of its run.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from walkerbench.reports.json_text import json_document

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile


def render(run: RunFile) -> str:
    """Return the run as JSON text, indented, in ASCII, with a newline at its end."""
    return json_document(_plain(run))


def render_all(runs: Sequence[RunFile]) -> str:
    """Return several runs as a JSON array, each written as `render` writes it."""
    return json_document([_plain(run) for run in runs])


def _plain(run: RunFile) -> Any:
    # Pydantic's own JSON writes null where a fact is not a finite number.
    return json.loads(run.model_dump_json())
