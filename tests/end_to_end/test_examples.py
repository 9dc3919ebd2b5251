"""The examples are run as a reader runs them: by a command, from their folder, in each mode that they allow."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from whole_process import WholeProcess

EXAMPLES = Path(__file__).parents[2] / "examples"
pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the examples are not part of the wheel")
PYTHON = (sys.executable, "-W", "error")
MOST_LINES = 40
SHORT = ("--frames", "20", "--warmup", "2", "-q", "--json")


@pytest.fixture
def examples(walkerbench: WholeProcess) -> WholeProcess:
    for example in EXAMPLES.glob("*.py"):
        shutil.copy(example, walkerbench.cwd)
    return walkerbench


def recorded(examples: WholeProcess, spec: str, mode: str, *options: str) -> dict[str, Any]:
    ended = examples("run", "--workload", spec, "--mode", mode, *SHORT, "-o", mode, *options)
    assert (ended.code, ended.err) == (0, "")
    return dict(json.loads(ended.out))


def test_the_class_does_the_same_work_in_every_mode(examples: WholeProcess) -> None:
    options = ("--agents", "6", "--workload-argument", "thoughts=5")
    runs = [recorded(examples, "herd:Herd", mode, *options) for mode in ("sequential", "threaded", "process")]
    assert len({run["digest"] for run in runs}) == 1
    assert runs[0]["workload"]["main_phase"] == {"phase": "step", "title": "step", "decides": False}


@pytest.mark.promise("verdicts", "A loop over agents in a shared world does the same work in one thread and in two.")
def test_the_loop_does_the_same_work_in_one_thread_and_in_two(examples: WholeProcess) -> None:
    runs = [
        recorded(examples, "agents:agent_loop:make", mode, "--agents", "6", "--workers", workers)
        for mode, workers in (("sequential", "1"), ("threaded", "2"))
    ]
    assert runs[0]["digest"] == runs[1]["digest"] is not None
    assert [run["mode"]["used"] for run in runs] == ["sequential", "threaded"]
    for run in runs:
        assert run["counters"] == {"agent_errors": 0}
        assert run["profile"]["environment"]["digest_state"] is True
        assert (run["workload"]["phases"], run["workload"]["settle_phase"]) == (["agents"], "world")


@pytest.mark.promise("input", "Agents that share objects of one process are refused in modes of several.")
def test_the_loop_is_refused_in_other_processes(examples: WholeProcess) -> None:
    ended = examples("run", "--workload", "agents:agent_loop:make", "--mode", "process", *SHORT)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "walkerbench: --mode: process cannot run agents:agent_loop:make: its agents share objects of one process, "
        "and this mode runs them in others; allowed: sequential or threaded\n"
    )


def test_a_function_is_called_in_batches(examples: WholeProcess) -> None:
    run = recorded(examples, "function:functions:count_primes", "sequential", "--workload-argument", "below=5000")
    calls = run["profile"]["environment"]["calls_per_frame"]
    assert run["counters"] == {"calls": 20 * calls}
    assert calls > 1
    assert run["profile"]["environment"]["digest_result"] is True
    assert run["digest"] is not None


def printed(examples: WholeProcess, script: str) -> str:
    """Return what a script of the examples prints."""
    assert len((EXAMPLES / script).read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    ended = examples(script, command=PYTHON)
    assert (ended.code, ended.err) == (0, "")
    return ended.out


def test_an_environment_is_stepped_with_the_same_work(examples: WholeProcess) -> None:
    times = r"sequential: \d+\.\d\d ms a frame\nprocess:    \d+\.\d\d ms a frame\n"
    assert re.fullmatch(rf"{times}same work:  True\n", printed(examples, "step_an_environment.py"))


def test_a_run_is_read_and_plotted(examples: WholeProcess) -> None:
    lines = printed(examples, "read_a_run.py").splitlines()
    assert re.fullmatch(r"\.walkerbench/runs/\S+-smoke-sequential-12: finished", lines[0])
    assert re.fullmatch(r"slowest of 180 judged frames: \d+\.\d\d ms", lines[2])
    assert lines[3].split() == ["wall_ns", "agents_ns"]
    assert [float(each) for each in lines[4].split()[1:]] == [180, 180]
    assert lines[-1] == "the plot is in frames.html"
    assert "ms per frame" in (examples.cwd / "frames.html").read_text(encoding="utf-8")


def test_threads_are_toggled_from_another_thread(examples: WholeProcess) -> None:
    *toggles, speed = printed(examples, "toggle_threads.py").splitlines()
    modes = [re.sub(r"from frame \d+: ", "", line) for line in toggles]
    assert modes == ["sequential", "threaded", "sequential", "threaded"]
    assert re.fullmatch(r"threads are \d+\.\d\d times as fast as no threads", speed)
