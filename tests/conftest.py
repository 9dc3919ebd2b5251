from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from fuzzing import register_profiles

from walkerbench.modes.registry import MODES
from walkerbench.workloads.contract import BufferLayout, FrameBuffers
from walkerbench.workloads.registry import WORKLOADS
from walkerbench.workloads.walker import WalkerWorkload

register_profiles()

# A shell's background jobs begin with Ctrl-C ignored, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
# So would they with SIGHUP under nohup. A handler is not inherited, and this one keeps the tests running as nohup does.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda number, frame: None)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile the walker once, before tests run side by side: each of them would compile the same, and say so."""
    if not hasattr(session.config, "workerinput"):
        workload = WalkerWorkload(1)
        workload.make_settler(FrameBuffers(BufferLayout.of(workload, 1)))


@pytest.fixture(scope="session", autouse=True)
def _suites_that_tests_start_load_few_plugins() -> Iterator[None]:
    """Leave out plugins that no such suite uses: loading them takes most of a start of pytest.

    A fixture sets this only where tests are run. The process that starts pytest-xdist's workers must not:
    they would inherit it, and tests of this suite need these plugins.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_ADDOPTS", "-p no:schemathesis -p no:hypothesispytest -p no:anyio")
        yield


@pytest.fixture(autouse=True)
def _registries_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what a test registers from the tests after it."""
    for registry in (WORKLOADS, MODES):
        monkeypatch.setattr(registry, "_registered", {**registry._registered})
