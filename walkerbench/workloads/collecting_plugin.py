"""Runs pytest in this process to collect tests, and returns what pytest found."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

import pytest

from walkerbench.system.imported_code import imported_from, project_modules, top_level
from walkerbench.workloads.benchmark_fixture import BENCHMARK
from walkerbench.workloads.pytest_options import PytestBenchmarkNames, pytest_arguments
from walkerbench.workloads.suspended_test import uses_benchmark


class _Collecting:
    def __init__(self) -> None:
        self.items: list[pytest.Item] = []
        self.problems: list[str] = []
        self.collected = 0

    @pytest.fixture(name=BENCHMARK)
    def make_benchmark(self) -> None:
        """Do nothing: tests that ask for this fixture can be collected."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.collected = len(items)
        self.items = [item for item in items if uses_benchmark(item)]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            lines = [line.removeprefix("E").strip() for line in report.longreprtext.splitlines() if line.strip()]
            self.problems.append(f"{report.nodeid} cannot be collected: {lines[-1] if lines else 'no reason given'}")


def collected_here(node: str) -> dict[str, Any]:
    """Collect tests, and return the fields of `pytest_collection.Collected` as plain data."""
    for folder in (Path.cwd(), Path.cwd() / "src"):
        if folder.is_dir():
            sys.path.append(str(folder))
    plugin, output = _Collecting(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        pytest.main(pytest_arguments(node), plugins=[plugin, PytestBenchmarkNames()])
    problem = None
    if plugin.problems:
        problem = plugin.problems[0]
    elif not plugin.items:
        lines = [line.strip() for line in output.getvalue().splitlines() if line.strip()]
        reasons = [line for line in lines if line.startswith("ERROR")] or lines or ["it printed nothing"]
        problem = (
            f"none of its {plugin.collected} tests uses the fixture {BENCHMARK!r}"
            if plugin.collected
            else f"pytest finds no such test: {reasons[0]}"
        )
    return {"tests": [_spec(item) for item in plugin.items], "modules": _modules(plugin.items), "problem": problem}


def _spec(item: pytest.Item) -> str:
    """Return a test as `FILE::TEST`; FILE is relative to the working directory where it is in it, else absolute."""
    names = item.nodeid.split("::")[1:]
    path = item.path
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return "::".join([path.as_posix(), *names])


def _modules(items: list[pytest.Item]) -> list[tuple[str, str]]:
    """Return the name and file of each imported module of a project; the tests' own modules come last."""
    own = dict.fromkeys(item.module.__name__ for item in items if isinstance(item, pytest.Function))
    tops = [name if imported_from(top_level(name)) is None else top_level(name) for name in own]
    named = [*(name for name in project_modules() if name not in tops), *dict.fromkeys(tops)]
    files = ((name, imported_from(name)) for name in named)
    return [(name, str(file)) for name, file in files if file is not None]
