"""Maps the name of each export format to the function that writes it."""

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
"""Name of a format, a key of `FORMATS` → the function that writes it.

Each function takes a concluded run and yields the text in parts, of which only one at a time is held in memory. It
raises `RunFileError` where the run holds nothing that the format can show.
"""
