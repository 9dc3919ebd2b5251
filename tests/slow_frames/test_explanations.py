from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from attributed import MAIN_PHASE, frames_of, setting, workers_of

from walkerbench.criteria.grammar import parse_criterion
from walkerbench.criteria.judging import Outcome, Verdict
from walkerbench.slow_frames.explanations import (
    FrameLimit,
    PaceDeadline,
    count_causes,
    excuse,
    explain_slow_frames,
    explain_slowest,
    limits_of,
    worst,
)
from walkerbench.slow_frames.worker_times import Setting

SEQUENTIAL = setting("sequential")
THREADED = setting("threaded")
PROCESS = setting("process")
COLUMNS = frames_of().dtype.names or ()
PERIOD_MS = 1000 / 60


def limits(*texts: str, deadline_ms: float | None = None) -> tuple[FrameLimit, ...]:
    deadline = None if deadline_ms is None else PaceDeadline(deadline_ms, frozenset({0}))
    return limits_of(map(parse_criterion, texts), COLUMNS, MAIN_PHASE, deadline)


(LIMIT,) = limits("frame_ms.max < 200")
(DEADLINE,) = limits("missed_deadlines == 0", deadline_ms=PERIOD_MS)

# A typical frame: 10 ms, 8 of them in the worker, all of it CPU time.
FRAME = {"wall_ns": 10, "settle_ns": 1, "parent_cpu_ns": 10, "process_cpu_ns": 10}
ASKING = 40  # how often a thread that waits for the GIL for 200 ms wakes up
WORKER = {"start_ns": 1, "busy_ns": 8, "cpu_ns": 8}


def explained(
    frame: dict[str, int],
    setting: Setting = SEQUENTIAL,
    worker: dict[str, int] | None = None,
    limits_: tuple[FrameLimit, ...] = (LIMIT,),
) -> Any:
    """Return the explanation of one frame that is over a limit, after four typical frames."""
    typical = FRAME if setting is SEQUENTIAL else {**FRAME, "parent_cpu_ns": 2, "process_cpu_ns": 2}
    frames = frames_of(*([typical] * 4), {**typical, **frame})
    last = {**WORKER, **({"busy_ns": frame["wall_ns"] - 2} if worker is None else worker)}
    workers = workers_of(*({**WORKER, "frame": number} for number in range(4)), {**last, "frame": 4})
    (explanation,) = explain_slow_frames(frames, workers, limits_, [setting])
    assert explanation.frame == 4
    return explanation


@pytest.mark.parametrize(
    ("frame", "cause"),
    [
        ({"parent_cpu_ns": 245, "process_cpu_ns": 245}, "compute"),
        ({"parent_cpu_ns": 40, "process_cpu_ns": 40, "parent_core_wait_ns": 205}, "not scheduled"),
        ({"parent_cpu_ns": 40, "process_cpu_ns": 40}, "blocked"),
        ({"parent_cpu_ns": 40, "process_cpu_ns": 240, "parent_voluntary_switches": ASKING}, "waiting for the GIL"),
        ({"parent_cpu_ns": 40, "process_cpu_ns": 240, "parent_voluntary_switches": -1}, "waiting for the GIL"),
        # Other threads computed at the same time, but a thread that waits for the GIL asks for it every 5 ms.
        ({"parent_cpu_ns": 40, "process_cpu_ns": 240, "parent_voluntary_switches": 2}, "blocked"),
        ({"parent_cpu_ns": 245, "process_cpu_ns": 245, "gc_ns": 230}, "garbage collection"),
        # Another thread collects the garbage.
        (
            {"parent_cpu_ns": 40, "process_cpu_ns": 240, "parent_voluntary_switches": ASKING, "gc_ns": 200},
            "garbage collection",
        ),
        ({"parent_cpu_ns": 245, "parent_system_ns": 220, "parent_minor_faults": 9000}, "page faults"),
        ({"parent_cpu_ns": 245, "parent_system_ns": 220, "parent_minor_faults": 9}, "compute"),
        ({"parent_cpu_ns": 40, "process_cpu_ns": 40, "parent_major_faults": 50}, "page faults"),
        ({"parent_cpu_ns": 40, "process_cpu_ns": 40, "parent_major_faults": 1}, "blocked"),
        ({"parent_cpu_ns": 40, "process_cpu_ns": 40, "parent_core_wait_ns": -1}, "not running"),
    ],
)
def test_each_cause_is_found_in_sequential_mode(frame: dict[str, int], cause: str) -> None:
    assert explained({"wall_ns": 245, **frame}).cause == cause


@pytest.mark.parametrize(
    ("setting", "worker", "frame", "cause", "late_worker"),
    [
        (PROCESS, {"cpu_ns": 240}, {}, "compute", 0),
        (PROCESS, {"core_wait_ns": 200}, {}, "not scheduled", 0),
        (PROCESS, {}, {}, "blocked", 0),
        (PROCESS, {"gc_ns": 230, "cpu_ns": 240}, {"gc_ns": 230}, "garbage collection", 0),
        (PROCESS, {"cpu_ns": 240, "system_ns": 200, "minor_faults": 5000}, {}, "page faults", 0),
        (PROCESS, {"busy_ns": 8}, {"parent_cpu_ns": 236, "process_cpu_ns": 236}, "compute", None),
        # A worker process that is blocked does not wait for the parent's GIL, whatever runs in the parent.
        (PROCESS, {"voluntary_switches": ASKING}, {"process_cpu_ns": 230}, "blocked", 0),
        # The worker's CPU time is in its own process; other threads of the parent's process delayed the parent.
        (
            PROCESS,
            {"busy_ns": 8},
            {"process_cpu_ns": 230},
            "waiting for the GIL",
            None,
        ),
        (THREADED, {"cpu_ns": 240}, {"process_cpu_ns": 242}, "compute", 0),
        (THREADED, {"voluntary_switches": ASKING}, {"process_cpu_ns": 230}, "waiting for the GIL", 0),
        # How often a thread asks for the GIL before it begins is not counted.
        (THREADED, {"start_ns": 235, "busy_ns": 8}, {"process_cpu_ns": 230}, "waiting for the GIL", None),
        # NumPy computes without the GIL in another worker, and this one sleeps.
        (THREADED, {"voluntary_switches": 1}, {"process_cpu_ns": 230}, "blocked", 0),
        (THREADED, {"voluntary_switches": ASKING}, {"process_cpu_ns": 12}, "blocked", 0),
        (THREADED, {"start_ns": 230, "busy_ns": 8, "core_wait_before_ns": 220}, {}, "not scheduled", None),
        (THREADED, {"busy_ns": 8}, {"parent_core_wait_ns": 230}, "not scheduled", None),
    ],
)
def test_each_cause_is_found_on_the_path_of_a_worker(
    setting: Any,
    worker: dict[str, int],
    frame: dict[str, int],
    cause: str,
    late_worker: int | None,
) -> None:
    found = explained({"wall_ns": 245, **frame}, setting, {"busy_ns": 243, **worker})
    assert found.cause == cause
    assert found.worker == late_worker
    assert found.cpu_ms + found.not_scheduled_ms + found.blocked_ms == pytest.approx(245)


def test_the_worker_that_ended_last_is_the_cause() -> None:
    frames = frames_of({"wall_ns": 245, "settle_ns": 1, "parent_cpu_ns": 1, "process_cpu_ns": 1})
    workers = workers_of(
        {"worker": 0, "start_ns": 1, "busy_ns": 200, "core_wait_ns": 199},
        {"worker": 1, "start_ns": 40, "busy_ns": 203, "cpu_ns": 203},
    )
    (found,) = explain_slow_frames(frames, workers, [LIMIT], [PROCESS])
    assert (found.worker, found.cause) == (1, "compute")


def test_a_thread_that_waits_for_a_core_may_hold_the_gil() -> None:
    frames = frames_of({"wall_ns": 245, "settle_ns": 1, "process_cpu_ns": 12})
    workers = workers_of(
        {"worker": 0, "start_ns": 1, "busy_ns": 200, "cpu_ns": 1, "core_wait_ns": 199},
        {"worker": 1, "start_ns": 1, "busy_ns": 243, "cpu_ns": 11, "voluntary_switches": ASKING},
    )
    (found,) = explain_slow_frames(frames, workers, [LIMIT], [THREADED])
    assert (found.worker, found.cause, found.host) == (1, "waiting for the GIL", False)


def test_without_a_gil_no_thread_waits_for_it() -> None:
    free = setting("threaded", gil_enabled=False)
    worker = {"busy_ns": 243, "voluntary_switches": ASKING}
    assert explained({"wall_ns": 245, "process_cpu_ns": 230}, free, worker).cause == "blocked"


def test_an_explanation_equals_that_computed_by_hand() -> None:
    found = explained(
        {"wall_ns": 245, "parent_cpu_ns": 31, "process_cpu_ns": 31, "parent_core_wait_ns": 205, "gc_ns": 2}
    )
    assert (found.stage, found.criterion, found.value_ms, found.wall_ms) == (0, "frame_ms.max < 200", 245, 245)
    assert (found.cpu_ms, found.not_scheduled_ms, found.blocked_ms, found.gc_ms) == (31, 205, 9, 2)
    assert (found.worker, found.cause, found.host) == (None, "not scheduled", True)


def test_the_cause_is_the_excess_over_a_typical_frame() -> None:
    # A typical frame takes 190 ms of CPU time; the host causes the other 55 ms.
    typical = {"wall_ns": 190, "parent_cpu_ns": 190, "process_cpu_ns": 190}
    late = {**typical, "wall_ns": 245, "parent_core_wait_ns": 55}
    frames = frames_of(typical, typical, late)
    workers = workers_of(*({"frame": number, "busy_ns": 180} for number in range(3)))
    (found,) = explain_slow_frames(frames, workers, [LIMIT], [SEQUENTIAL])
    assert (found.cause, found.host) == ("not scheduled", True)


def test_where_typical_frames_are_slow_their_largest_part_is_why() -> None:
    slow = {"wall_ns": 240, "parent_cpu_ns": 230, "process_cpu_ns": 230, "parent_core_wait_ns": 10}
    frames, workers = frames_of(slow, slow, slow), workers_of(*({"frame": number} for number in range(3)))
    found = explain_slow_frames(frames, workers, [LIMIT], [SEQUENTIAL])
    assert [(each.cause, each.host) for each in found] == [("compute", False)] * 3


@pytest.mark.parametrize(
    ("wait", "host"),
    [
        (235, True),
        (130, True),
        (117, False),  # not more than half of the excess over 10 ms
    ],
)
def test_the_host_must_cause_more_than_half_of_the_excess(wait: int, host: bool) -> None:
    rest = 245 - wait
    found = explained({"wall_ns": 245, "parent_cpu_ns": rest, "process_cpu_ns": rest, "parent_core_wait_ns": wait})
    assert found.host is host


def test_the_host_is_no_cause_where_workers_wait_for_one_another() -> None:
    late = {"wall_ns": 245, "parent_cpu_ns": 10, "process_cpu_ns": 10, "parent_core_wait_ns": 235}
    crowded = setting("sequential", crowded=True)
    for workers, host in ((SEQUENTIAL, True), (crowded, False)):
        (found,) = explain_slow_frames(
            frames_of(late, FRAME), workers_of({"frame": 0}, {"frame": 1}), [LIMIT], [workers]
        )
        assert (found.cause, found.host) == ("not scheduled", host)


def test_the_host_is_no_cause_of_a_limit_missed_without_its_wait() -> None:
    found = explained({"wall_ns": 500, "parent_cpu_ns": 201, "process_cpu_ns": 201, "parent_core_wait_ns": 299})
    assert (found.cause, found.host) == ("not scheduled", False)


@pytest.mark.parametrize(("agents", "host"), [(245, True), (205, False)])
def test_a_phase_has_only_the_wait_that_does_not_fit_outside(agents: int, host: bool) -> None:
    frame = {"wall_ns": 250, "agents_ns": agents, "parent_cpu_ns": 100, "parent_core_wait_ns": 130}
    found = explained(frame, limits_=limits("agent_processing_ms.max < 200"))
    assert (found.value_ms, found.cause, found.host) == (agents, "not scheduled", host)


def test_only_upper_bounds_of_single_frames_are_limits() -> None:
    texts = ("frame_ms.max < 200", "agent_processing_ms.max <= 9", "frame_ms.p99 < 5", "frame_ms.max > 1",
             "busy_ms.max < 3", "physics_fps > 400", "settle_ms.max < 2", "missed_deadlines < 1")  # fmt: skip
    assert {str(each.criterion): each.column for each in limits(*texts)} == {
        "frame_ms.max < 200": "wall_ns", "agent_processing_ms.max <= 9": "agents_ns", "settle_ms.max < 2": "settle_ns",
    }  # fmt: skip


def many() -> tuple[Any, Any]:
    frames = frames_of(*({**FRAME, "wall_ns": wall, "warmup": warmup} for wall, warmup in
                         ((900, 1), (10, 0), (10, 0), (10, 0), (10, 0), (300, 0), (800, 0), (300, 0))))  # fmt: skip
    frames["parent_core_wait_ns"][6] = 790_000_000
    frames["agents_ns"][5] = 250_000_000
    workers = workers_of(*({**WORKER, "frame": number} for number in range(len(frames))))
    return frames, explain_slow_frames(frames, workers, [LIMIT, *limits("agent_processing_ms.max < 200")], [SEQUENTIAL])


def test_the_longest_frames_come_first_and_each_only_once() -> None:
    _, found = many()
    assert [(each.frame, each.criterion.split(".")[0]) for each in found] == [
        (5, "frame_ms"), (6, "frame_ms"), (7, "frame_ms"), (5, "agent_processing_ms"),
    ]  # fmt: skip
    assert [each.frame for each in worst(found, 10)] == [6, 5, 7]
    assert [each.frame for each in worst(found, 2)] == [6, 5]
    assert count_causes(found) == {"blocked": 2, "not scheduled": 1}
    assert count_causes(()) == {}


def test_the_slowest_frames_are_explained_without_a_limit() -> None:
    frames, _ = many()
    workers = workers_of(*({**WORKER, "frame": number} for number in range(len(frames))))
    found = explain_slowest(frames, workers, [SEQUENTIAL], 2)

    assert [(each.frame, each.criterion, each.value_ms, each.host) for each in found] == [
        (6, None, 800, False), (5, None, 300, False),
    ]  # fmt: skip
    assert [each.cause for each in found] == ["not scheduled", "blocked"]
    assert explain_slowest(frames, np.array(workers[["frame", "stage", "worker"]]), [SEQUENTIAL], 2) == ()


def verdict(outcome: Outcome = "fail", criterion: str = str(LIMIT.criterion), stage: Any = None) -> Verdict:
    return Verdict(criterion, stage, 800.0, outcome, "800 is not < 200")


def test_a_failure_with_all_frames_over_by_the_host_is_excused() -> None:
    frames, found = many()
    of_host = tuple(dataclasses.replace(each, host=True) for each in found)

    assert excuse(verdict(), frames, found, [LIMIT]) == verdict()
    assert excuse(verdict(), frames, of_host, [LIMIT]).outcome == "unsupported"
    assert excuse(verdict(), frames, of_host, [LIMIT]).detail == (
        "800 is not < 200, but each of the 3 frames over it was ready to run and given no core by the host"
    )
    assert excuse(verdict(stage=0), frames, of_host, [LIMIT]).outcome == "unsupported"
    assert "the frame over it was ready" in excuse(verdict(), frames[:6], of_host[:1], [LIMIT]).detail


def late(*waits: Any) -> tuple[Any, Any]:
    """Return a run at real-time pace: four typical frames, then for each wait a frame of 25 ms that waited so long."""
    rows = [FRAME] * 4
    for wait in waits:
        rows.append({**FRAME, "wall_ns": 25, "parent_cpu_ns": 25 - wait, "parent_core_wait_ns": wait})
    workers = workers_of(*({**WORKER, "frame": number} for number in range(len(rows))))
    return frames_of(*rows), workers


def missed(count: int, criterion: str = "missed_deadlines == 0") -> Verdict:
    return Verdict(criterion, None, float(count), "fail", f"{count} is not {criterion.partition(' ')[2]}")


def test_a_deadline_is_a_limit_at_real_time_pace_only() -> None:
    texts = ("missed_deadlines == 0", "missed_deadlines < 3", "missed_deadlines <= 2", "missed_deadlines > 1")

    assert [str(each.criterion) for each in limits(*texts, deadline_ms=PERIOD_MS)] == list(texts[:3])
    assert {(each.column, each.bound.value) for each in limits(*texts, deadline_ms=PERIOD_MS)} == {
        ("wall_ns", PERIOD_MS)
    }
    assert limits(*texts) == ()


def test_a_stage_at_full_load_has_no_deadline() -> None:
    frames = frames_of({"wall_ns": 30}, {"wall_ns": 30, "stage": 1}, {"wall_ns": 10, "stage": 1})
    (limit,) = limits_of(
        [parse_criterion("missed_deadlines == 0")], COLUMNS, MAIN_PHASE, PaceDeadline(PERIOD_MS, frozenset({1}))
    )

    assert limit.over(frames).tolist() == [False, True, False]
    assert limit.counts
    assert not LIMIT.counts


@pytest.mark.parametrize(
    ("wait", "host"),
    [
        (15, True),
        (9, True),
        (8, False),  # without the wait the frame takes 17 ms, and its deadline is 16.7 ms
        (0, False),
    ],
)
def test_the_host_is_the_cause_of_a_deadline_missed_by_its_wait(wait: int, host: bool) -> None:
    (found,) = explain_slow_frames(*late(wait), [DEADLINE], [SEQUENTIAL])

    assert (found.frame, found.criterion, found.value_ms, found.host) == (4, "missed_deadlines == 0", 25.0, host)


@pytest.mark.promise(
    "verdicts", "A deadline missed because no core was free is excused by the same rule as a limit of frames."
)
def test_missed_deadlines_are_excused_by_the_rule_of_limits() -> None:
    for waits, outcome, detail in (
        ((15,), "unsupported", "1 is not == 0, but the frame that missed the deadline was ready to run and given no "
                               "core by the host"),
        ((15, 15), "unsupported", "2 is not == 0, but each of the 2 frames that missed the deadline was ready to run "
                                  "and given no core by the host"),
        ((15, 0), "fail", "2 is not == 0"),
    ):  # fmt: skip
        frames, workers = late(*waits)
        found = explain_slow_frames(frames, workers, [DEADLINE], [SEQUENTIAL])

        verdict = excuse(missed(len(waits)), frames, found, [DEADLINE])

        assert (verdict.outcome, verdict.detail) == (outcome, detail)


def test_a_count_that_the_other_frames_meet_is_excused() -> None:
    frames, workers = late(15, 0, 15)
    for text, outcome in (("missed_deadlines < 2", "unsupported"), ("missed_deadlines < 1", "fail")):
        (limit,) = limits(text, deadline_ms=PERIOD_MS)
        found = explain_slow_frames(frames, workers, [limit], [SEQUENTIAL])

        assert excuse(missed(3, text), frames, found, [limit]).outcome == outcome

    (limit,) = limits("missed_deadlines < 2", deadline_ms=PERIOD_MS)
    found = explain_slow_frames(frames, workers, [limit], [SEQUENTIAL])
    assert excuse(missed(3, "missed_deadlines < 2"), frames, found, [limit]).detail == (
        "3 is not < 2, but 2 of the 3 frames that missed the deadline were ready to run and given no core by the host"
    )
    assert excuse(missed(3, "missed_deadlines < 2"), frames, found[1:], [limit]).outcome == "fail"


def test_a_stage_is_judged_by_its_own_frames() -> None:
    frames = frames_of({**FRAME, "wall_ns": 800}, {**FRAME, "wall_ns": 800, "stage": 1, "frame": 0})
    workers = workers_of({**WORKER, "frame": 0}, {**WORKER, "stage": 1, "frame": 0})
    first, second = explain_slow_frames(frames, workers, [LIMIT], [SEQUENTIAL, SEQUENTIAL])
    explanations = (dataclasses.replace(first, host=True), dataclasses.replace(second, host=False))

    assert excuse(verdict(stage=0), frames, explanations, [LIMIT]).outcome == "unsupported"
    assert excuse(verdict(stage=1), frames, explanations, [LIMIT]).outcome == "fail"
    assert excuse(verdict(), frames, explanations, [LIMIT]).outcome == "fail"


def test_no_other_verdict_is_changed() -> None:
    frames, found = many()
    of_host = tuple(dataclasses.replace(each, host=True) for each in found)

    assert excuse(verdict(), frames, of_host[1:], [LIMIT]) == verdict()  # one frame could not be explained
    assert excuse(verdict(), frames, (), [LIMIT]) == verdict()
    for other in (verdict("pass"), verdict(criterion="physics_fps > 400"), verdict(criterion="frame_ms.p99 < 5")):
        assert excuse(other, frames, of_host, [LIMIT]) is other


def test_recordings_of_schema_1_are_not_explained() -> None:
    frames, _ = many()
    workers = workers_of(*({**WORKER, "frame": number} for number in range(len(frames))))
    assert explain_slow_frames(frames, np.array(workers[["frame", "stage", "worker"]]), [LIMIT], [SEQUENTIAL]) == ()
