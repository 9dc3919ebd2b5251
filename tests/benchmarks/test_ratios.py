"""Speed of walkerbench, as ratios of times that are measured in turn within one run."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from child_pairs import two_echoes, two_halves
from floor import Floor
from pairs import at_least, at_most, seconds, shown
from warm_environments import PERIOD, frame_s, started, stopping

from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.interleaved.round_plan import MeasurementRequest
from walkerbench.interleaved.rounds import measure
from walkerbench.interleaved.sides import parse_sides
from walkerbench.profile.loading import load_profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.run_directory import read_recorded
from walkerbench.running.frame_loop import FrameLoop
from walkerbench.running.observers import ObserverFanOut, RunObserver, StageView
from walkerbench.running.pacing import Pacer
from walkerbench.running.runner import run
from walkerbench.system.interrupts import InterruptWatch
from walkerbench.system.resources import allowed_cores

pytestmark = pytest.mark.ratio

needs_two_cores = pytest.mark.skipif(allowed_cores() < 2, reason="needs 2 cores")


def floor_s(floor: Any, frames: Any = PERIOD) -> Any:
    return seconds(lambda: [floor.frame() for _ in range(frames)]) / frames


def floor_of(environment: Any) -> Floor:
    return Floor(environment.workload, environment._mode._runners[0]._shard)


def test_a_whole_frame_against_its_floor(benchmark: Any, keep: Any) -> None:
    environment = started(60)
    with stopping(environment):
        floor = floor_of(environment)
        ratios = []
        benchmark.pedantic(lambda: ratios.append(frame_s(environment) / floor_s(floor)), rounds=60, warmup_rounds=2)
    keep(at_most("whole frame / floor, sequential, 60 agents", ratios[2:], 1.3))


@needs_two_cores
@pytest.mark.parametrize(("agents", "threads", "processes"), [(60, 1.2, 1.3), (160, 1.5, 1.65)])
def test_two_workers_against_one(keep: Any, agents: int, threads: float, processes: float) -> None:
    """Measure the modes as `walkerbench ab` does: several environments in one process would share its caches."""
    profile = override(load_profile("default"), ProfileOverrides(agents=agents))
    modes = "threaded,workers=2", "process,workers=2", "threaded,workers=2,hold_gil=true"
    sides = parse_sides(["mode=sequential", *(f"mode={mode}" for mode in modes)], profile)
    measured = measure(sides, MeasurementRequest(rounds=15), DecisionRules())
    threaded, process, holding = (np.exp(-measured.estimates(side.label)).tolist() for side in measured.candidates)
    against = f"/ sequential, {agents} agents"
    keep(
        at_least(f"threaded speed {against}", threaded, threads),
        at_least(f"process speed {against}", process, processes),
        shown(f"threaded speed with the GIL held {against}", holding),
    )


@needs_two_cores
@pytest.mark.parametrize("agents", [60, 160])
def test_the_most_that_two_workers_can_reach(benchmark: Any, keep: Any, agents: int) -> None:
    frames, speeds = 2 * PERIOD, []
    sequential = started(agents)
    with stopping(sequential), two_halves(agents) as half_frame_s:
        benchmark.pedantic(
            lambda: speeds.append(frame_s(sequential, frames) / half_frame_s(frames)), rounds=30, warmup_rounds=1
        )
    keep(shown(f"the limit: two separate halves / sequential, {agents} agents", speeds[1:]))


@needs_two_cores
@pytest.mark.parametrize("agents", [60, 160])
def test_what_handing_over_costs_beside_an_echo(benchmark: Any, keep: Any, agents: int) -> None:
    frames = 2 * PERIOD
    between_ms: list[float] = []
    echoes_ms: list[float] = []
    process = started(agents, "process", 2)

    def round_() -> None:
        timings = [process.step() for _ in range(frames)]
        between_ms.append(statistics.median(each.dispatch_ns + each.barrier_wait_ns for each in timings) / 1e6)
        echoes_ms.append(statistics.median(echo_rounds_s(frames)) * 1e3)

    with stopping(process), two_echoes() as echo_rounds_s:
        benchmark.pedantic(round_, rounds=30, warmup_rounds=1)
    beyond_ms = [both - echoes for both, echoes in zip(between_ms[1:], echoes_ms[1:], strict=True)]
    keep(
        shown(f"process: dispatch + barrier, ms, {agents} agents", between_ms[1:]),
        shown("a request to two processes and back, ms", echoes_ms[1:]),
        at_most("process: dispatch + barrier beyond that, ms", beyond_ms, 0.15),
    )


def test_time_grows_with_agents_as_the_floor_does(benchmark: Any, keep: Any) -> None:
    counts = (30, 60, 120, 240, 480, 960)
    exponents: list[list[float]] = []
    steps = np.log(counts)

    def round_() -> None:
        whole = [frame_s(environment) for environment in environments]
        floor = [floor_s(each) for each in floors]
        exponents.append([np.polyfit(steps, np.log(times), 1)[0] for times in (whole, floor)])

    environments = [started(count) for count in counts]
    with stopping(*environments):
        floors = [floor_of(environment) for environment in environments]
        benchmark.pedantic(round_, rounds=15, warmup_rounds=1)
    whole, floor = zip(*exponents[1:], strict=True)
    keep(
        shown("exponent of frame time over 30…960 agents", list(whole)),
        shown("exponent of the floor", list(floor)),
        at_most("difference of the exponents", [a - b for a, b in zip(whole, floor, strict=True)], 0.05),
    )


@needs_two_cores
def test_ramp_keeps_every_criterion_on_two_threads(keep: Any, tmp_path: Path) -> None:
    profile = override(load_profile("ramp"), ProfileOverrides(mode="threaded", workers=2))
    recorded = [read_recorded(run(profile, output=tmp_path / f"{number}")).run for number in range(3)]
    verdicts = [verdict for each in recorded for verdict in each.verdicts]
    assert {verdict.stage for verdict in verdicts} == {None, *range(len(profile.stages))}
    last = len(profile.stages) - 1
    rates = [each.value or 0 for each in verdicts if each.stage == last and each.criterion.startswith("physics_fps")]
    keep(shown("physics_fps of ramp with 120 agents, threaded", rates))
    assert [(each.stage, each.criterion, each.detail) for each in verdicts if each.outcome != "pass"] == []


class Viewer(RunObserver):
    """Asks for a new snapshot as soon as it has received one."""

    def __init__(self) -> None:
        self.shown = 0

    def snapshot(self, stage: Any, frame: int, arrays: Any) -> None:
        self.shown += 1


def loop_frame_s(environment: Any, observers: Any, *, ask: bool = False, frames: Any = 2 * PERIOD) -> Any:
    """Return the mean time of a frame in the frame loop, snapshots included."""
    stage = StageView(
        number=0, stages=1, frames=None, limit_ns=None, warmup=0, begun_ns=0, environment=environment,
        effective_cores=lambda: None,
    )  # fmt: skip
    loop = FrameLoop(stage, observers, Pacer(None), InterruptWatch(), checkpoint_every=None)

    def run() -> None:
        for _ in range(frames):
            if ask:
                observers.snapshots.request()
            loop.run(environment.frame + 1)

    return seconds(run) / frames


@pytest.mark.parametrize("mode", ["sequential", "threaded", "process"])
def test_what_looking_on_costs(benchmark: Any, keep: Any, mode: str) -> None:
    workers = None if mode == "sequential" else 2
    asking: list[float] = []
    idle: list[float] = []
    alone: list[float] = []
    viewer = Viewer()
    unwatched, watched = ObserverFanOut([]), ObserverFanOut([viewer])

    def round_() -> None:
        before = loop_frame_s(environment, unwatched)
        idle.append(loop_frame_s(environment, watched))
        asking.append(loop_frame_s(environment, watched, ask=True))
        alone.append((before + loop_frame_s(environment, unwatched)) / 2)

    environment = started(60, mode, workers)
    with stopping(environment):
        benchmark.pedantic(round_, rounds=60, warmup_rounds=1)
    assert viewer.shown > 60
    keep(
        at_most(f"an observer that asks / none, {mode}", [a / b for a, b in zip(asking, alone, strict=True)], 1.02),
        shown(f"an observer that does not ask / none, {mode}", [a / b for a, b in zip(idle, alone, strict=True)]),
    )
