from __future__ import annotations

from collections.abc import Iterator

import pytest
import toy_workload
from leftovers import nothing_left_behind

from walkerbench.modes import process as process_module
from walkerbench.modes import thread_pool as thread_pool_module
from walkerbench.modes.contract import ExecutionMode, ModeServices
from walkerbench.modes.faults import Faults
from walkerbench.modes.registry import MODES
from walkerbench.modes.thread_pool import ThreadPoolManager


class ModeMaker:
    """Makes modes, and closes them and their pools at the end."""

    def __init__(self) -> None:
        self._modes: list[ExecutionMode] = []
        self._pools: list[ThreadPoolManager] = []

    def __call__(self, name: str, faults: Faults | None = None, threads: int = 3) -> ExecutionMode:
        mode = MODES.find(name)(ModeServices(faults or Faults(), lambda: self._pool(threads)))
        self._modes.append(mode)
        return mode

    def _pool(self, threads: int) -> ThreadPoolManager:
        self._pools.append(ThreadPoolManager(threads))
        return self._pools[-1]

    def close(self) -> None:
        for mode in self._modes:
            mode.close()
        toy_workload.release.set()  # the event of this process; that of a worker process stays unset
        for pool in self._pools:
            pool.shutdown()
        toy_workload.release.clear()


@pytest.fixture
def make_mode() -> Iterator[ModeMaker]:
    """Makes modes, and checks that they leave nothing at the end."""
    with nothing_left_behind():
        maker = ModeMaker()
        try:
            yield maker
        finally:
            maker.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `close` wait for no hung worker."""
    monkeypatch.setattr(process_module, "_JOIN_S", 0.2)
    monkeypatch.setattr(thread_pool_module, "_JOIN_S", 0.05)
