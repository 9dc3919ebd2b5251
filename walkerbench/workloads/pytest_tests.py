"""An existing test that uses pytest-benchmark's fixture, as a workload: one agent, whose frames are calls.

pytest runs the test with all its fixtures, in the process and the thread that run the shard; see `suspended_test`. What
pytest-benchmark would measure is the phase `calls`; what `pedantic` sets up before each call is the phase `setup`. A
comparison uses the time of the calls alone.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from walkerbench.errors import UsageError
from walkerbench.workloads.call_batches import CALL_LENGTH, CALL_PHASE, CallBatch, CallSettings, CallWorkload
from walkerbench.workloads.contract import FrameBuffers, Shards
from walkerbench.workloads.main_phase import MainPhase
from walkerbench.workloads.pytest_collection import modules_of, remove_stand_ins

if TYPE_CHECKING:
    from walkerbench.workloads.benchmark_fixture import BenchmarkCall
    from walkerbench.workloads.suspended_test import SuspendedTest

__tracebackhide__ = True  # where a test fails, pytest leaves out the lines of this module

_FAMILY = "pytest"

SETUP_PHASE = "setup"

_NEEDED = ("pytest", "greenlet")
_NO_ARGUMENTS: Mapping[str, Any] = MappingProxyType({})


def make_factory(rest: str, arguments: Mapping[str, Any]) -> PytestFactory:
    """Return the factory of the workload `pytest:PATH::TEST`; the test is looked for when the shard is built.

    Raises:
        UsageError: There is no such file, pytest or greenlet is missing, or there are arguments.
    """
    what = f"workload '{_FAMILY}:{rest}'"
    if arguments:
        raise UsageError(f"{what}: a test takes no arguments: give its parameters in its name, as in test_it[a-1]")
    missing = [module for module in _NEEDED if importlib.util.find_spec(module) is None]
    if missing:
        raise UsageError(f"{what}: {' and '.join(missing)} not installed: `pip install 'walkerbench[pytest]'`")
    path = rest.partition("::")[0]
    if not path or not Path(path).exists():
        raise UsageError(f"{what}: no file {path!r} in {Path.cwd()}: give PATH::TEST, as pytest takes it")
    return PytestFactory(rest)


@dataclass(frozen=True)
class PytestFactory:
    """Makes the workload of a test.

    Attributes:
        rest: `PATH::TEST`.
    """

    rest: str
    settings_class = CallSettings
    fixed_agents = 1
    default_length = CALL_LENGTH

    def __call__(self, num_agents: int, seed: int, settings: CallSettings) -> PytestWorkload:
        """Make the workload; does not run the test."""
        return PytestWorkload(self.rest, settings)


class PytestWorkload(CallWorkload):
    """The calls that a test makes with the fixture `benchmark`.

    Args:
        rest: `PATH::TEST`.
        settings: How many calls a frame makes.
    """

    phases = (SETUP_PHASE, CALL_PHASE)
    main_phase = MainPhase(CALL_PHASE, "calls", decides=True)
    shards: Shards = "one"

    def __init__(self, rest: str, settings: CallSettings) -> None:
        super().__init__(f"{_FAMILY}:{rest}", settings)
        self._rest = rest

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> PytestShard:
        """Run the test up to its call of `benchmark`."""
        from walkerbench.workloads.suspended_test import SuspendedTest

        remove_stand_ins()
        _add_project_to_path()
        return PytestShard(SuspendedTest(self._rest), self.settings, buffers, worker)

    def code_modules(self) -> tuple[str, ...]:
        """Return the modules of the project that the test imports; the test's own module comes last."""
        return modules_of(self._rest)


class PytestShard:
    """The workload's one agent: a test that waits within its call of `benchmark`.

    Args:
        test: The test, waiting.
        settings: The workload's settings.
        buffers: As for `CallBatch`.
        worker: The number of the shard's worker.

    Raises:
        UsageError: The settings ask for several calls per frame, and the test sets up before each call.
    """

    def __init__(self, test: SuspendedTest, settings: CallSettings, buffers: FrameBuffers, worker: int) -> None:
        if test.call.setup is not None:
            if settings.calls_per_frame not in (None, 1):
                raise UsageError("calls_per_frame must be 1: the test sets up before each call")
            settings = dataclasses.replace(settings, calls_per_frame=1)
        self._test = test
        self._in_test = test.run(functools.partial(_InTest, test.call, settings, buffers, worker))

    def phases(self) -> Mapping[str, Callable[[int], None]]:
        """Return the two phases: the set-up, then the calls."""
        return {SETUP_PHASE: self.setup, CALL_PHASE: self.calls}

    def setup(self, frame: int) -> None:
        """Run the test's set-up for a call, if it has one."""
        if self._test.call.setup is not None:
            self._test.run(self._in_test.setup)

    def calls(self, frame: int) -> None:
        """Make the calls of a frame."""
        self._test.run(functools.partial(self._in_test.calls, frame))

    def digest(self) -> None:
        """Digest what the last call returned."""
        self._in_test.batch.digest()

    def snapshot(self) -> None:
        """Do nothing: there is nothing to draw."""

    def close(self) -> None:
        """Let `benchmark` return what its function returned last, and the test run to its end.

        Raises:
            SuiteTestFailed: The test fails.
        """
        if not self._test.ended:
            if not self._test.call.times.data:
                self.calls(0)  # no frame was run, and the test wants a result
            self._test.finish(self._in_test.batch.result)


class _InTest:
    """What the harness does inside the test, where the test calls `benchmark`.

    A phase's function has the same name here and in the shard: a stack that a profiler samples holds one of the two.
    """

    def __init__(self, call: BenchmarkCall, settings: CallSettings, buffers: FrameBuffers, worker: int) -> None:
        self._call = call
        self._prepared: tuple[Any, Any] | None = None
        one = functools.partial(call.target, *call.args, **call.kwargs) if call.setup is None else self._call_prepared
        self._counters = buffers.counters[worker]
        self.batch = CallBatch(one, settings, buffers, worker)

    def setup(self) -> None:
        assert self._call.setup is not None  # noqa: S101  the callers have checked it
        self._prepared = self._call.setup() or ((), _NO_ARGUMENTS)

    def calls(self, frame: int) -> None:
        begun = time.perf_counter()
        before = int(self._counters[0])
        self.batch.run(frame)
        made = int(self._counters[0]) - before
        self._call.times.data.append((time.perf_counter() - begun) / made)

    def _call_prepared(self) -> Any:
        if self._prepared is None:
            self.setup()
        assert self._prepared is not None  # noqa: S101  `setup` has set it
        (args, kwargs), self._prepared = self._prepared, None
        return self._call.target(*args, **kwargs)


def _add_project_to_path() -> None:
    """Append the working directory and its `src/` to `sys.path`, so that the test can import from them."""
    for folder in (Path.cwd(), Path.cwd() / "src"):
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.append(str(folder))
