"""What pytest is started with, so that a project's own options for pytest-benchmark and other plugins do no harm."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

_VALUES = (
    *("min-time", "max-time", "min-rounds", "timer", "calibration-precision", "warmup-iterations", "sort", "group-by"),
    *("columns", "name", "storage", "save", "netrc", "time-unit", "cprofile-loops", "cprofile-top", "cprofile-dump"),
)
_OPTIONAL_VALUES = ("warmup", "compare", "histogram", "cprofile")
_FLAGS = ("disable-gc", "skip", "disable", "enable", "only", "autosave", "save-data", "verbose", "quiet")

_UNDONE = {"xdist": "--numprocesses=0", "pytest_cov": "--no-cov", "pytest_timeout": "--timeout=0"}
"""Module of a plugin that would slow, move or end what is measured → the option that keeps it from that."""


def pytest_arguments(node: str, *, temporary: Path | None = None) -> list[str]:
    """Return the arguments of pytest for a test, or for a file of tests.

    Args:
        node: What is asked for.
        temporary: Folder of the test's temporary files; None to collect tests, and run none.
    """
    undone = [option for module, option in _UNDONE.items() if importlib.util.find_spec(module) is not None]
    # Captured as `sys` alone: the file descriptors are the harness's.
    ours = ["-p", "no:benchmark", "-p", "no:cacheprovider", "--capture=sys", "-q", "--tb=short", "--color=no"]
    return [*ours, *undone, "--collect-only" if temporary is None else f"--basetemp={temporary}", node]


class PytestBenchmarkNames:
    """Knows what pytest-benchmark would know, whose fixture is replaced: its options, its mark and its hooks."""

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        """Take its options, which have no effect."""
        group = parser.getgroup("benchmark")
        for name in _VALUES:
            group.addoption(f"--benchmark-{name}")
        for name in _OPTIONAL_VALUES:
            group.addoption(f"--benchmark-{name}", nargs="?")
        for name in _FLAGS:
            group.addoption(f"--benchmark-{name}", action="store_true")
        group.addoption("--benchmark-compare-fail", nargs="+")
        group.addoption("--benchmark-json")

    def pytest_configure(self, config: pytest.Config) -> None:
        """Take its mark."""
        config.addinivalue_line("markers", "benchmark: settings of pytest-benchmark, which have no effect here")

    def pytest_addhooks(self, pluginmanager: pytest.PytestPluginManager) -> None:
        """Take its hooks, which are never called."""
        pluginmanager.add_hookspecs(_Hooks)


class _Hooks:
    def pytest_benchmark_scale_unit(self, config, unit, benchmarks, best, worst, sort): ...  # type: ignore[no-untyped-def]

    def pytest_benchmark_generate_machine_info(self, config): ...  # type: ignore[no-untyped-def]

    def pytest_benchmark_update_machine_info(self, config, machine_info): ...  # type: ignore[no-untyped-def]

    def pytest_benchmark_generate_commit_info(self, config): ...  # type: ignore[no-untyped-def]

    def pytest_benchmark_update_commit_info(self, config, commit_info): ...  # type: ignore[no-untyped-def]

    def pytest_benchmark_group_stats(self, config, benchmarks, group_by): ...  # type: ignore[no-untyped-def]

    def pytest_benchmark_generate_json(  # type: ignore[no-untyped-def]
        self, config, benchmarks, include_data, machine_info, commit_info
    ): ...

    def pytest_benchmark_update_json(self, config, benchmarks, output_json): ...  # type: ignore[no-untyped-def]

    def pytest_benchmark_compare_machine_info(  # type: ignore[no-untyped-def]
        self, config, benchmarksession, machine_info, compared_benchmark
    ): ...
