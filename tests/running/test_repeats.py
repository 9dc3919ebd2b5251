from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from recorded_runs import recorded, run_file, write

from walkerbench.criteria.judging import Verdict
from walkerbench.errors import Interrupted, RunBroken, UsageError, WalkerbenchError
from walkerbench.running import repeats
from walkerbench.running.repeats import ChildRun, Repeats, record_repeats


def verdict(outcome):
    return Verdict(criterion="meals > 0", stage=None, value=None, outcome=outcome, detail="")


def child(code):
    return ChildRun(Path("run"), None, code, None)


@pytest.mark.parametrize(
    ("codes", "interrupted", "expected"),
    [
        ((), False, 0),
        ((0, 0), False, 0),
        ((0, 4, 0), False, 4),
        ((4, 1, 0), False, 1),
        ((1, 2), False, 2),
        ((1, 3), False, 3),
        ((1, 130), True, 130),
        ((1, 70), False, 70),
        ((0,), True, 130),
    ],
)
def test_the_exit_code_that_counts(codes, interrupted, expected):
    assert Repeats(tuple(map(child, codes)), interrupted).exit_code == expected


@pytest.mark.parametrize(
    ("code", "state", "outcome", "expected"),
    [
        (0, "finished", "pass", (0, None)),
        (1, "finished", "fail", (1, None)),
        (1, "emergency", "pass", (1, None)),
        (4, "finished", "unsupported", (4, None)),
        (3, "broken", "pass", (3, None)),
        (130, "interrupted", "pass", (130, None)),
        (0, "finished", "fail", (3, "exited with status 0")),
        (1, "finished", "pass", (3, "exited with status 1")),
        (5, "finished", "pass", (3, "exited with status 5")),
        (-9, "broken", "pass", (3, "was killed by SIGKILL (out of memory?)")),
    ],
)
def test_an_exit_code_is_a_verdict_where_the_recorded_run_bears_it_out(tmp_path, code, state, outcome, expected):
    run = run_file("1", state=state, verdicts=[verdict(outcome)])
    ended = repeats._ended(write(tmp_path / "run", recorded("1", run)), code, False)
    assert (ended.exit_code, ended.crash) == expected
    assert ended.run is not None


def test_a_process_that_recorded_nothing_has_no_verdict(tmp_path):
    ended = [repeats._ended(tmp_path / "none", code, False) for code in (0, 1, 2, 3, 70)]
    assert [each.exit_code for each in ended] == [3, 3, 2, 3, 70]
    assert {each.run for each in ended} == {None}


@pytest.mark.parametrize(
    ("code", "crash", "kind", "message"),
    [
        (2, None, UsageError, "no room"),
        (3, None, RunBroken, "no room"),
        (3, "was killed by SIGKILL", RunBroken, "the run's process was killed by SIGKILL\nno room"),
        (130, None, Interrupted, "no room"),
        (70, None, WalkerbenchError, "no room"),
    ],
)
def test_a_run_without_a_verdict_is_an_error(tmp_path, code, crash, kind, message):
    with pytest.raises(WalkerbenchError) as caught:
        ChildRun(tmp_path, None, code, crash).judged("no room")
    assert (type(caught.value), str(caught.value)) == (kind, message)


@pytest.mark.parametrize(("codes", "begun"), [((0, 1, 4), 3), ((1, 3, 0), 2), ((2, 0, 0), 1)])
def test_the_first_run_without_a_verdict_ends_the_repeats(monkeypatch, codes, begun):
    left = list(codes)
    monkeypatch.setattr(repeats, "record_run", lambda request, signals, *, package: child(left.pop(0)))
    told = []
    assert len(record_repeats(lambda number: number, 3, told.append).runs) == begun
    assert told == list(range(begun))


def test_a_signal_between_two_runs_lets_no_other_begin(monkeypatch):
    def interrupted_after(request, signals, *, package):
        os.kill(os.getpid(), signal.SIGTERM)
        return child(0)

    monkeypatch.setattr(repeats, "record_run", interrupted_after)
    ended = record_repeats(lambda number: number, 3, lambda _: None)
    assert (len(ended.runs), ended.interrupted, ended.exit_code) == (1, True, 130)
