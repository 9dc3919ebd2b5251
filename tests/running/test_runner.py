from __future__ import annotations

import dataclasses
import gc
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import psutil
import pytest
import threadpoolctl
from tiny_profile import TINY_AGENTS, TINY_FRAMES, TINY_WARMUP, profile_text

import walkerbench
from walkerbench.cli.rich_console import to_text
from walkerbench.criteria.judging import exit_code_of_run
from walkerbench.errors import CapacityError, OutputError, UsageError, WorkerFailed
from walkerbench.modes.registry import MODES
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.recorded_sides.comparability import obstacles
from walkerbench.recording import cpu
from walkerbench.recording.machine import MAY_DRIFT, MUST_MATCH
from walkerbench.reports.terminal import run as terminal
from walkerbench.run_directory import ARRAYS, RecordedRun, RunFile, read_recorded
from walkerbench.running import runner
from walkerbench.running.observers import RunObserver, RunStart
from walkerbench.running.progress import Progress, ProgressObserver

COLUMNS = (
    *("frame", "stage", "warmup", "start_ns", "wall_ns", "agents_ns", "physics_ns", "ecosystem_ns"),
    *("dispatch_ns", "barrier_wait_ns", "busy_ns", "cpu_ns", "gc_ns"),
    *("ai_updates", "physics_only", "immobilised", "learned", "replaced"),
    *("process_cpu_ns", "parent_cpu_ns", "parent_core_wait_ns", "parent_core_wait_before_ns", "parent_system_ns"),
    *("parent_minor_faults", "parent_major_faults", "parent_involuntary_switches"),
    "parent_voluntary_switches",
)
WORKERS = {"sequential": 1, "threaded": 2, "process": 2}
EVERY_FRAME_IS_SLOW = 1e-6

Run = Callable[..., RecordedRun]


def tiny(directory: Path, **changes: Any) -> Profile:
    path = directory / "tiny.toml"
    path.write_text(profile_text(**changes))
    return load_profile(str(path))


class Audience(ProgressObserver):
    """Records its calls, and may act on them."""

    def __init__(
        self, on_start: Callable[[], None] = lambda: None, on_progress: Callable[[], None] = lambda: None
    ) -> None:
        self.started_with: list[tuple[Path, RunFile]] = []
        self.heard: list[Progress] = []
        self._on_start = on_start
        self._on_progress = on_progress

    def started(self, start: RunStart) -> None:
        self.started_with.append((start.directory, start.run))
        self._on_start()

    def show(self, progress: Progress) -> None:
        self.heard.append(progress)
        self._on_progress()


class Indispensable(Audience):
    required = True


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the tiny profile with changes, and reads it back."""

    def carry_out(*observers: RunObserver, **changes: Any) -> RecordedRun:
        profile = tiny(tmp_path, **changes)
        return read_recorded(
            runner.run(profile, output=tmp_path / "run", command_line=["walkerbench"], observers=observers)
        )

    return carry_out


@pytest.fixture(scope="module")
def by_mode(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RecordedRun]:
    """The tiny profile in each mode."""
    root = tmp_path_factory.mktemp("modes")
    recorded = {}
    for mode in MODES.names():
        profile = override(tiny(root), ProfileOverrides(mode=mode, workers=WORKERS[mode]))
        recorded[mode] = read_recorded(runner.run(profile, output=root / mode, command_line=["walkerbench", "run"]))
    return recorded


@pytest.fixture(params=MODES.names())
def recorded(request: pytest.FixtureRequest, by_mode: dict[str, RecordedRun]) -> RecordedRun:
    return by_mode[request.param]


def outcomes(run: RunFile) -> dict[str, str]:
    return {verdict.criterion: verdict.outcome for verdict in run.verdicts}


# What is recorded, in every mode.


def test_every_array_opens_with_numpy_alone(recorded: RecordedRun) -> None:
    workers = WORKERS[recorded.run.mode.used]
    arrays = {name: np.load(recorded.directory / f"{name}.npy", allow_pickle=False) for name in ARRAYS}
    assert {path.name for path in recorded.directory.iterdir()} == {"run.json", *(f"{name}.npy" for name in ARRAYS)}
    assert arrays["frames"].dtype.names == COLUMNS
    assert {arrays["frames"].dtype[name] for name in COLUMNS} == {np.dtype(np.int64)}
    assert len(arrays["frames"]) == TINY_FRAMES
    assert len(arrays["workers"]) == TINY_FRAMES * workers
    assert len(arrays["digests"]) == 3 * TINY_AGENTS
    assert len(arrays["cpu"]) >= 1
    assert arrays["cpu"].dtype["core_percent"].shape == (recorded.run.machine["cores_present"],)


def test_rows_are_numbered(recorded: RecordedRun) -> None:
    frames, workers = recorded.frames, recorded.workers
    assert frames["frame"].tolist() == list(range(TINY_FRAMES))
    assert frames["warmup"].tolist() == [1] * TINY_WARMUP + [0] * (TINY_FRAMES - TINY_WARMUP)
    assert not frames["stage"].any()
    count = WORKERS[recorded.run.mode.used]
    assert workers["frame"].tolist() == np.repeat(range(TINY_FRAMES), count).tolist()
    assert workers["worker"].tolist() == list(range(count)) * TINY_FRAMES


def test_the_parts_of_a_frame_add_up_to_its_time(recorded: RecordedRun) -> None:
    frames = recorded.frames
    of_workers = {name: column.reshape(TINY_FRAMES, -1) for name in ("agents_ns", "physics_ns", "busy_ns", "cpu_ns")
                  for column in [recorded.workers[name]]}  # fmt: skip
    for phase in ("agents_ns", "physics_ns"):
        assert (frames[phase] == of_workers[phase].max(axis=1)).all()
    for total in ("busy_ns", "cpu_ns"):
        assert (frames[total] == of_workers[total].sum(axis=1)).all()
    assert (of_workers["agents_ns"] + of_workers["physics_ns"] <= of_workers["busy_ns"]).all()
    parallel = recorded.run.mode.used != "sequential"
    worked = of_workers["busy_ns"].max(axis=1) if parallel else of_workers["busy_ns"].sum(axis=1)
    outside = frames["dispatch_ns"] + frames["barrier_wait_ns"] + frames["ecosystem_ns"]
    waited = frames["barrier_wait_ns"] > 0
    assert waited.any()
    assert (outside + worked == frames["wall_ns"])[waited].all()
    assert (outside <= frames["wall_ns"]).all()
    assert (frames["start_ns"][1:] >= (frames["start_ns"] + frames["wall_ns"])[:-1]).all()


def test_counters_of_frames_add_up_to_the_totals(recorded: RecordedRun) -> None:
    run, frames = recorded.run, recorded.frames
    counts = {name: int(frames[name].sum()) for name in run.workload.frame_counters}
    assert {name: run.counters[name] for name in counts} == counts
    assert {name: run.stages[0].counters[name] for name in counts} == counts
    # A quarter of the agents have an AI update in a frame; the others are stepped without one, or are immobilised.
    treated = frames["ai_updates"] + frames["physics_only"] + frames["immobilised"]
    assert treated[0] == TINY_AGENTS
    assert (treated <= TINY_AGENTS).all()
    assert counts["ai_updates"] > 0


def test_every_mode_has_the_same_trajectory(by_mode: dict[str, RecordedRun]) -> None:
    sequential = by_mode["sequential"]
    assert [point.frame for point in sequential.run.checkpoints] == [14, 29, 39]
    for other in by_mode.values():
        assert other.run.digest == sequential.run.digest
        assert other.run.checkpoints == sequential.run.checkpoints
        assert (other.digests == sequential.digests).all()
        for name in sequential.run.workload.frame_counters:
            assert (other.frames[name] == sequential.frames[name]).all()


def test_another_seed_has_another_trajectory(run: Run, by_mode: dict[str, RecordedRun]) -> None:
    assert run(seed=2).run.digest != by_mode["sequential"].run.digest


def test_run_json_fits_the_published_schema(recorded: RecordedRun) -> None:
    schema = json.loads(Path(walkerbench.__file__).with_name("run.schema.json").read_text())
    written = json.loads((recorded.directory / "run.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(written, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**written, "state": "done"}, schema)


def test_run_json_has_mode_command_and_verdicts(by_mode: dict[str, RecordedRun]) -> None:
    for mode, recorded in by_mode.items():
        run = recorded.run
        assert (run.state, run.ended_because, run.faults) == ("finished", None, None)
        assert (run.mode.requested, run.mode.used, run.mode.fallback) == (mode, mode, None)
        assert run.mode.workers == run.stages[0].workers == WORKERS[mode]
        assert run.command_line == ("walkerbench", "run")
        assert run.profile["stages"] == [
            {"agents": TINY_AGENTS, "frames": TINY_FRAMES, "duration_s": None, "pace": None}
        ]
        assert (run.stages[0].frames, run.stages[0].warmup) == (TINY_FRAMES, TINY_WARMUP)
        assert outcomes(run) == {"emergency_shutdowns == 0": "pass"}
        assert exit_code_of_run(run.state, run.verdicts) == 0
    process = by_mode["process"].run.mode
    assert process.start_method == by_mode["process"].run.machine["start_method"] == "spawn"
    assert process.start_method_reason is not None
    assert by_mode["sequential"].run.mode.start_method is None


def test_machine_facts_are_those_of_the_frames(recorded: RecordedRun) -> None:
    facts = recorded.run.machine
    assert set(facts) == MUST_MATCH | MAY_DRIFT
    blas = [library for library in facts["blas"] if library["user_api"] == "blas"]
    assert blas
    assert {library["num_threads"] for library in blas} == {1}


def test_nothing_is_left_behind(run: Run) -> None:
    def traces() -> tuple[Any, ...]:
        libraries = [(library["filepath"], library["num_threads"]) for library in threadpoolctl.threadpool_info()]
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        return set(threading.enumerate()), list(gc.callbacks), libraries, handlers, psutil.Process().num_fds()

    before = traces()
    alive: set[str] = set()
    names = Audience(on_progress=lambda: alive.update(thread.name for thread in threading.enumerate()))
    run(names, mode="threaded", workers=2)
    assert {"cpu-sampler", "walkerbench-worker-0", "walkerbench-worker-1"} <= alive
    assert traces() == before
    assert multiprocessing.active_children() == []


def test_an_observer_is_told_of_the_start_and_the_end(tmp_path: Path) -> None:
    audience = Audience(lambda: seen.append(sorted(path.name for path in (tmp_path / "run").iterdir())))
    seen: list[list[str]] = []
    runner.run(tiny(tmp_path), output=tmp_path / "run", command_line=[], observers=[audience])
    assert seen == [["cpu.npy", "digests.npy", "frames.npy", "run.json", "workers.npy"]]
    assert [directory for directory, _ in audience.started_with] == [tmp_path / "run"]
    assert audience.started_with[0][1].state == "running"
    last = audience.heard[-1]
    assert (last.stage, last.stages, last.agents) == (0, 1, TINY_AGENTS)
    assert (last.frame, last.frames, last.remaining_s) == (TINY_FRAMES, TINY_FRAMES, 0.0)


def test_the_default_output_is_below_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    directory = runner.run(tiny(tmp_path), output=None, command_line=[])
    assert directory.parent == Path(".walkerbench/runs")
    assert directory.name.endswith(f"Z-tiny-sequential-{TINY_AGENTS}")
    assert read_recorded(directory).run.state == "finished"


# Stages, pace and length.


def test_every_stage_is_fresh_and_is_judged_alone_and_in_the_run(run: Run, tmp_path: Path) -> None:
    stages = [{"agents": agents, "frames": frames} for agents, frames in ((5, 20), (8, 30))]
    both = run(agents=None, frames=None, stages=stages, criteria={"ai_updates": "< 60"})
    assert both.frames["stage"].tolist() == [0] * 20 + [1] * 30
    assert both.frames["frame"].tolist() == [*range(20), *range(30)]
    assert both.frames["warmup"].sum() == 2 * TINY_WARMUP
    first, second = both.run.stages
    assert [(stage.agents, stage.frames, stage.warmup) for stage in (first, second)] == [(5, 20, 10), (8, 30, 10)]
    assert [(point.stage, point.frame) for point in both.run.checkpoints] == [(0, 14), (0, 19), (1, 14), (1, 29)]
    alone = runner.run(tiny(tmp_path, agents=8, frames=30), output=tmp_path / "alone", command_line=[])
    assert second.digest == read_recorded(alone).run.digest
    assert second.counters == read_recorded(alone).run.counters
    assert both.run.counters == {name: first.counters[name] + second.counters[name] for name in first.counters}
    updates = {None: both.run.counters["ai_updates"], 0: first.counters["ai_updates"], 1: second.counters["ai_updates"]}
    judged = {verdict.stage: verdict for verdict in both.run.verdicts if verdict.criterion == "ai_updates < 60"}
    assert {stage: verdict.value for stage, verdict in judged.items()} == updates
    assert {stage: verdict.outcome for stage, verdict in judged.items()} == {0: "pass", 1: "pass", None: "fail"}
    assert exit_code_of_run(both.run.state, both.run.verdicts) == 1
    last = both.frames[both.frames["stage"] == 1]
    assert second.metrics["frame_ms.max"] == last["wall_ns"][TINY_WARMUP:].max() / 1e6


def test_real_time_pace_keeps_its_schedule_and_counts_late_frames(run: Run) -> None:
    rate = 50.0
    realtime = {"pace": "realtime", "frames": None, "duration_s": 0.4, "warmup": 4}
    recorded = run(
        **realtime, agents=5, environment={"physics": {"frames_per_second": rate}},
        faults={"stall_frames": {"2": 0.1, "10": 0.1}}, criteria={"missed_deadlines": "== 0"},
    )  # fmt: skip
    frames, period_ns = recorded.frames, 1e9 / rate
    assert len(frames) == 20
    assert frames["start_ns"][-1] - frames["start_ns"][0] >= 18 * period_ns
    late = (frames["wall_ns"] > period_ns) & (frames["warmup"] == 0)
    assert late[10]
    assert not late[2]
    assert recorded.run.missed_deadlines == recorded.run.metrics["missed_deadlines"] == late.sum()
    assert outcomes(recorded.run)["missed_deadlines == 0"] == "fail"
    # Pauses do not count: the rate is that of the frames alone.
    judged = frames[frames["warmup"] == 0]
    assert recorded.run.metrics["physics_fps"] == len(judged) * 1e9 / judged["wall_ns"].sum()


def test_stages_run_at_their_own_paces(run: Run) -> None:
    stages = [{"agents": 5, "frames": 20}, {"agents": 5, "duration_s": 0.4, "pace": "realtime"}]
    environment = {"physics": {"frames_per_second": 50.0}}
    recorded = run(agents=None, frames=None, stages=stages, environment=environment)
    first, second = recorded.run.stages
    assert (first.frames, second.frames) == (20, 20)
    assert recorded.run.paces == ("max", "realtime")
    assert (first.metrics["missed_deadlines"], second.metrics["missed_deadlines"] is None) == (None, False)
    begins = recorded.frames["start_ns"][recorded.frames["stage"] == 1]
    assert begins[-1] - begins[0] >= 18 * 1e9 / 50
    assert first.digest == second.digest  # the pace changes no work


def test_at_full_pace_a_duration_ends_the_run(run: Run) -> None:
    recorded = run(agents=2, frames=None, duration_s=0.2, warmup=1)
    starts, ends = recorded.frames["start_ns"], recorded.frames["start_ns"] + recorded.frames["wall_ns"]
    assert len(starts) > 1
    assert (ends[:-1] - starts[0] < 0.2e9).all()  # after each frame but the last, there was time for another
    assert recorded.run.missed_deadlines is None
    assert "missed_deadlines" in recorded.run.unmeasured


def test_a_run_of_warm_up_alone_cannot_be_judged(run: Run) -> None:
    recorded = run(agents=2, frames=None, duration_s=0.01, warmup=10**6, criteria={"frame_ms.max": "< 200"})
    assert len(recorded.frames) > 0
    assert outcomes(recorded.run) == {"frame_ms.max < 200": "unsupported", "emergency_shutdowns == 0": "pass"}
    assert exit_code_of_run(recorded.run.state, recorded.run.verdicts) == 4


def test_a_percentile_without_enough_frames_is_inconclusive(run: Run) -> None:
    recorded = run(criteria={"frame_ms.p99": "< 1e9", "frame_ms.p95": "< 1e9"})
    assert outcomes(recorded.run) == {
        "frame_ms.p99 < 1000000000": "unsupported",
        "frame_ms.p95 < 1000000000": "pass",
        "emergency_shutdowns == 0": "pass",
    }
    assert exit_code_of_run(recorded.run.state, recorded.run.verdicts) == 4


# Falling back.


@pytest.mark.parametrize(("agents", "used"), [(4, "sequential"), (5, "threaded")])
def test_threads_are_not_used_for_few_agents(run: Run, agents: int, used: str) -> None:
    mode = run(mode="threaded", workers=2, agents=agents).run.mode
    assert (mode.requested, mode.used, mode.workers) == ("threaded", used, 2)
    assert (mode.fallback is None) == (used == "threaded")


def test_a_later_stage_does_not_hide_that_one_fell_back(run: Run) -> None:
    stages = [{"agents": agents, "frames": 20} for agents in (4, 6)]
    mode = run(mode="threaded", workers=2, agents=None, frames=None, stages=stages).run.mode
    assert mode.used == "threaded"
    assert mode.fallback is not None


# Faults and safeguards.


@pytest.mark.parametrize("mode", ["sequential", "threaded"])
def test_a_stall_fails_only_the_criterion_on_frame_time(run: Run, mode: str) -> None:
    criteria = {"frame_ms.max": "< 1000", "agent_processing_ms.max": "< 1000", "frame_ms.p50": "< 1000"}
    recorded = run(mode=mode, criteria=criteria, faults={"stall_frames": {"20": 1.05}})
    assert outcomes(recorded.run) == {
        "frame_ms.max < 1000": "fail",
        "agent_processing_ms.max < 1000": "pass",
        "frame_ms.p50 < 1000": "pass",
        "emergency_shutdowns == 0": "pass",
    }
    assert exit_code_of_run(recorded.run.state, recorded.run.verdicts) == 1
    assert recorded.frames["wall_ns"].argmax() == 20
    assert recorded.frames["wall_ns"][20] >= 1050e6


def test_warm_up_is_recorded_and_not_judged(run: Run) -> None:
    recorded = run(criteria={"frame_ms.max": "< 200"}, faults={"stall_frames": {"9": 0.25}})
    assert recorded.frames["wall_ns"][9] >= 250e6
    assert recorded.run.metrics["frame_ms.max"] == recorded.frames["wall_ns"][TINY_WARMUP:].max() / 1e6
    assert outcomes(recorded.run)["frame_ms.max < 200"] == "pass"


def test_faults_are_recorded_and_shown_with_every_result(run: Run) -> None:
    recorded = run(faults={"extra_work_percent": 50, "stall_frames": {"3": 0.01}})
    assert recorded.run.faults == "extra work of 50 % in every frame; a stall of 0.01 s in frame 3"
    text = to_text(terminal.report(recorded.run, recorded.directory))
    assert text.count(f"FAULTS INJECTED: {recorded.run.faults}") == 2


@pytest.mark.promise("verdicts", "A run without a judged frame is inconclusive, and no base of a comparison.")
def test_a_run_that_ends_within_its_warmup_judges_nothing(run: Run) -> None:
    recorded = run(faults={"end_frame": 5}, criteria={"frame_ms.max": "< 200", "emergency_shutdowns": "== 0"})
    assert (len(recorded.frames), int(recorded.frames["warmup"].sum())) == (5, 5)
    assert recorded.run.faults == "the end before frame 5"
    assert exit_code_of_run(recorded.run.state, recorded.run.verdicts) == 4
    (obstacle,) = obstacles(recorded)
    assert "the run has no judged frames" in obstacle


@pytest.mark.parametrize("warmup", [0, TINY_WARMUP])
@pytest.mark.parametrize("mode", ["sequential", "threaded"])
def test_too_many_slow_frames_stop_a_run_even_in_its_warm_up(run: Run, mode: str, warmup: int) -> None:
    recorded = run(mode=mode, warmup=warmup, safeguards={"slow_frame_s": EVERY_FRAME_IS_SLOW, "slow_frames": 3})
    assert recorded.run.state == "emergency"
    assert recorded.run.ended_because is not None
    assert recorded.run.ended_because.startswith("emergency shutdown after frame 2: 3 frames in a row")
    assert recorded.frames["frame"].tolist() == [0, 1, 2]
    assert [point.frame for point in recorded.run.checkpoints] == [2]
    assert recorded.run.stages[0].frames == 3
    assert recorded.run.emergency_shutdowns == 1
    assert outcomes(recorded.run) == {"emergency_shutdowns == 0": "fail"}
    assert exit_code_of_run(recorded.run.state, recorded.run.verdicts) == 1
    assert recorded.run.finished_utc is not None


def test_only_slow_frames_in_a_row_stop_the_run(run: Run) -> None:
    stalls = {"12": 0.3, "14": 0.3, "15": 0.3}
    recorded = run(faults={"stall_frames": stalls}, safeguards={"slow_frame_s": 0.25, "slow_frames": 2})
    assert recorded.run.state == "emergency"
    assert len(recorded.frames) == 16


def test_too_many_bodies_stop_the_run_at_a_checkpoint(run: Run) -> None:
    recorded = run(environment={"limits": {"bodies": 50}})
    assert recorded.run.ended_because == "emergency shutdown after frame 14: 72 bodies, of at most 50"
    assert len(recorded.frames) == 15


def test_after_an_emergency_the_next_stage_is_not_run(run: Run) -> None:
    stages = [{"agents": 5, "frames": 20}] * 2
    recorded = run(agents=None, frames=None, stages=stages, safeguards={"slow_frame_s": 1e-6, "slow_frames": 12})
    assert recorded.run.state == "emergency"
    assert [stage.frames for stage in recorded.run.stages] == [12]


# A profile that cannot be run leaves no output.


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        (CapacityError, {"agents": 1_000_000}),
        (CapacityError, {"agents": None, "frames": None, "stages": [{"agents": 5, "frames": 20},
                                                                    {"agents": 10**6, "frames": 20}]}),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be_run_writes_nothing(
    run: Run, tmp_path: Path, error: type[UsageError], changes: dict[str, Any]
) -> None:
    with pytest.raises(error):
        run(**changes)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.toml"]


def test_an_existing_output_is_not_changed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(OutputError):
        run()
    assert list((tmp_path / "run").iterdir()) == []


# What breaks a run.


def test_after_an_unexpected_error_the_run_is_broken_and_readable(run: Run, tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError("the audience left")

    with pytest.raises(RuntimeError, match="the audience left"):
        run(Indispensable(on_progress=fail))
    recorded = read_recorded(tmp_path / "run")
    assert (recorded.run.state, recorded.run.ended_because) == ("broken", "RuntimeError: the audience left")
    assert len(recorded.frames) == recorded.run.stages[0].frames > 0
    assert recorded.run.metrics["physics_fps"] is None or recorded.run.metrics["physics_fps"] > 0
    assert exit_code_of_run(recorded.run.state, recorded.run.verdicts) == 3


def test_an_error_before_the_first_frame_leaves_the_run_broken(run: Run, tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError("too early")

    with pytest.raises(RuntimeError, match="too early"):
        run(Indispensable(on_start=fail))
    recorded = read_recorded(tmp_path / "run")
    assert (recorded.run.state, len(recorded.frames)) == ("broken", 0)


def test_a_worker_that_raises_is_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from walkerbench.workloads.walker.shard import WalkerShard

    def phases(self: WalkerShard) -> dict[str, Callable[[int], None]]:
        return {"agents": lambda frame: 1 // (7 - frame), "physics": lambda frame: None}

    monkeypatch.setattr(WalkerShard, "phases", phases)
    with pytest.raises(WorkerFailed) as caught:
        run()
    recorded = read_recorded(tmp_path / "run")
    assert (recorded.run.state, recorded.run.ended_because) == ("broken", f"WorkerFailed: {caught.value}")
    assert str(caught.value).startswith("worker 0 (agents 0 to 11) raised ZeroDivisionError")
    assert str(caught.value).endswith("in frame 7")
    assert recorded.frames["frame"].tolist() == list(range(7))


def test_a_failed_sampler_breaks_the_run_and_loses_no_frame(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ValueError("no such core")

    monkeypatch.setattr(cpu._Reader, "read", fail)
    with pytest.raises(ValueError, match="no such core"):
        run()
    recorded = read_recorded(tmp_path / "run")
    assert (recorded.run.state, len(recorded.frames)) == ("broken", TINY_FRAMES)
    assert recorded.run.stages[0].counters["ai_updates"] == recorded.frames["ai_updates"].sum() > 0


# Interrupts, sent to this very process between two frames.


def interrupt(times: int = 1, number: int = signal.SIGINT) -> Callable[[], None]:
    def send() -> None:
        for _ in range(times):
            os.kill(os.getpid(), number)

    return send


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_run_after_the_frame(run: Run, number: signal.Signals) -> None:
    # The stall makes sure that progress is shown between frames 2 and 3.
    recorded = run(Audience(on_progress=interrupt(1, number)), faults={"stall_frames": {"0": 0.01, "2": 0.3}})
    assert recorded.run.state == "interrupted"
    frames = len(recorded.frames)
    assert recorded.run.ended_because == f"{number.name} after {frames} frames of this stage"
    assert 0 < frames <= 3
    assert [point.frame for point in recorded.run.checkpoints] == [frames - 1]
    assert exit_code_of_run(recorded.run.state, recorded.run.verdicts) == 130


def test_an_interrupt_before_the_first_frame_ends_the_run(run: Run) -> None:
    recorded = run(Audience(on_start=interrupt()))
    assert (recorded.run.state, recorded.run.ended_because) == ("interrupted", "SIGINT before stage 1")
    assert (len(recorded.frames), recorded.run.stages) == (0, ())


def test_an_interrupt_between_stages_ends_the_run_there(run: Run) -> None:
    stages = [{"agents": 2, "frames": 11}] * 2
    recorded = run(Audience(on_progress=interrupt()), agents=None, frames=None, stages=stages)
    assert (recorded.run.state, len(recorded.run.stages)) == ("interrupted", 1)


@pytest.mark.parametrize("mode", ["sequential", "threaded"])
def test_a_second_interrupt_ends_the_frame_and_closes_the_run(run: Run, mode: str) -> None:
    recorded = run(Audience(on_progress=interrupt(3)), mode=mode, faults={"stall_frames": {"2": 0.3}})
    assert (recorded.run.state, recorded.run.ended_because) == (
        "interrupted", "interrupted twice: ended within a frame",
    )  # fmt: skip
    assert len(recorded.frames) == recorded.run.stages[0].frames > 0
    assert recorded.run.finished_utc is not None


def test_interrupts_while_the_run_is_closed_do_no_harm(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = cpu.CpuSampler.stop

    def interrupted_stop(sampler: cpu.CpuSampler) -> None:
        interrupt(3)()
        stop(sampler)

    monkeypatch.setattr(cpu.CpuSampler, "stop", interrupted_stop)
    recorded = run()
    assert (recorded.run.state, len(recorded.frames)) == ("finished", TINY_FRAMES)
    assert recorded.run.stages[0].frames == TINY_FRAMES


@pytest.mark.skipif(sys.platform == "win32", reason="file names are any bytes on Unix only")
def test_a_command_line_that_is_no_text_is_recorded_with_escapes(tmp_path: Path) -> None:
    profile = dataclasses.replace(tiny(tmp_path), source="odd\udcff.toml")
    output = tmp_path / "odd\udcff"
    recorded = read_recorded(runner.run(profile, output=output, command_line=["-o", str(output)]))
    assert recorded.run.command_line[1].endswith("odd\\udcff")
    assert recorded.run.profile["source"] == "odd\\udcff.toml"
