"""A mode from outside walkerbench, in one file, works with every command; it runs each shard on its own thread.

It is registered at the end of this file, by an entry point as an installed package does it, so that children find it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import every_way
import pytest
from benches import proved
from brought import brought
from tiny_profile import profile_text
from whole_process import WholeProcess

from walkerbench.errors import WorkerTimeout
from walkerbench.modes.in_process import InProcessMode, failure
from walkerbench.modes.registry import MODES
from walkerbench.modes.shard_runner import ShardRunner
from walkerbench.modes.traits import ModeTraits
from walkerbench.selftest.run_cases import RUN_DEADLINE_S, ProcessBench, modes_to_prove
from walkerbench.system.child_processes import PassedOnSignals
from walkerbench.system.stack_markers import WORKER_THREAD_NAME, StackMarker
from walkerbench.workloads.contract import Workload


class ShardThread(threading.Thread):
    def __init__(self, runner: ShardRunner) -> None:
        super().__init__(name=WORKER_THREAD_NAME.format(number=runner.worker), daemon=True)
        self.runner = runner
        self.frames: SimpleQueue[int | None] = SimpleQueue()
        self.done = threading.Semaphore(0)
        self.error: Exception | None = None

    def run(self) -> None:
        while (frame := self.next_frame()) is not None:
            try:
                self.runner.run(frame)
            except Exception as error:
                self.error = error
            self.done.release()

    def next_frame(self) -> int | None:
        return self.frames.get()


class ThreadPerShardMode(InProcessMode):
    """Runs each shard on a thread of its own."""

    name = "thread-per-shard"
    traits = ModeTraits(side_by_side=True, in_caller_process=True, share_gil=True, own_processes=False)
    waiting_markers = (StackMarker.of(ShardThread.next_frame),)

    def _start(self, workload: Workload, num_workers: int) -> None:
        super()._start(workload, num_workers)
        self._threads = [ShardThread(runner) for runner in self._runners]
        for thread in self._threads:
            thread.start()

    def _dispatch(self, frame: int) -> None:
        for thread in self._threads:
            thread.frames.put(frame)

    def _wait(self, frame: int, timeout_s: float) -> None:
        for thread in self._threads:
            if not thread.done.acquire(timeout=timeout_s):
                raise WorkerTimeout(thread.runner.worker, thread.runner.agents, frame, timeout_s)
            if thread.error is not None:
                raise failure(thread.runner.worker, thread.runner.agents, frame, thread.error) from thread.error

    def _close(self) -> None:
        for thread in getattr(self, "_threads", ()):
            thread.frames.put(None)
            thread.join()
        super()._close()


@pytest.fixture(scope="module", autouse=True)
def _registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    site = tmp_path_factory.mktemp("site")
    with brought(site, "walkerbench.modes", ThreadPerShardMode.name, __file__, ThreadPerShardMode.__name__):
        yield


MODE = ("--mode", ThreadPerShardMode.name, "--workers", "2")


@pytest.fixture(scope="module")
def profile(walkerbench: WholeProcess) -> tuple[str, ...]:
    """Return options that choose a tiny profile."""
    (walkerbench.cwd / "tiny.toml").write_text(profile_text())
    return ("--profile", "./tiny.toml")


@pytest.fixture(scope="module")
def runs(walkerbench: WholeProcess, profile: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return `run.json` of a run in this mode, recorded in `toy`, and of one in sequential mode, in `sequential`."""
    return {
        "toy": every_way.recorded(walkerbench, "toy", *profile, *MODE),
        "sequential": every_way.recorded(walkerbench, "sequential", *profile),
    }


def test_run_records_it_and_does_the_same_work(runs: dict[str, Any]) -> None:
    assert runs["toy"]["digest"] == runs["sequential"]["digest"]
    assert runs["toy"]["mode"]["used"] == "thread-per-shard"
    assert runs["toy"]["mode"]["traits"]["share_gil"]
    assert [stage["workers"] for stage in runs["toy"]["stages"]] == [2]


def test_its_time_is_attributed_by_its_traits(runs: dict[str, Any]) -> None:
    shares = {share["part"]: share for share in runs["toy"]["attribution"]["shares"]}
    assert shares["moving data"]["upper_bound"], "a thread that is to begin may wait for the GIL"
    assert shares["barrier"]["share"] > 0


def test_it_cannot_have_more_workers_than_agents(walkerbench: WholeProcess, profile: tuple[str, ...]) -> None:
    ended = walkerbench("run", *profile, "--mode", "thread-per-shard", "--workers", "13")
    assert (ended.code, "at most 12" in ended.err) == (2, True)


def test_show_report_and_every_export_show_it(work: Path, walkerbench: WholeProcess, runs: dict[str, Any]) -> None:
    shown = every_way.succeeded(walkerbench("show", "toy")).out
    assert "thread-per-shard" in shown
    assert "waiting for the GIL or a lock" in shown
    every_way.succeeded(walkerbench("report", "toy", "sequential", "-o", "page.html"))
    assert "thread-per-shard, 2 workers" in (walkerbench.cwd / "page.html").read_text(encoding="utf-8")
    assert all(every_way.exported(work, "toy").values())


def test_compare_measures_it_beside_the_others(work: Path, profile: tuple[str, ...]) -> None:
    result = every_way.measured(work, "compare", *profile)
    assert [side["mode"] for side in result["sides"]] == list(MODES.names())
    assert MODES.names()[-1] == "thread-per-shard"
    assert result["did_same_work"]
    assert "thread-per-shard" in result["advice"]


def test_ab_measures_it_against_another_mode(work: Path, profile: tuple[str, ...]) -> None:
    sides = ("mode=threaded,workers=2", "mode=thread-per-shard,workers=2")
    result = every_way.measured(work, "ab", *sides, *profile)
    assert result["did_same_work"]
    assert [side["mode"] for side in result["sides"]] == ["threaded", "thread-per-shard"]


def test_gate_compares_runs_of_it_with_recorded_runs(work: Path, profile: tuple[str, ...]) -> None:
    every_way.succeeded(
        every_way.in_process(work, "run", *profile, *MODE, "--repeat", "2", "--quiet", "-o", "baseline")
    )
    arguments = ("gate", "--baseline", "baseline", *profile, *MODE, *every_way.DECISION)
    assert every_way.compared(work, *arguments)["comparison"]["did_same_work"]


def test_recorded_runs_of_it_are_compared(work: Path, runs: dict[str, Any]) -> None:
    result = every_way.compared(work, "compare", "sequential", "toy", *every_way.DECISION)
    assert [side["mode"] for side in result["sides"]] == ["sequential", "thread-per-shard"]


def test_the_sampling_profiler_sees_its_workers(work: Path, profile: tuple[str, ...]) -> None:
    options = ("--agents", "40", "--frames", "200", "--warmup", "10")
    shown = every_way.sampled(work, "sampled", *profile, *options, *MODE)
    assert "worker-1" in shown
    assert "\nwaiting " in shown, "the phase that the mode marks"


def test_the_pytest_plugin_runs_it(walkerbench: WholeProcess) -> None:
    every_way.passed_in_pytest(walkerbench, "'./tiny.toml', mode='thread-per-shard', workers=2")


def test_selftest_proves_it(tmp_path: Path) -> None:
    faults = ("none: the clean control", "a main phase of 250 ms", "a worker that exits")
    with PassedOnSignals(RUN_DEADLINE_S) as signals:
        result = proved(ProcessBench(signals), tmp_path, ThreadPerShardMode.name, *faults)
    assert [proof.in_words for proof in result.failed] == []
    assert [proof.not_applicable is None for proof in result.proofs] == [True, True, False]
    assert ThreadPerShardMode.name in modes_to_prove()
