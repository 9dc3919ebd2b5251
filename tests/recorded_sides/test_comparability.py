from __future__ import annotations

from typing import Any

import pytest
from recorded_runs import code_of, digests, recorded, run_file, stage

from walkerbench.errors import NotComparable
from walkerbench.recorded_sides.comparability import check_comparable, check_repeats, not_proven_because

BASE = recorded("1")
ALIKE = "record both on one machine, set up alike"


def refusal(candidate: Any, base: Any = BASE, *, allow_different_work: bool = False) -> list[str]:
    with pytest.raises(NotComparable) as caught:
        check_comparable(base, candidate, allow_different_work=allow_different_work)
    return str(caught.value).split("\n")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"frame_ms": 20.0},
        {"mode": "process", "workers": 2},  # each mode has its own start method
        {"walkerbench_version": "0.2.0"},
        {"faults": "10 % more work"},
        {"profile": {"name": "other", "criteria": ["frame_ms.max < 1"], "faults": {"extra_work_percent": 10}}},
        {"profile": {"environment": {"physics": {"gravity": -1.0}}}},  # the digests prove that it made no difference
        {"machine": {"packages": {"numpy": "2.0.0", "walkerbench": "0.2.0"}}},
        {"code": code_of(None), "machine": {"load_average": [9.0], "kernel": "6.0"}},
    ],
)
def test_facts_that_do_not_matter_may_differ(changes: Any) -> None:
    assert check_comparable(BASE, recorded("2", **changes), allow_different_work=False) == ()


@pytest.mark.parametrize(
    ("state", "because", "line"),
    [
        ("running", None, "has no end: it is still going on, or it was killed"),
        ("interrupted", "SIGINT after 30 frames", "was interrupted (SIGINT after 30 frames)"),
        ("emergency", "too slow", "stopped itself (too slow)"),
        ("broken", "WorkerCrashed: worker 0", "broke (WorkerCrashed: worker 0)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("allow", [False, True])
def test_a_run_that_has_not_finished_is_always_refused(state: str, because: str | None, line: str, allow: bool) -> None:
    candidate = recorded("2", state=state, ended_because=because, digest=None, profile={"seed": 2})
    expected = f"2: the run {line}: only finished runs are compared; record it again"
    assert refusal(candidate, allow_different_work=allow) == [expected]
    assert refusal(BASE, candidate, allow_different_work=allow) == [expected]


@pytest.mark.parametrize("stages", [[], [stage(frames=10)]])
def test_a_run_without_judged_frames_is_refused(stages: list[Any]) -> None:
    empty = recorded("2", stages=stages)
    assert refusal(empty) == ["2: the run has no judged frames: record it again, with more frames than its warm-up has"]


def test_a_run_without_the_judged_metric_is_refused() -> None:
    run = run_file("2")
    lacking = recorded("2", run.changed(metrics={**run.metrics, "frame_ms.mean": None}))
    assert refusal(lacking) == ["2: the run has no frame_ms.mean, which is what is compared: record it again"]


def test_a_metric_that_one_side_lacks_is_named() -> None:
    run = run_file("2")
    metrics = {name: value for name, value in run.metrics.items() if name != "agent_processing_ms.p99"}
    assert refusal(recorded("2", run.changed(metrics=metrics)), allow_different_work=True) == [
        "1 and 2: 2 lacks the metric agent_processing_ms.p99: record it again"
    ]


def test_a_run_is_not_compared_with_itself_nor_with_its_copy() -> None:
    another = "record another"
    assert refusal(BASE, allow_different_work=True) == [
        f"1: the run is named twice: a run compared with itself says nothing; {another}"
    ]
    assert refusal(recorded("2", BASE.run)) == [
        f"2: the run is a copy of 1: a run compared with its copy says nothing; {another}"
    ]


@pytest.mark.parametrize(
    ("machine", "lines"),
    [
        ({"cpu_model": "Imaginary CPU 4000"}, ["cpu_model: Imaginary CPU 3000 and Imaginary CPU 4000"]),
        ({"cores_allowed": 1, "cpu_quota": 1.5}, ["cores_allowed: 2 and 1", "cpu_quota: nothing and 1.5"]),
        ({"python": {"version": "3.13.1", "gil_enabled": False}},
         ["python.version: 3.11.7 and 3.13.1", "python.gil_enabled: True and False"]),
        ({"blas": [{"internal_api": "openblas", "num_threads": 2}]}, ["blas.1.num_threads: 1 and 2"]),
        ({"blas": []},
         ["blas.1.internal_api: openblas and nothing", "blas.1.num_threads: 1 and nothing", "blas: nothing and []"]),
        ({"packages": {"numpy": "2.1.0", "scipy": "1.13"}},
         ["packages.numpy: 2.0.0 and 2.1.0", "packages.scipy: nothing and 1.13"]),
        ({"start_method": "fork"}, ["start_method: nothing and fork"]),
    ],
)  # fmt: skip
def test_every_fact_of_the_machine_that_differs_is_refused(machine: Any, lines: list[str]) -> None:
    expected = [f"1 and 2 differ in the machine's {line}; {ALIKE}" for line in lines]
    assert refusal(recorded("2", machine=machine), allow_different_work=True) == expected


@pytest.mark.parametrize("lacking", [{"1"}, {"2"}, {"1", "2"}])
def test_a_fact_that_is_not_recorded_is_a_difference(lacking: set[str]) -> None:
    runs = []
    for name in "12":
        run = run_file(name)
        dropped = {"blas"} if name in lacking else set()
        machine = {fact: value for fact, value in run.machine.items() if fact not in dropped}
        runs.append(recorded(name, run.changed(machine=machine)))
    assert refusal(runs[1], runs[0]) == ["1 and 2: not both have recorded the machine's blas: record both again"]


def test_the_start_method_is_compared_within_a_mode() -> None:
    one, other = recorded("1", mode="process"), recorded("2", mode="process", machine={"start_method": "fork"})
    assert refusal(other, one) == [f"1 and 2 differ in the machine's start_method: spawn and fork; {ALIKE}"]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"schema_version": 1}, "the schema: 5 and 1; record both with one walkerbench"),
        ({"workload": {**dict(BASE.run.workload), "name": "other"}},
         "the workload: toy and other; record both with the same"),
        ({"profile": {"pace": "realtime"}}, "the pace: max and realtime; record both at the same"),
        ({"profile": {"stages": [{"agents": 3, "frames": 40, "pace": "realtime"}]}},
         "the pace: max and realtime; record both at the same"),
    ],
)  # fmt: skip
def test_runs_that_were_measured_differently_are_always_refused(changes: Any, line: str) -> None:
    assert refusal(recorded("2", **changes), allow_different_work=True) == [f"1 and 2 differ in {line}"]


def test_a_setting_that_changes_no_work_must_be_equal() -> None:
    workload = {**dict(BASE.run.workload), "same_work_settings": ["hold_gil"]}
    free, held, old = (
        recorded(name, workload=workload, profile={"environment": environment})
        for name, environment in (("1", {"hold_gil": []}), ("2", {"hold_gil": ["physics"]}), ("3", {}))
    )
    said = "1 and 2 differ in environment.hold_gil: [] and ['physics']; record both with the same"
    assert refusal(held, free, allow_different_work=True) == [said]
    assert refusal(old, free) == ["1 and 3 differ in environment.hold_gil: [] and nothing; record both with the same"]
    again = recorded("4", workload=workload, profile={"environment": {"hold_gil": []}})
    assert check_comparable(free, again, allow_different_work=False) == ()


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"profile": {"seed": 2}}, "the seed: 1 and 2"),
        ({"profile": {"checkpoint_every": 10}}, "the frames between checkpoints: 20 and 10"),
        ({"stages": [stage(agents=4)]}, "agents: 3 and 4"),
        ({"stages": [stage(frames=41)]}, "frames: 40 and 41"),
        ({"stages": [stage(warmup=9)]}, "warm-up frames: 10 and 9"),
    ],
)
def test_different_planned_work_is_refused_unless_allowed(changes: dict[str, Any], what: str) -> None:
    other = recorded("2", digest="ffff", **changes)
    assert refusal(other) == [f"1 and 2 differ in {what}"]
    assert check_comparable(BASE, other, allow_different_work=True) == (f"1 and 2 differ in {what}",)


def test_a_different_number_of_stages_is_named_first() -> None:
    other = recorded("2", stages=[stage(), stage(1)], digest="ffff")
    assert refusal(other)[0] == "1 and 2 differ in the number of stages: 1 and 2"


def test_where_a_duration_decides_frames_the_error_says_what_to_do() -> None:
    profile = {"stages": [{"agents": 3, "frames": None, "duration_s": 1.0}]}
    one, other = recorded("1", profile=profile), recorded("2", profile=profile, stages=[stage(frames=38)])
    remark = "a duration gives a different number of frames each time: give a number of frames"
    assert refusal(other, one) == [f"1 and 2 differ in frames: 40 and 38; {remark}"]


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"brain": (39, 1)}, "frame 39: agent 1's brain"),
        ({"bodies": (19, 2), "brain": (19, 2)}, "frame 19: agent 2's bodies and brain"),
    ],
)
def test_different_work_names_the_first_checkpoint_agent_and_field(
    changed: dict[str, tuple[int, int]], where: str
) -> None:
    other = recorded("2", rows=digests(**changed), digest="ffff")
    work = f"1 and 2 did different work: the first difference is at the checkpoint of {where}"
    assert refusal(other) == [f"{work}"]
    assert check_comparable(BASE, other, allow_different_work=True) == (work,)
    with pytest.raises(NotComparable) as caught:
        check_comparable(BASE, other, allow_different_work=False)
    assert caught.value.different_work


def test_different_work_names_the_stage_of_several() -> None:
    stages, rows = [stage(), stage(1)], digests(brain=(39, 1))
    rows["stage"] = 1
    same = digests()
    same["stage"] = 1
    one = recorded("1", rows=same, stages=stages)
    other = recorded("2", rows=rows, stages=stages, digest="ffff")
    assert "checkpoint of frame 39, stage 2: agent 1's brain" in refusal(other, one)[0]


def test_different_work_names_the_settings_that_may_have_caused_it() -> None:
    other = recorded(
        "2", digest="ffff", rows=digests(brain=(39, 0)), profile={"environment": {"physics": {"gravity": -1}}}
    )
    assert "agent 0's brain (environment.physics.gravity is -9.8 and -1)" in refusal(other)[0]


def test_digests_that_do_not_show_where_they_differ_are_refused() -> None:
    fewer = digests()[["stage", "frame", "agent", "brain"]]
    later = digests()
    later["frame"] += 1
    for rows, line in [
        (digests(), "their digests are 00ff and ffff, though digests.npy does not show where they differ"),
        (fewer, "their digests cover different fields"),
        (later, "their checkpoints are of different moments or agents"),
    ]:
        assert refusal(recorded("2", rows=rows, digest="ffff"))[0] == f"1 and 2 did different work: {line}"


def test_a_run_without_a_digest_proves_nothing() -> None:
    other = recorded("2", digest=None)
    assert refusal(other) == ["1 and 2: 2 has no digest to prove what work it did"]
    assert len(refusal(recorded("3", digest=None), other)) == 1


def test_all_differences_are_named_at_once() -> None:
    other = recorded("2", machine={"cores_allowed": 1}, profile={"seed": 2, "pace": "realtime"})
    assert refusal(other) == [
        "1 and 2 differ in the pace: max and realtime; record both at the same",
        f"1 and 2 differ in the machine's cores_allowed: 2 and 1; {ALIKE}",
        "1 and 2 differ in the seed: 1 and 2",
    ]


def test_repeats_of_the_same_code_with_different_work_show_chance() -> None:
    with pytest.raises(NotComparable) as caught:
        check_repeats(BASE, recorded("2", digest="ffff", rows=digests(bodies=(19, 0))))
    assert str(caught.value) == (
        "1 and 2 did different work: the first difference is at the checkpoint of frame 19: agent 0's bodies; "
        "the workload is not deterministic: its work must not depend on the clock or on chance"
    )


def test_runs_without_digests_are_comparable_and_not_proven() -> None:
    runs = [without_digests(name) for name in "12"]
    assert check_comparable(*runs, allow_different_work=False) == ()
    assert not_proven_because(runs) == "mysim:Herd has no state()"
    assert check_comparable(BASE, runs[1], allow_different_work=False) == ()
    assert not_proven_because([BASE, runs[1]]) == "mysim:Herd has no state()"
    assert not_proven_because([BASE]) is None
    other_seed = without_digests("3", profile={"seed": 2})
    assert refusal(other_seed, runs[0]) == ["1 and 3 differ in the seed: 1 and 2"]


def test_without_digests_different_settings_are_different_work() -> None:
    one, other = (without_digests(name, profile={"environment": {"calls": calls}}) for name, calls in ("12", "25"))
    assert refusal(other, one) == [
        "1 and 2 have different settings (environment.calls is 2 and 5), and no digest proves that the work is the same"
    ]
    check_comparable(one, other, allow_different_work=True)


def without_digests(name: str, **changes: Any) -> Any:
    run = run_file(name, digest=None, **changes)
    workload = run.workload.model_copy(update={"same_work_not_proven": "mysim:Herd has no state()"})
    return recorded(name, run.changed(workload=workload))


def test_repeats_with_different_work_must_be_recorded_again() -> None:
    with pytest.raises(NotComparable) as caught:
        check_repeats(BASE, recorded("2", digest="ffff", rows=digests(bodies=(19, 0)), code=code_of("another")))
    assert str(caught.value) == (
        "1 and 2 did different work: the first difference is at the checkpoint of frame 19: agent 0's bodies; "
        "repeats of one side must do the same work: record them again"
    )
    check_repeats(BASE, recorded("2"))
