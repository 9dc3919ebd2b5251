from __future__ import annotations

import json
from typing import Any

import pytest
from recorded_runs import code_of, digests, recorded, run_file, stage

from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.errors import InjectedFaults, NotComparable, UsageError
from walkerbench.recorded_sides.compare_recorded import compare_recorded
from walkerbench.recorded_sides.sides import RecordedSide
from walkerbench.reports.wording.comparison import noteworthy


def side(label: Any, times_ms: Any, *, first: int = 0, **changes: Any) -> RecordedSide:
    runs = (recorded(f"{first + n}", frame_ms=ms, **changes) for n, ms in enumerate(times_ms))
    return RecordedSide(label, tuple(runs))


BASE = side("base", [2.0, 2.01, 2.02, 2.03, 2.04])


def test_slower_is_a_regression_and_faster_is_faster() -> None:
    # 5 runs against 5 that do not overlap: one of 252 splits is as extreme, so p = 0.4 %; Holm's for two is 0.8 %.
    slower = side("slower", [3.0, 3.01, 3.02, 3.03, 3.04], first=10)
    compared = compare_recorded([BASE, slower])
    assert [(each.verdict, each.test, each.repetitions) for each in compared.comparisons] == [
        ("regression", "permutation", 5)
    ]
    assert compared.comparisons[0].p_slower == pytest.approx(1 / 252)
    assert compared.comparisons[0].time_ratio == pytest.approx(1.5, rel=0.01)
    assert (compared.exit_code, compared.how, compared.repetitions) == (1, "recorded", "5 runs a side")
    faster = side("faster", [1.0, 1.01, 1.02, 1.03, 1.04], first=20)
    both = compare_recorded([BASE, slower, faster])
    assert [each.verdict for each in both.comparisons] == ["regression", "faster"]
    assert both.comparisons[1].p_faster == pytest.approx(2 / 252)


def test_too_few_repeats_are_inconclusive_with_the_number_needed() -> None:
    compared = compare_recorded([side("a", [1.0]), side("b", [9.0, 9.1], first=10)])
    assert compared.comparisons[0].verdict == "inconclusive"
    assert compared.comparisons[0].repetitions_needed == 5
    assert (compared.exit_code, compared.repetitions) == (4, "1 and 2 runs")


def test_a_side_shows_medians_over_its_repeats() -> None:
    sides = [side("a", [2.0, 9.0, 3.0], faults="10 % more work"), side("b", [2.0], first=10)]
    compared = compare_recorded(sides, DecisionRules(allow_faults=True))
    shown = compared.base
    assert (shown.label, shown.mode, shown.workers, shown.faults, shown.digest) == (
        "a", "sequential", 1, "10 % more work", "00ff",
    )  # fmt: skip
    assert (shown.frames, shown.code) == (90, code_of())
    assert shown.frame_ms["p99"] == shown.main_phase_ms["max"] == 3.0
    assert shown.frames_per_s == pytest.approx(1000 / 3)
    assert shown.effective_cores == 1.0


def test_runs_with_faults_are_refused_unless_allowed() -> None:
    with pytest.raises(InjectedFaults) as caught:
        compare_recorded([side("a", [2.0]), side("b", [2.0, 2.1], first=10, faults="10 % more work")])
    refusal = "has injected faults: 10 % more work; remove them, or allow them"
    assert str(caught.value) == f"10 {refusal}\n11 {refusal}"


def test_a_figure_that_one_repeat_lacks_is_not_shown() -> None:
    run = run_file("1")
    without = recorded("1", run.changed(metrics={**run.metrics, "cpu.effective_cores": None}))
    sides = [
        RecordedSide("a", (recorded("0"), without)),
        side("b", [2.0], first=10, code=code_of(None, changed_files=None)),
    ]
    compared = compare_recorded(sides)
    assert [each.effective_cores for each in compared.sides] == [None, 1.0]
    assert [each.code.workload.revision for each in compared.sides] == ["0123456789abcdef", None]


def test_the_result_names_the_same_work_and_is_plain_data() -> None:
    compared = compare_recorded([BASE, side("b", [2.0], first=10, profile={"name": "other"})])
    assert compared.did_same_work
    assert compared.same_work == "the same in all 6 runs: digest 00ff (2 checkpoints)"
    assert compared.profile == "tiny, other"
    assert [list(each.repetition_ms) for each in compared.sides] == [
        pytest.approx([2.0, 2.01, 2.02, 2.03, 2.04]),
        pytest.approx([2.0]),
    ]
    assert json.loads(json.dumps(compared.as_dict()))["comparisons"][0]["metric"] == "frame"


def test_work_that_cannot_be_proven_is_compared_and_reported() -> None:
    unproven = [
        RecordedSide(label, tuple(recorded(name, undigested(name)) for name in names))
        for label, names in {"a": "12", "b": "34"}.items()
    ]
    compared = compare_recorded(unproven)
    assert (compared.did_same_work, compared.same_work_not_proven) == (False, "mysim:Herd has no state()")
    assert compared.same_work == "same work not proven: mysim:Herd has no state()"
    assert noteworthy(compared)[-1] == "SAME WORK NOT PROVEN: mysim:Herd has no state()"


def undigested(name: str) -> Any:
    run = run_file(name, digest=None)
    return run.changed(workload=run.workload.model_copy(update={"same_work_not_proven": "mysim:Herd has no state()"}))


def test_different_work_is_refused_or_reported() -> None:
    other = side("b", [2.0], first=10, digest="ffff", rows=digests(brain=(19, 1)))
    with pytest.raises(NotComparable, match=r"agent 1's brain$") as caught:
        compare_recorded([BASE, other])
    assert caught.value.different_work
    compared = compare_recorded([BASE, other], DecisionRules(allow_different_work=True))
    assert not compared.did_same_work
    assert compared.same_work == (
        "0 and 10 did different work: the first difference is at the checkpoint of frame 19: agent 1's brain"
    )


def test_to_allow_different_work_allows_no_other_difference() -> None:
    other = side("b", [2.0], first=10, digest="ffff", rows=digests(brain=(19, 1)))
    elsewhere = side("c", [2.0], first=20, machine={"cores_allowed": 1})
    with pytest.raises(NotComparable, match="cores_allowed") as caught:
        compare_recorded([BASE, other, elsewhere])
    assert not caught.value.different_work


def test_repeats_of_a_side_must_always_do_the_same_work() -> None:
    odd = recorded("11", digest="ffff", rows=digests(bodies=(39, 0)))
    sides = [BASE, RecordedSide("b", (recorded("10"), odd, recorded("12", machine={"cores_allowed": 1})))]
    with pytest.raises(NotComparable) as caught:
        compare_recorded(sides, DecisionRules(allow_different_work=True))
    assert not caught.value.different_work
    assert [line.split(":")[0] for line in str(caught.value).split("\n")] == [
        "10 and 11 did different work",
        "10 and 12 differ in the machine's cores_allowed",
    ]


def test_the_error_names_a_reason_for_each_candidate() -> None:
    sides = [BASE, side("b", [2.0], first=10, state="broken"), side("c", [2.0], first=11, stages=[stage(agents=4)])]
    with pytest.raises(NotComparable) as caught:
        compare_recorded(sides)
    assert [line.split(":")[0] for line in str(caught.value).split("\n")] == ["10", "0 and 11 differ in agents"]


def test_a_base_without_a_candidate_is_refused() -> None:
    with pytest.raises(UsageError, match="there is nothing to compare"):
        compare_recorded([BASE])
