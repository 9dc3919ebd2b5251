"""The processes of every command end with the command, also when it is interrupted or killed."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from every_way import why_nothing_can_be_sampled
from whole_process import COMMAND, Ended, Started, WholeProcess, pause, rows, until

from walkerbench.run_directory import read_recorded

Profile = Callable[..., list[str]]
Words = tuple[tuple[str, ...], list[str]]

ENDLESS = 10**7
PROCESSES = ["--mode", "process", "--workers", "2"]
TEST = "def test_run(walkerbench_run):\n    walkerbench_run('./tiny.toml', mode='process', workers=2)\n"


def run(profile: list[str], _: WholeProcess) -> Words:
    return COMMAND, ["run", *profile, *PROCESSES, "-o", "out"]


def repeat(profile: list[str], _: WholeProcess) -> Words:
    return COMMAND, ["run", *profile, *PROCESSES, "--repeat", "2", "-o", "out"]


def compare(profile: list[str], _: WholeProcess) -> Words:
    return COMMAND, ["compare", *profile, "--workers", "2"]


def ab(profile: list[str], _: WholeProcess) -> Words:
    return COMMAND, ["ab", "mode=process,workers=2", "mode=process,workers=1", *profile]


def gate(profile: list[str], walkerbench: WholeProcess) -> Words:
    short = ["run", *profile, *PROCESSES, "--frames", "20", "--repeat", "3", "-q", "-o", "baseline"]
    assert walkerbench(*short).code == 0
    return COMMAND, ["gate", *profile, *PROCESSES, "--baseline", "baseline", "--alpha", "40%"]


def flamegraph(profile: list[str], _: WholeProcess) -> Words:
    if reason := why_nothing_can_be_sampled():
        pytest.skip(reason)
    return COMMAND, ["flamegraph", *profile, *PROCESSES, "-o", "out"]


def plugin(_: list[str], walkerbench: WholeProcess) -> Words:
    (walkerbench.cwd / "test_it.py").write_text(TEST)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", "pytest", "test_it.py")
    return command, []


ALL = [run, repeat, compare, ab, gate, flamegraph, plugin]
OURS = ALL[:-1]
"""All commands except the plugin, whose exit code and lines are pytest's."""


def by_name(commands: list[Any], *slow: Any) -> pytest.MarkDecorator:
    each = [pytest.param(each, marks=pytest.mark.slow if each in slow else (), id=each.__name__) for each in commands]
    return pytest.mark.parametrize("command", each)


@pytest.fixture
def words(walkerbench: WholeProcess, profile: Profile) -> Callable[[Any], Words]:
    """Return a function that gives the words of a command that does not end by itself."""
    return lambda command: command(profile(frames=ENDLESS, criteria={"meals": ">= 0"})[1:], walkerbench)


def below(started: Started) -> list[psutil.Process]:
    processes: list[psutil.Process] = psutil.Process(started.process.pid).children(recursive=True)
    return processes


def workers(started: Started) -> list[psutil.Process]:
    """Return the living worker processes among all descendants of the command."""
    found = []
    for process in below(started):
        try:
            if "--multiprocessing-fork" in process.cmdline():
                found.append(process)
        except psutil.NoSuchProcess:
            pass
    return found


def check_interrupted(ended: Ended, count: int = 1) -> None:
    assert ended.code == 130, ended.err
    assert "Traceback" not in ended.err + ended.out
    assert sum(line.startswith("walkerbench: ") for line in ended.err.splitlines()) <= count, ended.err


@pytest.mark.promise("left behind", "All that a command started ends with it, even where it is stopped.")
@by_name(ALL, compare, gate, run)
@pytest.mark.parametrize("stopped", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["running", "stopped"])
def test_a_killed_command_leaves_nothing(
    walkerbench: WholeProcess, words: Callable[[Any], Words], command: Any, stopped: bool
) -> None:
    program, arguments = words(command)
    with walkerbench.start(*arguments, command=program) as started:
        until(lambda: len(workers(started)) >= 2)
        if command is run:  # its workers end with their parent, but only after they have started
            until(lambda: rows(walkerbench.cwd / "out") > 0)
        everything = below(started)
        # After a plain run, multiprocessing's own helper ends by itself, unless it is stopped.
        to_stop = workers(started) if command is run else everything
        for process in to_stop if stopped else []:
            process.suspend()
        started.process.kill()
        started.end()
        _, alive = psutil.wait_procs(everything, timeout=30)
        assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


@by_name(OURS, run, compare, gate)
def test_one_interrupt_suffices_while_a_worker_is_stopped(
    walkerbench: WholeProcess, words: Callable[[Any], Words], command: Any
) -> None:
    program, arguments = words(command)
    with walkerbench.start(*arguments, command=program) as started:
        until(lambda: len(workers(started)) >= 2)
        workers(started)[0].suspend()
        started.signal(signal.SIGTERM)
        check_interrupted(started.end())


@by_name(OURS, run, repeat, compare, gate)
@pytest.mark.parametrize("stage", ["start", pytest.param("frames", marks=pytest.mark.slow)])
@pytest.mark.parametrize("count", [3, *(pytest.param(count, marks=pytest.mark.slow) for count in (1, 2))])
def test_ctrl_c_once_twice_or_thrice_ends_every_command(
    walkerbench: WholeProcess, words: Callable[[Any], Words], command: Any, stage: str, count: int
) -> None:
    program, arguments = words(command)
    with walkerbench.start(*arguments, command=program) as started:
        started.wait_for_line("")
        if stage == "frames":
            until(lambda: len(workers(started)) >= 2)
        for _ in range(count):
            if started.process.poll() is None:
                started.signal(signal.SIGINT)
            for _ in range(4):
                pause()
        check_interrupted(started.end(), count)


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 3])
def test_ctrl_c_while_a_run_closes_keeps_the_finished_run(
    walkerbench: WholeProcess, profile: Profile, count: int
) -> None:
    with walkerbench.start(*profile(), *PROCESSES, "-o", "out") as started:
        state = walkerbench.cwd / "out" / "run.json"
        until(lambda: state.exists() and '"running"' not in state.read_text())
        for _ in range(count):
            if started.process.poll() is None:
                started.signal(signal.SIGINT)
        ended = started.end()
    if ended.code != 0:  # the run may have ended before the interrupt
        check_interrupted(ended)
    assert read_recorded(walkerbench.cwd / "out").run.state == "finished"
