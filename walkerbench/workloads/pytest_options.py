"""Arguments for pytest that keep a project's own options, of pytest-benchmark and other plugins, from doing harm."""

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

_DISABLING_OPTIONS = {"xdist": "--numprocesses=0", "pytest_cov": "--no-cov", "pytest_timeout": "--timeout=0"}
"""Module of a plugin that would slow down a measured test, move it to another process, or end it → what disables it."""


def pytest_arguments(node: str, *, temporary: Path | None = None) -> list[str]:
    """Return the arguments of pytest for a test, or for a file of tests.

    Args:
        node: The test or the file.
        temporary: Folder of the test's temporary files; None to collect tests, and run none.
    """
    disabling = [
        option for module, option in _DISABLING_OPTIONS.items() if importlib.util.find_spec(module) is not None
    ]
    # --capture=sys leaves the file descriptors alone: the harness uses them.
    ours = ["-p", "no:benchmark", "-p", "no:cacheprovider", "--capture=sys", "-q", "--tb=short", "--color=no"]
    return [*ours, *disabling, "--collect-only" if temporary is None else f"--basetemp={temporary}", node]


class PytestBenchmarkNames:
    """Declares the options, the mark and the hooks of pytest-benchmark, whose fixture is replaced."""

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        """Declare pytest-benchmark's options, which have no effect."""
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
        """Declare pytest-benchmark's mark, which has no effect."""
        config.addinivalue_line("markers", "benchmark: settings of pytest-benchmark, which have no effect here")

    def pytest_addhooks(self, pluginmanager: pytest.PytestPluginManager) -> None:
        """Declare pytest-benchmark's hooks, which are never called."""
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
