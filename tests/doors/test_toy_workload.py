"""A workload from outside walkerbench, in one file, is run, compared and shown by every command.

It is registered at the end of this file, by an entry point as an installed package does it, so that children find it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import every_way
import numpy as np
import pytest
from annotated_types import Ge
from brought import brought
from whole_process import WholeProcess

from walkerbench.modes.registry import MODES
from walkerbench.workloads.contract import Field, FrameBuffers, Workload
from walkerbench.workloads.digests import digest64
from walkerbench.workloads.main_phase import MainPhase


@dataclass(frozen=True, kw_only=True)
class Weights:
    rounds: Annotated[int, Ge(1)] = 40


@dataclass(frozen=True, kw_only=True)
class AbacusSettings:
    weights: Weights = field(default_factory=Weights)
    most_beads: int = 1000


@dataclass(frozen=True)
class Abacus(Workload):
    """Agents that each count beads, and read how many beads all agents have."""

    num_agents: int
    seed: int
    settings: AbacusSettings

    name = "abacus"
    settings_class = AbacusSettings
    phases = ("count", "shift")
    main_phase = MainPhase("count", "counting beads")
    settle_phase = "add up"
    counters = ("counted", "carried")
    frame_counters = ("counted", "carried")
    event_counters = ("carried",)
    digest_fields = ("beads",)
    default_criteria = ("frame_ms.max < 10000", "counting_beads_ms.max < 10000", "carried > 0")

    def frames_per_second(self) -> float:
        return 250.0

    def resource_limits(self) -> dict[str, float]:
        return {"most_beads": self.settings.most_beads}

    def fields(self) -> tuple[Field, ...]:
        return (Field("current", "beads", "int64"), Field("published", "sum", "int64", (1,), per_agent=False))

    def snapshot_fields(self) -> tuple[Field, ...]:
        return (Field("snapshot", "beads", "int64"),)

    def make_settler(self, buffers: FrameBuffers) -> Adder:
        return Adder(buffers)

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> Rods:
        return Rods(self, lo, hi, buffers, worker)


class Adder:
    def __init__(self, buffers: FrameBuffers) -> None:
        self._beads = buffers.current["beads"]
        self._sum = buffers.published["sum"]
        self._counts = buffers.counters[-1]

    def settle(self, frame: int) -> None:
        self._sum[0] = self._beads.sum()
        self._counts[1] += int(self._sum[0] % 3 == 0)

    def statistics(self) -> dict[str, float]:
        return {"most_beads": int(self._beads.max())}


class Rods:
    def __init__(self, workload: Abacus, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> None:
        self._rounds = workload.settings.weights.rounds
        self._beads = buffers.current["beads"][lo:hi]
        self._sum = buffers.published["sum"]
        self._counts = buffers.counters[worker]
        self._digests = buffers.digests[lo:hi]
        self._drawn = buffers.snapshot["beads"][lo:hi]
        self._beads[:] = [np.random.default_rng([workload.seed, agent]).integers(100) for agent in range(lo, hi)]

    def phases(self) -> dict[str, Callable[[int], None]]:
        return {"count": self.count, "shift": self.shift}

    def count(self, frame: int) -> None:
        for _ in range(self._rounds):
            self._beads[:] = (self._beads * 5 + self._sum[0] + frame) % 101
        self._counts[0] += len(self._beads)

    def shift(self, frame: int) -> None:
        self._beads += 1

    def digest(self) -> None:
        for row in range(len(self._beads)):
            self._digests[row, 0] = digest64(self._beads[row : row + 1])

    def snapshot(self) -> None:
        self._drawn[:] = self._beads


@pytest.fixture(scope="module", autouse=True)
def _registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    site = tmp_path_factory.mktemp("site")
    with brought(site, "walkerbench.workloads", "abacus", __file__, Abacus.__name__):
        yield


SHORT = ("--agents", "9", "--frames", "150", "--warmup", "20")
ABACUS = ("--workload", "abacus", *SHORT)
PROFILE = """
workload = "abacus"
agents = 9
frames = 150
warmup = 20
environment = { weights = { rounds = 41 } }
"""


@pytest.fixture(scope="module")
def profile(walkerbench: WholeProcess) -> str:
    """Return the path of a profile that runs the toy, with one of the toy's own settings."""
    (walkerbench.cwd / "abacus.toml").write_text(PROFILE)
    return "./abacus.toml"


@pytest.fixture(scope="module")
def runs(walkerbench: WholeProcess) -> dict[str, dict[str, Any]]:
    """Return `run.json` of a run in each mode; each is recorded in a directory with the mode's name."""
    return {mode: every_way.recorded(walkerbench, mode, *ABACUS, "--mode", mode) for mode in MODES.names()}


def test_run_records_it_in_every_mode_with_one_digest(runs: dict[str, Any]) -> None:
    assert len({run["digest"] for run in runs.values()}) == 1
    for mode, run in runs.items():
        assert (run["state"], run["mode"]["used"], run["workload"]["name"]) == ("finished", mode, "abacus")
        assert run["workload"]["main_phase"] == {"phase": "count", "title": "counting beads", "decides": False}
        assert run["counters"]["counted"] == 9 * 150
        assert run["metrics"]["counting_beads_ms.p50"] > 0
        assert {verdict["outcome"] for verdict in run["verdicts"]} == {"pass"}


def test_criteria_are_checked_before_the_first_frame(walkerbench: WholeProcess) -> None:
    ended = walkerbench("run", *ABACUS, "--criterion", "agent_processing_ms.max < 5", "-o", "unborn")
    assert ended.code == 2
    assert "criterion 'agent_processing_ms.max < 5': unknown metric" in ended.err
    assert "counting_beads_ms" in ended.err
    assert not (walkerbench.cwd / "unborn").exists()


def test_its_settings_are_checked_by_its_own_class(walkerbench: WholeProcess) -> None:
    (walkerbench.cwd / "wrong.toml").write_text(PROFILE.replace("rounds = 41", "rounds = 0, round = 1"))
    ended = walkerbench("run", "--profile", "./wrong.toml")
    assert ended.code == 2
    assert "environment.weights.round: no such key; did you mean rounds?" in ended.err
    assert "environment.weights.rounds: 0 is wrong; allowed: greater than or equal to 1" in ended.err


def test_its_resource_limit_stops_the_run(walkerbench: WholeProcess) -> None:
    (walkerbench.cwd / "limited.toml").write_text(PROFILE.replace("weights = { rounds = 41 }", "most_beads = 10"))
    ended = walkerbench("run", "--profile", "./limited.toml", "--quiet", "--json", "-o", "limited")
    run = json.loads(ended.out)
    assert (ended.code, run["state"]) == (1, "emergency")
    assert "most_beads, of at most 10" in run["ended_because"]


def test_its_pace_counts_its_missed_deadlines(walkerbench: WholeProcess) -> None:
    options = ("--workload", "abacus", "--agents", "2", "--frames", "30", "--warmup", "5", "--pace", "realtime")
    run = every_way.recorded(walkerbench, "paced", *options)
    assert run["workload"]["frames_per_second"] == 250.0
    assert run["missed_deadlines"] is not None


def test_show_report_and_every_export_show_it(work: Path, walkerbench: WholeProcess, runs: dict[str, Any]) -> None:
    assert "counting_beads_ms" in every_way.succeeded(walkerbench("show", "threaded")).out
    every_way.succeeded(walkerbench("report", "threaded", "-o", "page.html"))
    assert "counting_beads_ms" in (walkerbench.cwd / "page.html").read_text(encoding="utf-8")
    texts = every_way.exported(work, "process")
    assert all(texts.values())
    assert "carried" in texts["chrome-trace"]


def test_compare_measures_it_in_every_mode(work: Path) -> None:
    result = every_way.measured(work, "compare", "--workload", "abacus", "--agents", "9")
    assert [side["mode"] for side in result["sides"]] == list(MODES.names())
    assert result["did_same_work"]
    assert all(side["main_phase"]["title"] == "counting beads" for side in result["sides"])
    assert all(side["main_phase_ms"]["p50"] > 0 for side in result["sides"])


def test_ab_measures_its_settings_against_each_other(work: Path, profile: str) -> None:
    sides = ("environment.weights.rounds=41", "environment.weights.rounds=400")
    ended = every_way.in_process(work, "ab", *sides, "--profile", profile)
    assert ended.code == 2
    assert "not the same work: environment.weights.rounds is 41" in ended.err
    result = every_way.measured(work, "ab", ".", ".", "--profile", profile)
    assert result["did_same_work"]


def test_gate_compares_runs_of_it_with_recorded_runs(work: Path, profile: str) -> None:
    every_way.succeeded(
        every_way.in_process(work, "run", "--profile", profile, "--repeat", "2", "--quiet", "-o", "baseline")
    )
    arguments = ("gate", "--baseline", "baseline", "--profile", profile, *every_way.DECISION)
    result = every_way.compared(work, *arguments)
    assert result["comparison"]["did_same_work"]


def test_recorded_runs_of_it_are_compared(work: Path, runs: dict[str, Any]) -> None:
    result = every_way.compared(work, "compare", "sequential", "threaded", *every_way.DECISION)
    assert [side["main_phase"]["phase"] for side in result["sides"]] == ["count", "count"]


def test_the_sampling_profiler_sees_its_phases(work: Path, walkerbench: WholeProcess) -> None:
    heavy = PROFILE.replace("rounds = 41", "rounds = 1000")
    (walkerbench.cwd / "heavy.toml").write_text(heavy)
    assert "count" in every_way.sampled(work, "sampled", "--profile", "./heavy.toml")


def test_the_pytest_plugin_runs_it(walkerbench: WholeProcess, profile: str) -> None:
    every_way.passed_in_pytest(walkerbench, f"{profile!r}, mode='process', workers=2")
