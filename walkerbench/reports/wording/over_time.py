"""Words for how much memory a run used, and for how memory and frame times grew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from walkerbench.criteria.metrics import FRAME_SLOPE, RSS_SLOPE, estimate_names
from walkerbench.criteria.slopes import LEVEL

if TYPE_CHECKING:
    from walkerbench.run_directory import RunFile


def over_time(run: RunFile) -> dict[str, str]:
    """Return resident memory and the growth of memory and frame time: name → text, only of what was measured."""
    mean, most = (run.metrics.get(f"rss_mb.{statistic}") for statistic in ("mean", "max"))
    rows = {
        "resident memory": None if mean is None or most is None else f"{mean:.1f} MB on average, {most:.1f} MB at most",
        "growth of memory": _slope(run, RSS_SLOPE, "MB"),
        "growth of frame time": _slope(run, FRAME_SLOPE, "%"),
    }
    return {name: text for name, text in rows.items() if text is not None}


def _slope(run: RunFile, name: str, unit: str) -> str | None:
    value, low, high = map(run.metrics.get, estimate_names(name))
    if value is None or low is None or high is None:
        return None
    return f"{value:+.2f} {unit} an hour ({100 * LEVEL:.0f} %: between {low:+.2f} and {high:+.2f})"
