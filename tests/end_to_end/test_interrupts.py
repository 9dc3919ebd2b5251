"""Ctrl-C and SIGTERM at any time, sent to the whole process group as a terminal does."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from whole_process import Ended, WholeProcess, rows, until, without_pictures

from walkerbench.run_directory import ARRAYS, read_recorded

Profile = Callable[..., list[str]]

ENDLESS = 10**7
HANGING_S = 3600
DEADLINE_BEFORE_THE_STALL_ENDS = {"slow_frame_s": 0.7, "slow_frames": 100, "barrier_timeout_s": 2.0}
MOMENTS = [
    ("sequential", signal.SIGINT),
    ("threaded", signal.SIGTERM),
    ("process", signal.SIGINT),
    ("process", signal.SIGTERM),
    ("process", signal.SIGHUP),
]

# Interrupts its own process group while main imports its nth module, counted over all imports of the run.
INTERRUPTING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs with SIGINT ignored
from walkerbench.__main__ import main
left = int(sys.argv.pop(1))
def watch(event, arguments):
    global left
    if event == "import":
        left -= 1
        if left == 0:
            os.killpg(0, signal.{signal})
sys.addaudithook(watch)
sys.exit(main())
"""


def assert_kept(ended: Ended, run: Path, because: str) -> int:
    """Assert that the run is whole and marked as interrupted, and return how many frames it has."""
    assert ended.code == 130
    assert "Traceback" not in ended.err
    recorded = read_recorded(run)
    assert recorded.run.state == "interrupted"
    assert recorded.run.ended_because is not None
    assert because in recorded.run.ended_because
    assert recorded.run.finished_utc is not None
    frames = len(recorded.frames)
    assert [rows(run, name) for name in ARRAYS] == [len(getattr(recorded, name)) for name in ARRAYS]
    assert recorded.frames["frame"].tolist() == list(range(frames))
    assert sum(stage.frames for stage in recorded.run.stages) == frames
    assert "NO VERDICT: the run was interrupted" in ended.out
    return frames


@pytest.mark.parametrize(
    ("number", "nth"),
    [
        *(
            (signal.SIGINT, nth) for nth in (1, 10, 60, 120, 240, 360)
        ),  # in some Pythons, later imports happen after the run has begun
        *((signal.SIGTERM, nth) for nth in (60, 360)),  # before these imports, SIGTERM has its default effect
    ],
)
def test_an_interrupt_during_imports_gives_a_line_and_no_run(
    walkerbench: WholeProcess, profile: Profile, number: signal.Signals, nth: int
) -> None:
    command = (sys.executable, "-c", INTERRUPTING.format(signal=number.name))
    ended = walkerbench(str(nth), *profile(), command=command)
    assert (ended.code, ended.out, ended.err) == (130, "", "walkerbench: interrupted\n")
    assert [path.name for path in walkerbench.cwd.iterdir()] == ["tiny.toml"]


@pytest.mark.parametrize(("mode", "number"), MOMENTS)
def test_an_interrupt_while_the_environment_starts_keeps_the_run(
    walkerbench: WholeProcess, profile: Profile, mode: str, number: signal.Signals
) -> None:
    with walkerbench.start(*profile(frames=ENDLESS), "--mode", mode, "-o", "run") as started:
        started.wait_for_line("recording into run")
        started.signal(number)
        ended = started.end()
    assert_kept(ended, walkerbench.cwd / "run", number.name)
    assert all(line.startswith(("recording into ", "frame ")) for line in ended.err.splitlines())


@pytest.mark.parametrize(("mode", "number"), MOMENTS)
def test_an_interrupt_while_frames_run_ends_the_run_in_order(
    walkerbench: WholeProcess, profile: Profile, mode: str, number: signal.Signals
) -> None:
    with walkerbench.start(*profile(frames=ENDLESS), "--mode", mode, "--workers", "1", "-v", "-o", "run") as started:
        started.wait_for_line("frame ")
        started.signal(number)
        ended = started.end()
    frames = assert_kept(ended, walkerbench.cwd / "run", f"{number.name} after ")
    assert frames > 0
    assert read_recorded(walkerbench.cwd / "run").run.checkpoints[-1].frame == frames - 1
    assert ended.out.startswith(
        f"INTERRUPTED: {number.name} after {frames} frames of this stage (after {frames} frames)"
    )
    shown = walkerbench("show", "run", "-v")
    assert (shown.code, without_pictures(shown.out)) == (0, ended.out)


@pytest.mark.parametrize("mode", ["sequential", "process"])
def test_two_interrupts_end_a_run_whose_frame_hangs(walkerbench: WholeProcess, profile: Profile, mode: str) -> None:
    arguments = profile(faults={"stall_frames": {"0": 0.3, "1": HANGING_S}})
    with walkerbench.start(*arguments, "--mode", mode, "-o", "run") as started:
        started.wait_for_line("frame 1/")
        for _ in range(2):
            started.wait_for_sleep()  # two signals at the same time would count as one
            started.signal(signal.SIGINT)
        ended = started.end()
    assert_kept(ended, walkerbench.cwd / "run", "interrupted twice: ended within a frame")
    assert rows(walkerbench.cwd / "run") == 1


def test_an_ignored_hang_up_ends_neither_run_nor_workers(walkerbench: WholeProcess, profile: Profile) -> None:
    arguments = profile(faults={"stall_frames": {"5": 0.5}})
    nohup = (sys.executable, "-c", "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
             "os.execv(sys.executable, [sys.executable, '-m', 'walkerbench', *sys.argv[1:]])")  # fmt: skip
    with walkerbench.start(*arguments, "--mode", "process", "--workers", "2", "-o", "run", command=nohup) as started:
        started.wait_for_line("recording into run")
        until(lambda: len(started.workers()) == 2)
        started.signal(signal.SIGHUP)
        assert started.end().code == 0


@pytest.mark.promise("faults", "A worker that hangs or is stopped does not keep Ctrl-C from ending the run with 130.")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_interrupt_suffices_while_a_worker_is_stopped(
    walkerbench: WholeProcess, profile: Profile, number: signal.Signals
) -> None:
    options = ["--mode", "process", "--workers", "2", "-o", "run"]
    with walkerbench.start(*profile(frames=ENDLESS), *options) as started:
        started.wait_for_line("frame ")
        started.workers()[0].suspend()
        started.wait_for_sleep()
        started.signal(number)
        ended = started.end()
    assert_kept(ended, walkerbench.cwd / "run", f"{number.name}; worker 0 (agents 0 to 5) did not answer within 2 s")


@pytest.mark.parametrize("mode", ["threaded", "process"])
def test_one_interrupt_suffices_while_a_worker_hangs(walkerbench: WholeProcess, profile: Profile, mode: str) -> None:
    arguments = profile(faults={"stall_frames": {"0": 0.6, "1": HANGING_S}})
    with walkerbench.start(*arguments, "--mode", mode, "--workers", "2", "-o", "run") as started:
        started.wait_for_line("frame 1/")
        started.wait_for_sleep()
        started.signal(signal.SIGINT)
        ended = started.end()
    assert_kept(ended, walkerbench.cwd / "run", "SIGINT; worker 0 (agents 0 to 5) did not answer within 2 s in frame 1")


@pytest.mark.parametrize("mode", ["threaded", "process"])
def test_a_run_that_was_stopped_for_long_goes_on(walkerbench: WholeProcess, profile: Profile, mode: str) -> None:
    # The stall ends while all processes are stopped, and long after the frame's deadline.
    arguments = profile(faults={"stall_frames": {"0": 0.6, "1": 1.0}}, safeguards=DEADLINE_BEFORE_THE_STALL_ENDS)
    with walkerbench.start(*arguments, "--mode", mode, "--workers", "2", "-o", "run") as started:
        started.wait_for_line("frame 1/")
        started.wait_for_sleep()
        started.signal(signal.SIGSTOP)
        time.sleep(2.5)
        started.signal(signal.SIGCONT)
        ended = started.end()
    assert ended.code == 0, ended.err


def test_json_is_printed_of_an_interrupted_run(walkerbench: WholeProcess, profile: Profile) -> None:
    with walkerbench.start(*profile(frames=ENDLESS), "--json", "-o", "run") as started:
        started.wait_for_line("frame ")
        started.signal(signal.SIGINT)
        ended = started.end()
    assert ended.code == 130
    assert json.loads(ended.out) == json.loads((walkerbench.cwd / "run" / "run.json").read_text())
