"""`walkerbench flamegraph` with the real py-spy."""

from __future__ import annotations

import json
import platform
import re
import signal
import sys
from typing import Any

import pytest
from every_way import why_nothing_can_be_sampled
from whole_process import WholeProcess, until

from walkerbench.run_directory import read_recorded

WORKER_FILES = {f"{name}.{kind}" for name in ("main", "worker-0", "worker-1") for kind in
                ("collapsed.txt", "speedscope.json")}  # fmt: skip
ENDLESS = 10**7

# Makes the system refuse to read other processes, as a container does by default, and then executes another program.
REFUSING = """
import ctypes, os, struct, sys
PTRACE, READ_MEMORY = {calls}
LOAD, EQUAL, RETURN, ALLOW, EPERM = 0x20, 0x15, 0x06, 0x7fff0000, 0x00050001
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in [
    (LOAD, 0, 0, 0), (EQUAL, 2, 0, PTRACE), (EQUAL, 1, 0, READ_MEMORY), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, EPERM),
]))
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_void_p)]
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Filter(5, ctypes.addressof(program))), 0, 0) == 0
os.execv(sys.executable, [sys.executable, "-m", "walkerbench", *sys.argv[1:]])
"""
CALLS = {"x86_64": (101, 310), "aarch64": (117, 270)}


@pytest.fixture
def _sampling() -> None:
    if reason := why_nothing_can_be_sampled():
        pytest.skip(reason)


def arguments(profile: Any, **changes: Any) -> list[str]:
    return ["flamegraph", *profile(**changes)[1:]]


@pytest.mark.usefixtures("_sampling")
@pytest.mark.parametrize("mode", ["threaded", "process"])
def test_a_sampled_run_has_a_flame_graph_of_every_worker(walkerbench: WholeProcess, profile: Any, mode: str) -> None:
    # Worker 0 sleeps in the stalls, so long that py-spy certainly samples at least one of them.
    stalling = arguments(profile, faults={"stall_frames": {"5": 0.4, "20": 0.5, "35": 0.6}})
    ended = walkerbench(*stalling, "--mode", mode, "--workers", "2", "-o", "deep/graphs")

    assert ended.code == 0, ended.err
    out = walkerbench.cwd / "deep" / "graphs"
    assert {path.name for path in (out / "wall").iterdir()} == WORKER_FILES | {"run"}
    # In such a short run, py-spy may never sample a worker that holds the GIL.
    assert {"run", "main.collapsed.txt"} <= {path.name for path in (out / "gil").iterdir()} <= WORKER_FILES | {"run"}
    runs = [read_recorded(out / place).run for place in ("run", "wall/run", "gil/run")]
    assert [run.state for run in runs] == ["finished"] * 3
    digest = runs[0].digest
    assert digest is not None
    assert {run.digest for run in runs} == {digest}
    assert f"same digest, sampled or not: {digest[:16]} (3 checkpoints of both)" in ended.out
    assert "\nslowdown  " in ended.out
    assert "\nbefore: top functions, in ms per frame\n" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80
    # A thread takes the next free shard: the other thread may run all the stalls of shard 0.
    stalled = ("worker-0", "worker-1") if mode == "threaded" else ("worker-0",)
    stacks = "".join((out / "wall" / f"{name}.collapsed.txt").read_text() for name in stalled)
    assert re.search(r"ShardRunner.run \(walkerbench/modes/shard_runner.py:\d+\);FaultInjector.before ", stacks)
    scope = json.loads((out / "wall" / "worker-1.speedscope.json").read_text())
    assert [each["name"] for each in scope["profiles"]] == ["worker-1"]
    assert [line[:6] for line in ended.err.splitlines()] == ["1 of 3", "2 of 3", "3 of 3"]


@pytest.mark.usefixtures("_sampling")
def test_ctrl_c_keeps_what_was_sampled_and_leaves_no_process(walkerbench: WholeProcess, profile: Any) -> None:
    options = ["--mode", "process", "--workers", "2", "-o", "graphs"]
    with walkerbench.start(*arguments(profile, frames=ENDLESS), *options) as started:
        frames = walkerbench.cwd / "graphs" / "wall" / "run" / "frames.npy"
        # Wait until frames have run for so long that every worker was sampled: py-spy may start slowly.
        until(lambda: frames.exists() and frames.stat().st_size > 300_000)
        started.signal(signal.SIGINT)
        ended = started.end()

    assert ended.code == 130
    assert ended.error == "walkerbench: interrupted (SIGINT): what was sampled is kept in graphs"
    assert ended.out.startswith("INTERRUPTED (SIGINT): shown as far as it was sampled\n")
    out = walkerbench.cwd / "graphs"
    assert read_recorded(out / "wall" / "run").run.state == "interrupted"
    assert {path.name for path in (out / "wall").iterdir()} == WORKER_FILES | {"run"}
    assert {path.name for path in out.iterdir()} == {"wall"}


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in CALLS, reason="knows no way to be refused here"
)
@pytest.mark.usefixtures("_sampling")
def test_a_refused_py_spy_says_what_to_allow_and_leaves_nothing(walkerbench: WholeProcess, profile: Any) -> None:
    command = (sys.executable, "-c", REFUSING.format(calls=CALLS[platform.machine()]))
    ended = walkerbench(*arguments(profile), "-o", "deep/graphs", command=command)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("walkerbench: py-spy is not permitted to look into processes here: ")
    assert ended.err.count("\n") == 1
    assert [path.name for path in walkerbench.cwd.iterdir()] == ["tiny.toml"]


@pytest.mark.usefixtures("_sampling")
@pytest.mark.parametrize("output", ["there", "there/file/graphs"])
def test_an_output_that_cannot_be_made_is_refused(walkerbench: WholeProcess, profile: Any, output: str) -> None:
    there = walkerbench.cwd / "there"
    there.mkdir()
    (there / "file").touch()
    ended = walkerbench(*arguments(profile), "-o", output)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"walkerbench: {output}: the output ")
    assert ended.err.count("\n") == 1


def test_a_wrong_option_is_refused_before_the_run(walkerbench: WholeProcess, profile: Any) -> None:
    ended = walkerbench(*arguments(profile), "--workers", "0", "-o", "graphs")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("walkerbench: --workers: 0 is wrong")
    assert not (walkerbench.cwd / "graphs").exists()
