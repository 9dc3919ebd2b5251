"""Runs one test of a pytest suite up to its call of `benchmark`, and lets a harness repeat that call.

pytest runs in a greenlet: a call of `benchmark` switches to the harness, and each frame switches back to make calls
where the test would make them, in the same thread and in the test's own context. So fixtures, event loops and
connections that belong to a thread work. When the harness has finished, the call returns, and the test goes on to its
assertions and to the end of its fixtures.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import greenlet
import pytest

from walkerbench.errors import UsageError
from walkerbench.system.temporary import temporary_directory
from walkerbench.workloads.benchmark_fixture import BENCHMARK, BenchmarkCall, BenchmarkFixture
from walkerbench.workloads.failures import SuiteTestFailed
from walkerbench.workloads.pytest_options import PytestBenchmarkNames, pytest_arguments
from walkerbench.workloads.resumed_test import do_in_test

__tracebackhide__ = True  # where a test fails, pytest leaves out the lines of this module

_T = TypeVar("_T")
_MOST_NAMED_TESTS = 10


class SuspendedTest:
    """A test that waits at its call of `benchmark`.

    Args:
        node: The test, as pytest takes it: a file, and the test in it.

    Raises:
        UsageError: There is no such test, there are several, or the test does not call `benchmark`.
        SuiteTestFailed: The test fails before that call.

    Attributes:
        call: What the test asked `benchmark` for.
    """

    def __init__(self, node: str) -> None:
        self._what = f"workload 'pytest:{node}'"
        self._node = node
        self._output = io.StringIO()
        self._streams: tuple[Any, Any] = (self._output, self._output)
        self._harness: greenlet.greenlet | None = None
        self._watch = _Watch(self._wait_for_harness)
        self._greenlet = greenlet.greenlet(self._run_pytest)
        self._status: int | None = None
        call = self._switch(None)
        if self._status is not None:
            raise self._why_not_called()
        self.call: BenchmarkCall = call

    @property
    def ended(self) -> bool:
        """Whether the test and all its fixtures have ended."""
        return self._status is not None

    def run(self, act: Callable[[], _T]) -> _T:
        """Call a function inside the test, where it calls `benchmark`, and return what the function returns.

        Raises:
            SuiteTestFailed: The function raised, and so the test has ended.
        """
        result: _T = self._switch(act)
        if self._status is not None:
            raise self._failure() or SuiteTestFailed(
                f"{self._node} expects that its function raises: that cannot be measured", ""
            )
        return result

    def finish(self, result: Any) -> None:
        """Let the call of `benchmark` return, and the test run to its end.

        Args:
            result: What the call returns.

        Raises:
            SuiteTestFailed: The test, or the end of one of its fixtures, fails.
        """
        self._watch.result = result
        self._switch(None)
        failure = self._failure()
        if failure is not None:
            raise failure

    def _run_pytest(self, _: object) -> None:
        with temporary_directory("walkerbench-test-", ignore_cleanup_errors=True) as folder:
            arguments = pytest_arguments(self._node, temporary=folder / "base")
            self._status = int(pytest.main(arguments, plugins=[self._watch, PytestBenchmarkNames()]))

    def _switch(self, value: Any) -> Any:
        """Let the test run until it waits or ends; what it prints is kept apart from the harness's output."""
        self._harness = greenlet.getcurrent()
        ours = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = self._streams
        try:
            return self._greenlet.switch(value)
        finally:
            self._streams = sys.stdout, sys.stderr
            sys.stdout, sys.stderr = ours

    def _wait_for_harness(self, value: Any) -> Any:
        assert self._harness is not None  # noqa: S101  `_switch` has set it
        return self._harness.switch(value)

    def _why_not_called(self) -> Exception:
        watch = self._watch
        if watch.candidates is not None and len(watch.candidates) > 1:
            return several_tests(self._node, watch.candidates)
        failure = self._failure()
        if failure is not None:
            return failure
        if watch.skipped is not None:
            return UsageError(f"{self._what}: the test is skipped: {watch.skipped}")
        if watch.candidates:
            return UsageError(f"{self._what}: the test does not call its fixture {BENCHMARK!r}")
        return no_such_test(self._node, self._first_error_line())

    def _failure(self) -> Exception | None:
        """Return the error for a test that failed, or None."""
        watch = self._watch
        if watch.failures:
            first = watch.failures[0]
            return SuiteTestFailed(f"{self._node} fails{first.where}: {first.line}", first.report)
        if self._status == pytest.ExitCode.INTERRUPTED:
            return SuiteTestFailed(f"{self._node} was interrupted", "")
        if self._status == pytest.ExitCode.INTERNAL_ERROR:
            return SuiteTestFailed(f"pytest failed: {self._first_error_line()}", self._output.getvalue())
        return None

    def _first_error_line(self) -> str:
        lines = [line.strip() for line in self._output.getvalue().splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR") or "Error" in line]
        return (errors or lines or ["it printed nothing"])[0]


def several_tests(node: str, names: list[str]) -> UsageError:
    """Return the error for a SPEC that names several tests where one is needed."""
    named = ", ".join(names[:_MOST_NAMED_TESTS]) + (" and so on" if len(names) > _MOST_NAMED_TESTS else "")
    return UsageError(
        f"workload 'pytest:{node}' names {len(names)} tests that use {BENCHMARK!r}: give one of them, or measure all "
        f"by gate or ab; they are {named}"
    )


def no_such_test(node: str, reason: str) -> UsageError:
    """Return the error for a SPEC that names no test."""
    return UsageError(f"workload 'pytest:{node}': pytest finds no such test: {reason}")


@dataclass
class _Failure:
    where: str
    line: str
    report: str


@dataclass
class _Watch:
    """The pytest plugin that provides the fixture `benchmark`, and records how the test goes."""

    wait: Callable[[Any], Any]
    result: Any = None
    candidates: list[str] | None = None
    skipped: str | None = None
    failures: list[_Failure] = field(default_factory=list)

    @pytest.fixture(name=BENCHMARK)
    def make_benchmark(self, request: pytest.FixtureRequest) -> BenchmarkFixture:
        return BenchmarkFixture(request.node, self._called)

    def _called(self, call: BenchmarkCall) -> Any:
        """Call what the harness asks for until it has finished, then let `benchmark` return; errors are the test's."""
        answer: Any = call
        while (act := self.wait(answer)) is not None:
            answer = do_in_test(act)
        return self.result

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        using = [item for item in items if uses_benchmark(item)]
        chosen = using or items
        self.candidates = [item.nodeid for item in chosen]
        items[:] = chosen if len(chosen) == 1 else []

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failures.append(
                _Failure(" while it is collected", _last_line(report.longreprtext), report.longreprtext)
            )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            where = {"setup": " in its set-up", "teardown": " in its tear-down"}.get(report.when or "", "")
            self.failures.append(_Failure(where, _crash_line(report), report.longreprtext))
        elif report.skipped:
            self.skipped = _skip_reason(report)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_timeout_set_timer(self) -> bool:
        """Keep pytest-timeout from ending a test that is measured."""
        return True


def uses_benchmark(item: pytest.Item) -> bool:
    """Return whether a test asks for the fixture `benchmark`."""
    return BENCHMARK in getattr(item, "fixturenames", ())


def _crash_line(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return _last_line(report.longreprtext)
    return f"{str(crash.message).partition(chr(10))[0].strip()} ({crash.path}:{crash.lineno})"


def _last_line(text: str) -> str:
    lines = [line.removeprefix("E").strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def _skip_reason(report: pytest.TestReport) -> str:
    longrepr = report.longrepr
    reason = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr or getattr(report, "wasxfail", "xfail"))
    return " ".join(str(reason).removeprefix("Skipped: ").split())
