"""Workloads that each break one rule, checked in this process, in a temporary directory."""

from __future__ import annotations

import functools
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from walkerbench.checking import check_workload as checking
from walkerbench.checking.check_workload import check_workload
from walkerbench.checking.probe_process import carry_out
from walkerbench.checking.probes import ProbeAnswer, ProbeRequest, answer_line, read_answer
from walkerbench.checking.rules import CheckResult
from walkerbench.testing import WorkloadTests


def probed_here(
    directory: Path, requests: Mapping[str, ProbeRequest], timeout_s: float, interrupts: Any
) -> dict[str, ProbeAnswer]:
    """Carry out probes in this process, each with a fresh import of `broken`."""
    answers = {}
    for name, request in requests.items():
        sys.modules.pop("broken", None)
        os.chdir(directory)
        answer = read_answer(answer_line(carry_out(request)))
        assert answer is not None
        answers[name] = answer
    return answers


@pytest.fixture
def check_here(broken: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a function that checks a class of `broken` in this process."""
    refused = checking._refused
    monkeypatch.setattr(checking, "run_probes", functools.partial(probed_here, Path.cwd()))
    monkeypatch.setattr(checking, "_refused", lambda of: [*refused(of), ("process", "not here")])
    before, streams = Path.cwd(), (sys.stdout, sys.stderr)
    yield lambda name, **options: check_workload(f"broken:{name}", **options)
    os.chdir(before)
    sys.stdout, sys.stderr = streams


def broken_rules(result: CheckResult) -> dict[str, str]:
    return {each.rule: each.detail for each in result.violations}


def test_a_sound_workload_keeps_every_rule(check_here: Any) -> None:
    result = check_here("Sound")
    assert {each.rule: each.holds for each in result.rules} == {
        "same seed, same digests": "holds",
        "another seed, other digests": "holds",
        "any number of shards, the same digests": "holds",
        "threaded mode, the same digests": "holds",
        "process mode, the same digests": "not checked",
        "survives close and start": "holds",
        "agents share no state": "holds",
        "no wall clock": "holds",
        "no global random state": "holds",
        "no NaN in its state": "holds",
        "leaves its process as it was": "holds",
    }
    assert (result.exit_code, result.agents) == (0, 6)


@pytest.mark.parametrize(
    ("name", "rule", "told"),
    [
        ("Clock", "no wall clock", "it calls time.perf_counter_ns, and two runs differ"),
        ("Clock", "same seed, same digests", "agent 0 differs after frame 0; it calls time.perf_counter_ns"),
        ("GlobalRandom", "no global random state", "it draws from the global stream of random"),
        ("GlobalRandom", "same seed, same digests", "which no seed of a run sets"),
        ("NumpyRandom", "no global random state", "it draws from the global stream of numpy.random"),
        ("Shared", "agents share no state", "when agents are stepped in the opposite order"),
        ("SharedState", "agents share no state", "agent 1 changed when agent 0 was stepped alone"),
        ("Sharded", "any number of shards, the same digests", "with 2 shards, its work depends on which agents"),
        ("Chance", "same seed, same digests", "random numbers without a seed"),
        ("Seedless", "another seed, other digests", "the seed changes nothing"),
        ("NotANumber", "no NaN in its state", "its state holds NaN (not a number)"),
        ("Streams", "leaves its process as it was", "sys.stdout is replaced by a StringIO"),
        ("Moves", "leaves its process as it was", "the working directory is / in place of"),
    ],
)
def test_a_broken_rule_is_named_with_its_reason(check_here: Any, name: str, rule: str, told: str) -> None:
    result = check_here(name)
    assert told in broken_rules(result)[rule]
    assert result.exit_code == 1


def test_another_pace_is_noticed(check_here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    monkeypatch.setattr(time, "sleep", lambda pause_s: now_s.append(now_s.pop() + pause_s))
    told = "agent 0 differs after frame 1 at another pace; it calls time.monotonic"
    assert broken_rules(check_here("Pace")) == {"no wall clock": told}


def test_a_broken_rule_does_not_break_the_rules_that_depend_on_it(check_here: Any) -> None:
    assert set(broken_rules(check_here("GlobalRandom"))) == {
        "same seed, same digests",
        "another seed, other digests",
        "no global random state",
    }
    assert set(broken_rules(check_here("Clock"))) == {"same seed, same digests", "no wall clock"}
    assert set(broken_rules(check_here("Chance"))) == {"same seed, same digests"}


@pytest.mark.parametrize(
    ("name", "note", "told"),
    [
        ("Threads", "threads of its own", "it started 2 threads"),
        ("Leaks", "memory", "it grows by 10,"),
    ],
)
def test_threads_and_growing_memory_are_notes(check_here: Any, name: str, note: str, told: str) -> None:
    result = check_here(name)
    notes = {each.rule: each.detail for each in result.rules if each.holds == "note"}
    assert told in notes[note]
    assert result.exit_code == 0


def test_a_test_class_fails_with_a_line_for_each_broken_rule(check_here: Any) -> None:
    class Held(WorkloadTests):
        spec = "broken:Seedless"

    with pytest.raises(AssertionError) as caught:
        Held().test_the_contract_is_kept()
    assert str(caught.value) == (
        "the workload breaks the contract\nanother seed, other digests: the seed changes nothing"
    )


def test_without_a_state_nothing_is_compared(check_here: Any) -> None:
    result = check_here("NoState")
    unchecked = [each for each in result.rules if each.holds == "not checked"]
    assert {each.detail for each in unchecked} == {"broken:NoState has no state()", "not here"}
    assert len(unchecked) == 10
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("name", "error", "line"),
    [
        ("Raises", "raised ValueError: a sheep stumbled in frame 7", "self.stumble()"),
        ("Exits", "raised SystemExit: 0 in frame 7", "sys.exit(0)"),
        ("Undigestible", "raised TypeError: a object cannot be digested", ""),
    ],
)
def test_a_workload_that_cannot_be_run_says_where_it_broke(check_here: Any, name: str, error: str, line: str) -> None:
    result = check_here(name)
    assert error in str(result.broke)
    assert line in result.user_traceback
    assert "walkerbench" not in result.user_traceback
    assert (result.exit_code, result.rules) == (3, ())
