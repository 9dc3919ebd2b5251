"""Tests with real measurements, too small for useful times: what is run, in which order, and with which result."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from leftovers import nothing_left_behind

from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.errors import InjectedFaults, Interrupted, NotComparable, SideError, UsageError
from walkerbench.interleaved import round_plan as planning
from walkerbench.interleaved.measurement import Measurement
from walkerbench.interleaved.measurement_observer import MeasurementObserver
from walkerbench.interleaved.round_plan import MeasurementRequest, Plan
from walkerbench.interleaved.rounds import measure
from walkerbench.interleaved.sides import parse_sides

BLOCKS = 2
TWO_ROUNDS = MeasurementRequest(rounds=2)


class NotingObserver(MeasurementObserver):
    """Keeps what it is told, and calls a function when the plan is made."""

    def __init__(self, on_plan: Callable[[], None] = lambda: None) -> None:
        self.plans: list[Plan] = []
        self.rounds_done: list[tuple[int, int, float]] = []
        self._on_plan = on_plan

    def planned(self, plan: Plan) -> None:
        self.plans.append(plan)
        self._on_plan()

    def round_done(self, rounds_done: int, rounds: int, remaining_s: float) -> None:
        self.rounds_done.append((rounds_done, rounds, remaining_s))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make measurements small: few blocks of one frame, and too few rounds to decide anything."""
    monkeypatch.setattr(planning, "BLOCK_S", 1e-9)
    monkeypatch.setattr(planning, "BLOCKS", (BLOCKS,))
    monkeypatch.setattr(planning, "rounds_needed", lambda alpha, family: 2)


def check_consistency(measurement: Measurement) -> None:
    """Assert what must hold for every measurement, whatever its times."""
    labels = [side.label for side in measurement.sides]
    plan = measurement.plan
    frames = plan.rounds * plan.blocks * plan.frames_per_block
    assert len(measurement.rounds) == plan.rounds
    for side in measurement.sides:
        assert side.wall_ns.shape == side.main_phase_ns.shape == (frames,)
        assert side.wall_ns.dtype == np.int64
        assert (side.main_phase_ns < side.wall_ns).all()
        in_blocks = [each.block_ns[side.label] for each in measurement.rounds]
        assert side.wall_ns.reshape(plan.rounds, plan.blocks, plan.frames_per_block).sum(2).tolist() == [
            list(blocks) for blocks in in_blocks
        ]
        assert side.elapsed_s >= side.wall_s
        assert side.cpu_s > 0
    for number, each in enumerate(measurement.rounds, 1):
        assert each.number == number
        assert all(sorted(order) == sorted(labels) for order in each.orders)
        assert [order[::-1] for order in each.orders[::2]] == list(each.orders[1::2])
        assert list(each.estimates) == labels[1:]
        for label, estimate in each.estimates.items():
            pairs = zip(each.block_ns[labels[0]], each.block_ns[label], strict=True)
            assert estimate == pytest.approx(median(math.log(candidate / base) for base, candidate in pairs))


def test_the_modes_are_measured_and_do_the_same_work(tiny: Any) -> None:
    sides = parse_sides(["mode=sequential", "mode=threaded,workers=2", "mode=process,workers=2"], tiny())
    observer = NotingObserver()
    with nothing_left_behind():
        measurement = measure(sides, TWO_ROUNDS, observer=observer)
    check_consistency(measurement)
    assert observer.plans == [measurement.plan]
    assert [(done, rounds) for done, rounds, _ in observer.rounds_done] == [(1, 2), (2, 2)]
    assert observer.rounds_done[-1][2] == 0
    assert [side.mode_used for side in measurement.sides] == ["sequential", "threaded", "process"]
    assert [side.workers for side in measurement.sides] == [1, 2, 2]
    assert [side.machine["start_method"] for side in measurement.sides] == [None, None, "spawn"]
    # Digests after the warm-up, after the calibration and after each round.
    assert list(measurement.base.digests) == [3, 8, 5]
    assert all(side.digests == measurement.base.digests for side in measurement.candidates)
    assert measurement.did_same_work
    assert measurement.same_work.startswith("Same work: ")
    assert measurement.estimates("mode=threaded,workers=2").shape == (2,)


def test_another_seed_is_refused_before_anything_is_started(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", None)
    with pytest.raises(NotComparable, match="seed is 1 for side 'seed=1' and 2 for side 'seed=2'"):
        measure(parse_sides(["seed=1", "seed=2"], tiny()))


def test_a_result_names_allowed_different_work_and_faults(tiny: Any) -> None:
    sides = parse_sides(["seed=1", "seed=2,faults.extra_work_percent=900"], tiny())
    measurement = measure(sides, TWO_ROUNDS, DecisionRules(allow_different_work=True, allow_faults=True))
    check_consistency(measurement)
    assert [side.faults for side in measurement.sides] == [None, "extra work of 900 % in every frame"]
    assert all(each.estimates[sides[1].label] > 0 for each in measurement.rounds)
    assert not measurement.did_same_work
    assert measurement.same_work == (
        "seed is 1 for side 'seed=1' and 2 for side 'seed=2,faults.extra_work_percent=900'; different work was allowed"
    )


def test_faults_are_refused_before_anything_is_started(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", None)
    with pytest.raises(InjectedFaults) as caught:
        measure(parse_sides([".", ".,faults.extra_work_percent=5"], tiny()))
    assert str(caught.value) == (
        "side '.,faults.extra_work_percent=5' has injected faults: extra work of 5 % in every frame; "
        "remove them, or allow them"
    )
    with pytest.raises(UsageError, match=r"faults.end_frame ends a run, and sides are measured over rounds"):
        measure(parse_sides([".", ".,faults.end_frame=5"], tiny()), rules=DecisionRules(allow_faults=True))


def test_one_bit_that_a_revision_changes_is_found(repository: Any, tiny: Any) -> None:
    sides = parse_sides(["main", "the-flipped"], tiny(workload="varied"))
    with nothing_left_behind(), pytest.raises(NotComparable) as caught:
        measure(sides, TWO_ROUNDS)
    assert str(caught.value) == (
        "not the same work: after frame 3, agent 7 is the first that differs between sides 'main' and 'the-flipped', "
        "in brain"
    )
    assert repository.worktrees() == 1


MEASURES_WHAT_RUNS = """
import sys
from walkerbench.interleaved import round_plan
from walkerbench.interleaved.judging import judge_measurement
from walkerbench.interleaved.round_plan import MeasurementRequest
from walkerbench.interleaved.rounds import measure
from walkerbench.interleaved.sides import parse_sides
from walkerbench.profile.loading import load_profile

round_plan.BLOCK_S, round_plan.BLOCKS, round_plan.rounds_needed = 1e-9, (2,), lambda alpha, family: 2
measured = measure(parse_sides(sys.argv[2:], load_profile(sys.argv[1])), MeasurementRequest(rounds=2))
for side in measured.sides:
    print(side.code.walkerbench.folder, side.code.walkerbench.revision, side.code.walkerbench.changed_files)
print(judge_measurement(measured).same_as_base)
"""
"""Measures sides as `walkerbench ab` does, in two rounds, with the walkerbench that is found first."""


def measured_there(repository: Any, profile: Path, *sides: str) -> list[str]:
    """Return the lines that a measurement with the repository's own walkerbench prints."""
    command = [sys.executable, "-c", MEASURES_WHAT_RUNS, str(profile), *sides]
    variables = {**os.environ, "PYTHONPATH": str(repository.directory)}
    done = subprocess.run(command, cwd=repository.directory, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_revision_and_the_working_tree_run_their_own_code(repository: Any, tiny: Any, tmp_path: Path) -> None:
    tiny()
    (repository.package / "doctor/noise.py").write_text("# changed\n", encoding="utf-8")
    try:
        base, candidate, aa = measured_there(repository, tmp_path / "tiny.toml", "main", ".")
    finally:
        repository.git("reset", "--quiet", "--hard")
    head = repository.git("rev-parse", "main")
    assert base.endswith(f"/worktree/walkerbench {head} False")
    assert candidate == f"{repository.package} {head} True"
    assert aa == "()"
    assert repository.worktrees() == 1


@pytest.mark.promise("verdicts", "Two sides that ran the same code in the same way are called an A/A comparison.")
def test_two_names_of_the_same_code_are_an_aa_comparison(repository: Any, tiny: Any, tmp_path: Path) -> None:
    tiny()
    assert measured_there(repository, tmp_path / "tiny.toml", "main", ".")[-1] == "('.',)"


def test_a_budget_that_is_too_small_is_refused_after_calibrating(tiny: Any) -> None:
    with nothing_left_behind(), pytest.raises(UsageError, match=r"a budget of 0\.1 s is too small for the 2 rounds"):
        measure(parse_sides([".", "."], tiny()), MeasurementRequest(budget_s=0.1))


def test_an_interrupt_leaves_no_process_and_no_file(
    repository: Any, tiny: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    observer = NotingObserver(on_plan=lambda: os.kill(os.getpid(), signal.SIGINT))
    with nothing_left_behind(), pytest.raises(Interrupted, match="SIGINT"):
        measure(parse_sides(["main", "main"], tiny()), TWO_ROUNDS, observer=observer)
    assert observer.rounds_done == []
    assert repository.worktrees() == 1
    assert list((tmp_path / "temporary").iterdir()) == []


def test_worktrees_are_removed_when_a_later_side_is_refused(repository: Any, tiny: Any) -> None:
    with pytest.raises(SideError, match="'no-such' is no git revision here"):
        measure(parse_sides(["main", "no-such"], tiny()), TWO_ROUNDS)
    assert repository.worktrees() == 1
