"""Tests that the self-test proves its cases, and that it fails for each part of walkerbench that is switched off."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from benches import InProcessBench, case, proved
from leftovers import nothing_left_behind

from walkerbench.comparison import verdicts
from walkerbench.criteria import judging
from walkerbench.criteria.judging import Verdict
from walkerbench.errors import ExitCode, Interrupted, UsageError, WorkerTimeout
from walkerbench.interleaved import rounds
from walkerbench.interleaved.same_work import DigestWatch
from walkerbench.modes import process, thread_pool
from walkerbench.modes.registry import BASE_MODE, MODES
from walkerbench.modes.threaded import ThreadedMode
from walkerbench.profile.loading import load_profile
from walkerbench.profile.safeguards import Safeguards
from walkerbench.recorded_sides import comparability, compare_recorded, sides
from walkerbench.running import summary
from walkerbench.running.emergency_shutdown import SlowFrameWatch
from walkerbench.selftest.cases import CASES, CLEAN
from walkerbench.selftest.proofs import Expected, Observed, Proof, SelfTestResult
from walkerbench.selftest.run_cases import (
    RUN_DEADLINE_S,
    ProcessBench,
    modes_to_prove,
    planned_cases,
    run_selftest,
)
from walkerbench.system.child_processes import PassedOnSignals

EVERY_CASE = [each.name for each in CASES]
MEASURED = "a trajectory that diverges, measured"
NOT_MEASURED = [name for name in EVERY_CASE if name != MEASURED]


@pytest.fixture(autouse=True)
def _short_join_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_JOIN_S", 0.2)
    monkeypatch.setattr(thread_pool, "_JOIN_S", 0.05)


@pytest.mark.parametrize("mode", ["sequential", "process"])
def test_every_case_is_proven(tmp_path: Path, mode: str) -> None:
    with nothing_left_behind():
        result = proved(InProcessBench(), tmp_path, mode, *NOT_MEASURED)
    assert [proof.in_words for proof in result.failed] == []
    assert result.exit_code is ExitCode.PASS
    not_applicable = {"sequential": {"a worker that exits", "a worker that hangs"}, "process": set()}[mode]
    assert {proof.fault for proof in result.proofs if proof.not_applicable} == not_applicable


def test_each_criterion_of_the_default_profile_fails_alone_in_a_case() -> None:
    tripped = [each.expected(each.profile(BASE_MODE)).failed for each in CASES if each.method == "run"]
    criteria = {str(criterion) for criterion in load_profile("default").criteria}
    assert {failed for (failed,) in filter(None, tripped)} == criteria, "with the limits of the profile"


def test_every_mode_and_fault_is_planned() -> None:
    planned = list(planned_cases(modes_to_prove()))
    assert {mode for mode, _ in planned} == set(MODES.names())
    for mode in MODES.names():
        assert {each.name for at, each in planned if at == mode} >= {each.name for each in CASES if not each.only_in}
    assert {each.name for _, each in planned} == set(EVERY_CASE)


Patch = Callable[[pytest.MonkeyPatch], None]


def criterion_off(key: str) -> Patch:
    """Return a patch that makes every run meet the criterion of a metric."""

    def switch_off(monkeypatch: pytest.MonkeyPatch) -> None:
        judge = judging._judge

        def pass_all(criterion: Any, measured: Any, stage: int | None) -> Verdict:
            found = judge(criterion, measured, stage)
            return Verdict(found.criterion, stage, found.value, "pass", "met") if criterion.key == key else found

        monkeypatch.setattr(judging, "_judge", pass_all)

    return switch_off


def replaced(owner: object, name: str, value: object) -> Patch:
    return lambda monkeypatch: monkeypatch.setattr(owner, name, value)


def undecided_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    exit_code = judging.exit_code_of_run
    monkeypatch.setattr(
        judging,
        "exit_code_of_run",
        lambda state, verdicts: exit_code(state, [each for each in verdicts if each.outcome != "unsupported"]),
    )


def no_obstacles(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (comparability, sides):
        monkeypatch.setattr(module, "obstacles", lambda _: iter(()))


def no_slow_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("worst", "explain_slowest"):
        monkeypatch.setattr(summary, name, lambda *_: ())


def timed_out(worker: Any, frame: int) -> WorkerTimeout:
    return WorkerTimeout(worker.number, worker.agents, frame, 30.0)


def refuse_all(*_: object) -> list[str]:
    return ["a reason that is none"]


SWITCHED_OFF = {
    "frame_ms.max": (criterion_off("frame_ms.max"), "sequential", "a frame of 250 ms"),
    "agent_processing_ms.max": (criterion_off("agent_processing_ms.max"), "sequential", "a main phase of 250 ms"),
    "physics_fps": (criterion_off("physics_fps"), "sequential", "frames that are all slow"),
    "emergency_shutdowns": (criterion_off("emergency_shutdowns"), "sequential", "slow frames in a row"),
    "the safeguard": (replaced(SlowFrameWatch, "observe", lambda *_: None), "sequential", "slow frames in a row"),
    "the slowest frame": (no_slow_frames, "sequential", "a frame of 250 ms"),
    "death": (replaced(process, "_crash", timed_out), "process", "a worker that exits"),
    "the deadline": (replaced(ThreadedMode, "_wait", lambda *_: None), "threaded", "a worker that hangs"),
    "a lowered deadline": (
        replaced(Safeguards, "hung_after_s", property(lambda _: 2.0)), "threaded", "a worker that hangs"
    ),
    "undecided": (undecided_passes, "sequential", "an empty run"),
    "obstacles": (no_obstacles, "sequential", "an empty run, compared"),
    "digests": (
        replaced(comparability, "different_work", lambda *_: iter(())),
        "sequential",
        "a trajectory that diverges, recorded",
    ),
    "needless refusals": (
        replaced(comparability, "different_work", refuse_all), "sequential", "none: a recorded control"
    ),
    "refusal of faults": (
        replaced(compare_recorded, "check_recorded_faults", lambda *_: None),
        "sequential",
        "a fault that is not allowed",
    ),
    "regressions": (
        replaced(verdicts, "_verdict", lambda *_: "no regression"), "sequential", "steps that are 10 % slower"
    ),
    "missed regressions": (
        replaced(verdicts, "_verdict", lambda *_: "inconclusive"), "sequential", "steps that are 10 % slower"
    ),
    "missed improvements": (
        replaced(verdicts, "_verdict", lambda *_: "no regression"), "sequential", "steps that were 10 % slower before"
    ),
    "false regressions": (
        replaced(verdicts, "_verdict", lambda *_: "regression"), "sequential", "none: a measured control"
    ),
    "false failures": (replaced(judging, "exit_code_of_run", lambda *_: ExitCode.FAIL), "sequential", CLEAN),
}  # fmt: skip


@pytest.mark.promise("verdicts", "selftest fails, and names the proof, where a part of the gate no longer works.")
@pytest.mark.parametrize("what", SWITCHED_OFF)
def test_the_self_test_fails_where_a_part_is_switched_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    switch_off, mode, fault = SWITCHED_OFF[what]
    switch_off(monkeypatch)
    result = proved(InProcessBench(), tmp_path, mode, fault)
    assert result.exit_code is ExitCode.FAIL
    (proof,) = result.failed
    assert (proof.fault, proof.mode) == (fault, mode)
    assert proof.in_words.startswith(f"{fault}, {mode}: ")


def test_the_self_test_fails_where_digests_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with PassedOnSignals(RUN_DEADLINE_S) as signals, nothing_left_behind():
        bench = ProcessBench(signals)
        monkeypatch.setattr(bench, "record", InProcessBench().record)
        assert proved(bench, tmp_path / "on", BASE_MODE, MEASURED).exit_code is ExitCode.PASS

        def go_on(*_: object) -> None:
            raise UsageError("no difference was seen")

        monkeypatch.setattr(DigestWatch, "check", lambda *_: None)
        monkeypatch.setattr(rounds, "make_plan", go_on)
        (proof,) = proved(bench, tmp_path / "off", BASE_MODE, MEASURED).failed
    assert "does not say 'not the same work: after frame 3, agent 0 is the first that differs'" in proof.in_words
    assert "no difference was seen" in proof.in_words


@pytest.mark.parametrize("mode", ["threaded", "process"])
def test_each_run_has_its_own_process(tmp_path: Path, mode: str) -> None:
    with PassedOnSignals(RUN_DEADLINE_S) as signals, nothing_left_behind():
        names = (CLEAN, "a frame of 250 ms", "none: a recorded control")
        result = proved(ProcessBench(signals), tmp_path, mode, *names)
    assert [proof.in_words for proof in result.failed] == []
    assert len(list(tmp_path.iterdir())) == 3, "the control is compared with the clean run"


def test_a_run_that_never_ends_is_killed(tmp_path: Path) -> None:
    with PassedOnSignals(deadline_s=0.05) as signals, nothing_left_behind():
        result = proved(ProcessBench(signals), tmp_path, BASE_MODE, CLEAN)
    assert "exit code 3 in place of 0" in result.failed[0].in_words
    assert "was killed by SIGKILL" in result.failed[0].in_words


def test_an_interrupt_ends_the_self_test_without_a_result(tmp_path: Path) -> None:
    with PassedOnSignals(RUN_DEADLINE_S) as signals:
        bench = ProcessBench(signals)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Interrupted), nothing_left_behind():
            proved(bench, tmp_path, BASE_MODE, CLEAN)
        with pytest.raises(Interrupted):
            proved(bench, tmp_path, BASE_MODE, MEASURED)


def test_a_case_in_an_unknown_mode_is_not_proven(tmp_path: Path) -> None:
    result = run_selftest(InProcessBench(), tmp_path, [("magic", case(CLEAN))], lambda *_: None)
    assert result.failed[0].in_words.startswith(f"{CLEAN}, magic: cannot be carried out: no such mode: 'magic'")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"exit_code": ExitCode.PASS}, "exit code 0 in place of 1"),
        ({"failed": ()}, "fails by nothing in place of a < 1"),
        ({"failed": ("a < 1", "b < 1")}, "fails by a < 1, b < 1 in place of a < 1"),
        ({"slow_frames": ()}, "frame 3 with 250 ms or more is not named as a slow one"),
        ({"slow_frames": ((4, 300.0),)}, "frame 3 with 250 ms or more is not named as a slow one"),
        ({"slow_frames": ((3, 249.0),)}, "frame 3 with 250 ms or more is not named as a slow one"),
        ({"said": "ok"}, "does not say 'so it is'"),
    ],
)
def test_each_difference_from_the_expected_result_is_a_problem(changes: dict[str, Any], problem: str) -> None:
    expected = Expected(
        exit_codes=(ExitCode.FAIL,), failed=("a < 1",), slow_frame=(3, 250.0), words=("so it is", "I see")
    )
    right = {
        "exit_code": ExitCode.FAIL,
        "failed": ("a < 1",),
        "slow_frames": ((4, 300.0), (3, 250.5)),
        "said": "so it is\nI see",
    }
    assert list(expected.differences(Observed(**right))) == []  # type: ignore[arg-type]
    assert next(expected.differences(Observed(**{**right, **changes}))) == problem


def test_a_self_test_that_runs_no_case_fails() -> None:
    assert SelfTestResult((), 0.0).exit_code is ExitCode.FAIL
    only = Proof(fault="a", mode="b", not_applicable="c")
    assert SelfTestResult((only,), 0.0).exit_code is ExitCode.FAIL
