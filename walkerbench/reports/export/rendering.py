"""From a format's name to its text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from walkerbench.reports import run_json as json
from walkerbench.reports.export import (
    benchmark_action,
    chrome_trace,
    frames_csv,
    junit,
    markdown,
    pytest_benchmark,
    speedscope,
)
from walkerbench.run_directory import RecordedRun

RENDERERS: dict[str, Callable[[RecordedRun], Iterator[str]]] = {
    "json": lambda recorded: iter([json.render(recorded.run)]),
    "csv": frames_csv.render,
    "markdown": lambda recorded: iter([markdown.render(recorded.run)]),
    "chrome-trace": chrome_trace.render,
    "speedscope": speedscope.render,
    "junit": lambda recorded: iter([junit.render(recorded)]),
    "pytest-benchmark": pytest_benchmark.render,
    "benchmark-action": lambda recorded: iter([benchmark_action.render(recorded)]),
}
"""What writes each of `FORMATS`.

Each takes a run that has been concluded, and gives the text in parts; no more of a run than a part is held in memory.
It raises `RunFileError` where the run holds nothing that the format could tell.
"""
