from __future__ import annotations

import json

import pytest

from walkerbench.flamegraph.stacks import (
    MAIN,
    MEASURING,
    OTHER,
    WAITING,
    Call,
    FunctionTime,
    Track,
    collapsed,
    functions,
    parts,
    phases,
    short_path,
    speedscope,
    split,
    within,
)

RUN = Call("ShardRunner.run", "walkerbench/modes/shard_runner.py", 56)
STEP = Call("TrainingEnvironment.step", "walkerbench/running/training_environment.py", 200)
WAIT = Call("Mode.wait", "walkerbench/modes/contract.py")
ACT = Call("Herd.act", "herd.py", 5)
UPDATE = Call("Herd._update", "herd.py", 9)
SENSE = Call("look", "eyes.py", 1)
LEARN = Call("learn", "brain.py", 1)
MOVE = Call("Herd.move", "herd.py", 20)


@pytest.mark.parametrize(
    ("stack", "phase", "below"),
    [
        ((RUN, ACT, SENSE), "act", (ACT, SENSE)),
        ((STEP, Call("InProcess.dispatch", "walkerbench/modes/contract.py"), RUN, ACT), "act", (ACT,)),
        ((RUN,), MEASURING, (RUN,)),
        ((RUN, Call("<listcomp>", "walkerbench/modes/shard_runner.py")), MEASURING, None),
        ((RUN, Call("Meter.end", "walkerbench/recording/meter.py")), MEASURING, None),
        ((Call("ShardRunner.digest", "walkerbench/modes/shard_runner.py"), ACT), "digest", None),
        ((STEP, Call("Herder.settle", "herd.py")), "settle", (Call("Herder.settle", "herd.py"),)),
        ((STEP, WAIT), "wait", (WAIT,)),
        ((STEP,), "step", None),
        ((STEP, SENSE), "step", (STEP, SENSE)),
        ((Call("_work", "walkerbench/modes/process.py"), Call("_next_request", "walkerbench/modes/process.py")),
         WAITING, ()),
        ((Call("_Worker.run", "walkerbench/modes/thread_pool.py"),), WAITING, ()),
        ((Call("_Worker.run", "walkerbench/modes/thread_pool.py"), SENSE), OTHER, ()),
        ((Call("run", "another/shard_runner.py"), ACT), OTHER, ()),
        ((), OTHER, ()),
    ],
)  # fmt: skip
def test_the_phase_of_a_stack(stack, phase, below):
    found, rest = split(stack)

    assert found == phase
    assert rest == (stack if below is None else below)


def test_phases_and_what_is_within_them():
    tracks = [Track("worker-0", ((RUN, ACT), (RUN, MOVE), (RUN, ACT, SENSE))), Track("worker-1", ((RUN, ACT),))]

    assert phases(tracks[0]) == {"act": 2, "move": 1}
    assert within(tracks, "act") == [(ACT,), (ACT, SENSE), (ACT,)]


def test_functions_count_themselves_once_a_stack():
    deeper = Call("look", "eyes.py", 7)  # the same function at another line, called by itself

    assert functions([(ACT, SENSE, deeper), (ACT, SENSE), (ACT,)]) == [
        FunctionTime("look", "eyes.py", own=2, total=2),
        FunctionTime("Herd.act", "herd.py", own=1, total=3),
    ]


def test_parts_are_found_where_the_time_divides():
    stacks = [(ACT, UPDATE, SENSE)] * 5 + [(ACT, UPDATE, LEARN, SENSE)] * 3 + [(ACT,)]

    assert parts(stacks) == [("look", 5), ("learn", 3)]
    assert parts([(ACT, SENSE), (ACT, LEARN)]) == [("learn", 1), ("look", 1)]
    assert parts([(ACT,)]) == []
    assert parts([]) == []


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("/opt/env/lib/python3.13t/site-packages/numpy/linalg.py", "numpy/linalg.py"),
        ("/usr/lib/python3.11/threading.py", "threading.py"),
        (
            "/home/me/walkerbench/walkerbench/running/training_environment.py",
            "walkerbench/running/training_environment.py",
        ),
        ("C:\\env\\Lib\\site-packages\\walkerbench\\modes\\contract.py", "walkerbench/modes/contract.py"),
        ("/home/me/mine.py", "/home/me/mine.py"),
        ("<frozen runpy>", "<frozen runpy>"),
        ("", ""),
    ],
)
def test_paths_begin_at_the_package(path, short):
    assert short_path(path) == short


def test_collapsed_stacks():
    track = Track(MAIN, ((ACT, SENSE), (ACT, SENSE), (Call("a;b", "x.py", 1),), ()))

    assert collapsed(track) == "Herd.act (herd.py:5);look (eyes.py:1) 2\na:b (x.py:1) 1\n"


def test_speedscope():
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
