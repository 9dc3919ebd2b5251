from __future__ import annotations

import json
from typing import Any

import pytest

from walkerbench.flamegraph.phase_markers import phase_markers
from walkerbench.flamegraph.stacks import (
    DIGEST,
    DISPATCH,
    MAIN,
    MEASURING,
    OTHER,
    SETTLE,
    STEP,
    WAIT,
    WAITING,
    Call,
    FunctionTime,
    Track,
    collapsed,
    functions,
    inner_parts,
    phases,
    speedscope,
    split,
    within,
)
from walkerbench.modes.registry import MODES

MARKERS = phase_markers(MODES.names())


def call(marker: Any) -> Call:
    """Return the function that a marker was made from, as a profiler shows it."""
    return Call(f"Owner.{marker.function}", marker.file or "herd.py", 56)


RUN, STEP_CALL, WAIT_CALL = call(MARKERS.run), call(MARKERS.step), call(MARKERS.wait)
SETTLE_CALL = call(MARKERS.settle)
ACT = Call("Herd.act", "herd.py", 5)
UPDATE = Call("Herd._update", "herd.py", 9)
SENSE = Call("look", "eyes.py", 1)
LEARN = Call("learn", "brain.py", 1)
MOVE = Call("Herd.move", "herd.py", 20)


@pytest.mark.parametrize(
    ("stack", "phase", "below"),
    [
        ((RUN, ACT, SENSE), "act", (ACT, SENSE)),
        ((STEP_CALL, WAIT_CALL, RUN, ACT), "act", (ACT,)),
        ((RUN,), MEASURING, (RUN,)),
        ((RUN, Call("ShardRunner.run.<locals>.<listcomp>", RUN.file)), MEASURING, None),
        ((RUN, Call("Meter.end", f"{MARKERS.measuring.file}meter.py")), MEASURING, None),
        ((RUN, Call("Herd.step", "herd.py")), "step (shard)", (Call("Herd.step", "herd.py"),)),
        ((RUN, SETTLE_CALL), "settle (shard)", (SETTLE_CALL,)),
        ((SENSE, call(MARKERS.in_test), ACT, SENSE), "act", (ACT, SENSE)),
        ((SENSE, call(MARKERS.in_test), Call("Herd.__init__", "herd.py")), OTHER, ()),
        ((call(MARKERS.digest), ACT), DIGEST, None),
        ((STEP_CALL, SETTLE_CALL, SENSE), SETTLE, (SETTLE_CALL, SENSE)),
        ((STEP_CALL, WAIT_CALL), WAIT, (WAIT_CALL,)),
        ((STEP_CALL, call(MARKERS.dispatch)), DISPATCH, (call(MARKERS.dispatch),)),
        ((STEP_CALL,), STEP, None),
        ((STEP_CALL, SENSE), STEP, (STEP_CALL, SENSE)),
        ((STEP_CALL, SENSE, SETTLE_CALL), STEP, None),
        *(((SENSE, call(marker), ACT), WAITING, ()) for marker in MARKERS.waiting),
        ((Call("run", "another/shard_runner.py"), ACT), OTHER, ()),
        ((SENSE,), OTHER, ()),
        ((WAIT_CALL,), OTHER, ()),
        ((), OTHER, ()),
    ],
)  # fmt: skip
def test_a_stack_is_assigned_to_its_phase(stack: Any, phase: Any, below: Any) -> None:
    found, rest = split(stack, MARKERS)

    assert found == phase
    assert rest == (stack if below is None else below)


def test_samples_are_counted_and_listed_by_phase() -> None:
    tracks = [Track("worker-0", ((RUN, ACT), (RUN, MOVE), (RUN, ACT, SENSE))), Track("worker-1", ((RUN, ACT),))]

    assert phases(tracks[0], MARKERS) == {"act": 2, "move": 1}
    assert within(tracks, "act", MARKERS) == [(ACT,), (ACT, SENSE), (ACT,)]


def test_a_recursive_function_counts_once_per_stack() -> None:
    deeper = Call("look", "eyes.py", 7)  # the same function at another line, called by itself

    assert functions([(ACT, SENSE, deeper), (ACT, SENSE), (ACT,)]) == [
        FunctionTime("look", "eyes.py", own=2, total=2),
        FunctionTime("Herd.act", "herd.py", own=1, total=3),
    ]


def test_parts_are_found_where_the_time_first_divides() -> None:
    stacks = [(ACT, UPDATE, SENSE)] * 5 + [(ACT, UPDATE, LEARN, SENSE)] * 3 + [(ACT,)]

    assert inner_parts(stacks) == [("look", 5), ("learn", 3)]
    assert inner_parts([(ACT, SENSE), (ACT, LEARN)]) == [("learn", 1), ("look", 1)]
    assert inner_parts([(ACT,)]) == []
    assert inner_parts([]) == []


def test_collapsed_stacks_have_their_counts() -> None:
    track = Track(MAIN, ((ACT, SENSE), (ACT, SENSE), (Call("a;b", "x.py", 1),), ()))

    assert collapsed(track) == "Herd.act (herd.py:5);look (eyes.py:1) 2\na:b (x.py:1) 1\n"


def test_speedscope_has_every_sample_with_its_weight() -> None:
    scope = json.loads(json.dumps(speedscope(Track("worker-3", ((ACT, SENSE), (ACT,))), 50, "worker-3, wall")))

    assert scope["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    assert scope["shared"]["frames"] == [
        {"name": "Herd.act", "file": "herd.py", "line": 5},
        {"name": "look", "file": "eyes.py", "line": 1},
    ]
    assert scope["profiles"] == [
        {
            "type": "sampled", "name": "worker-3", "unit": "seconds", "startValue": 0, "endValue": 0.04,
            "samples": [[0, 1], [0]], "weights": [0.02, 0.02],
        }
    ]  # fmt: skip
