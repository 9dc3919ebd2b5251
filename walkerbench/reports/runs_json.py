"""Recorded runs as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from walkerbench.reports.json_text import json_document
from walkerbench.reports.wording.runs import age_s
from walkerbench.shown_text import encodable

if TYPE_CHECKING:
    from walkerbench.run_directory import ListedRun


def render(runs: Sequence[ListedRun], now: datetime) -> str:
    """Return runs as JSON text: an array with an object for each run, in the given order (newest first)."""
    return json_document([_as_json(run, now) for run in runs])


def _as_json(run: ListedRun, now: datetime) -> dict[str, Any]:
    return {
        "directory": encodable(str(run.directory)),
        "started_utc": run.started.isoformat(),
        "age_s": age_s(run, now),
        "size_bytes": run.size_bytes,
        "run": None if run.facts is None else dataclasses.asdict(run.facts),
        "problem": None if run.problem is None else encodable(run.problem),
    }
