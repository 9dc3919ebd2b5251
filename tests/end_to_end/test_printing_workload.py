"""What the user's code prints never stands on stdout, which is for results."""

from __future__ import annotations

import json

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
