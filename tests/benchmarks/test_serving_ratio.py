"""Frame times of a served run with fifty clients of its events, as a ratio to the same run without clients."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pairs import at_most

from walkerbench.profile.loading import load_profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.recording.frames import FrameTiming
from walkerbench.running.observers import RunObserver, StageView
from walkerbench.running.run_control import RunControl
from walkerbench.running.runner import run
from walkerbench.serving.address import Address
from walkerbench.serving.server_process import server_process

pytestmark = pytest.mark.ratio

CLIENTS = Path(__file__).parents[1] / "support" / "event_clients.py"
BLOCKS, FRAMES = 12, 300  # five seconds at real-time pace
SETTLING = 30  # frames in which clients come or go


class Clients:
    """Fifty clients, in a process of their own, that connect and disconnect together.

    Args:
        process: `event_clients.py`.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._ending = False

    def begin(self) -> None:
        """Let the clients connect, after those before have disconnected."""
        assert self._process.stdout is not None
        if self._ending:
            assert self._process.stdout.readline() == "gone\n"
        self._say()

    def end(self) -> None:
        """Let the clients disconnect; they do this at the next event, which only further frames cause."""
        self._ending = True
        self._say()

    def _say(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()


class Alternating(RunObserver):
    """Connects clients in every other block of frames, and stores the time of each frame."""

    def __init__(self, clients: Clients) -> None:
        self.times_ns: list[int] = []
        self._clients = clients

    def frame(self, stage: StageView, timing: FrameTiming) -> None:
        self.times_ns.append(timing.wall_ns)
        block, place = divmod(timing.frame, FRAMES)
        if place == 0 and block:
            (self._clients.begin if block % 2 else self._clients.end)()

    def ratios(self) -> list[float]:
        """Return the 99th percentile of each block with clients ÷ that of the block before it, without clients."""
        blocks = np.array(self.times_ns[: 2 * BLOCKS * FRAMES]).reshape(2 * BLOCKS, FRAMES)[:, SETTLING:]
        slow = np.quantile(blocks, 0.99, axis=1)
        ratios: list[float] = (slow[1::2] / slow[::2]).tolist()
        return ratios


@contextmanager
def clients_of(address: str) -> Iterator[Clients]:
    command = [sys.executable, str(CLIENTS), address]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Clients(process)


@pytest.mark.parametrize("mode", ["sequential", "threaded"])
def test_fifty_clients_of_events_cost_no_frame(keep: Any, tmp_path: Path, mode: str) -> None:
    changes = ProfileOverrides(mode=mode, pace="realtime", agents=60, frames=(2 * BLOCKS + 1) * FRAMES, warmup=10)
    profile = override(load_profile("default"), changes)
    control = RunControl()
    with server_process(Address("127.0.0.1", 0, None), control) as (serving, relay), clients_of(serving.url) as clients:
        watching = Alternating(clients)
        run(profile, output=tmp_path / "run", command_line=(), observers=(relay, watching), control=control)
    keep(at_most(f"p99 of frames with 50 clients / none, {mode}", watching.ratios(), 1.1))
