"""The fixture `benchmark`, with the interface of pytest-benchmark's fixture."""

from __future__ import annotations

import statistics
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

__tracebackhide__ = True  # where a test fails, pytest leaves out the lines of this module

BENCHMARK = "benchmark"
"""The fixture's name."""


@dataclass
class CallTimes:
    """The times of calls, and their statistics by the names that pytest-benchmark uses.

    Attributes:
        data: Mean time of a call in each frame, s.
    """

    data: array[float] = field(default_factory=lambda: array("d"))

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, name: str) -> float:
        if name not in _STATISTICS:
            raise KeyError(name)
        return float(_STATISTICS[name](self.data)) if len(self.data) else 0.0

    @property
    def stats(self) -> CallTimes:
        """This object itself: tests write `benchmark.stats.stats.mean`, and `benchmark.stats["mean"]`."""
        return self


_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "min": min,
    "max": max,
    "mean": statistics.fmean,
    "median": statistics.median,
    "stddev": lambda data: statistics.stdev(data) if len(data) > 1 else 0.0,
    "total": sum,
    "rounds": len,
    "ops": lambda data: 1 / statistics.fmean(data),
}


@dataclass(frozen=True)
class BenchmarkCall:
    """What a test asks `benchmark` for.

    Attributes:
        target: The function that is measured.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        setup: Called before each call, outside of what is measured; may return the call's `(args, kwargs)`.
        times: Where the harness records the times of the calls.
    """

    target: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    setup: Callable[[], Any] | None
    times: CallTimes


class BenchmarkFixture:
    """The value that the fixture `benchmark` has in a test.

    Args:
        item: The test.
        called: Makes the calls, and returns what the function returned last.
    """

    def __init__(self, item: pytest.Item, called: Callable[[BenchmarkCall], Any]) -> None:
        self.name = item.name
        self.fullname = item.nodeid
        callspec = getattr(item, "callspec", None)
        self.params: Mapping[str, Any] | None = None if callspec is None else callspec.params
        self.param: str | None = None if callspec is None else callspec.id
        mark = item.get_closest_marker(BENCHMARK)
        self.group: str | None = None if mark is None else mark.kwargs.get("group")
        self.extra_info: dict[str, Any] = {}
        self.disabled = False
        self.enabled = True
        self.stats: CallTimes | None = None
        self._called = called

    def __call__(self, function_to_benchmark: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Measure calls of a function, and return what it returned last."""
        return self._measure(function_to_benchmark, args, kwargs, None)

    def pedantic(
        self,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        rounds: int = 1,
        warmup_rounds: int = 0,
        iterations: int = 1,
    ) -> Any:
        """Measure calls of a function; the harness decides how many calls, and ignores the rounds and iterations."""
        if setup is not None and (args or kwargs):
            raise TypeError("give either setup or args and kwargs: setup returns the args and kwargs")
        if setup is not None and iterations != 1:
            raise ValueError("with setup, iterations must be 1")
        if teardown is not None:
            raise TypeError("pedantic(teardown=…) cannot be measured: let setup do it")
        return self._measure(target, tuple(args), dict(kwargs or {}), setup)

    def _measure(
        self,
        target: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        setup: Callable[[], Any] | None,
    ) -> Any:
        if self.stats is not None:
            raise RuntimeError("a test can use benchmark only once: split the test in two")
        self.stats = CallTimes()
        return self._called(BenchmarkCall(target, args, kwargs, setup, self.stats))
