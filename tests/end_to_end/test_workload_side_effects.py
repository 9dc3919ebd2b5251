"""Side effects of a user's code: what it prints, and processes that it leaves."""

from __future__ import annotations

import json

import psutil
import pytest
from whole_process import WholeProcess

PRINTING = """
import os, sys
print("printed when imported")

class Herd:
    def __init__(self, agents, seed):
        print("printed when built")

    def step(self, frame):
        print("printed in a frame")
        os.write(1, b"written in a frame\\n")

    def state(self, agent):
        return 1
"""


@pytest.mark.promise("text", "What the user's code prints goes to stderr, and never between the lines of a result.")
@pytest.mark.parametrize("mode", ["sequential", "threaded", "process"])
def test_stdout_holds_the_result_alone(walkerbench: WholeProcess, mode: str) -> None:
    (walkerbench.cwd / "printing.py").write_text(PRINTING)
    words = ("--workload", "printing:Herd", "--agents", "5", "--frames", "8", "--warmup", "2", "--mode", mode)
    ended = walkerbench("run", *words, "-q", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["state"] == "finished"
    for text in ("printed when imported", "printed when built", "printed in a frame", "written in a frame"):
        assert text in ended.err


LEAVING = """
import subprocess, sys

class Herd:
    def __init__(self, agents, seed):
        self.helper = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])

    def step(self, frame):
        pass
"""


@pytest.mark.promise("left behind", "Processes that the user's code leaves behind are killed and named.")
@pytest.mark.parametrize("mode", ["sequential", "process"])
def test_processes_that_a_workload_leaves_are_killed(walkerbench: WholeProcess, mode: str) -> None:
    (walkerbench.cwd / "leaving.py").write_text(LEAVING)
    words = ("--workload", "leaving:Herd", "--agents", "5", "--frames", "8", "--warmup", "2", "--mode", mode)
    with walkerbench.start("run", *words, "-q") as started:
        ended = started.end()
        assert ended.code == 0, ended.err
        assert [psutil.Process(pid).cmdline() for pid in started.left()] == []
    if mode == "sequential":  # processes that a worker leaves are killed with the worker
        assert "the workload left processes behind, which were killed: " in ended.err
