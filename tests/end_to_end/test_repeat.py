"""`walkerbench run --repeat N`, run as a process."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import psutil
from whole_process import WholeProcess, rows, until

from walkerbench.run_directory import read_recorded

Profile = Callable[..., list[str]]

ENDLESS = 10**7
HANGING_S = 3600


def test_each_run_has_a_folder_and_a_row(walkerbench: WholeProcess, profile: Profile) -> None:
    arguments = [*profile(), "--repeat", "2", "--criterion", "meals >= 0", "-o", "out"]
    ended = walkerbench(*arguments)
    assert ended.code == 0
    heads = [line for line in ended.err.splitlines() if not line.startswith("frame ")]
    assert heads == ["run 1 of 2", "recording into out/1", "run 2 of 2", "recording into out/2"]
    lines = ended.out.splitlines()
    assert lines[0].split("  ")[0] == "run"
    assert [(line.split()[0], line.split()[-1]) for line in lines[2:4]] == [("1", "PASS"), ("2", "PASS")]
    assert lines[6:8] == ["1  out/1", "2  out/2"]
    assert lines[-1] == "PASS in each of 2 runs: every criterion is met."
    runs = [read_recorded(walkerbench.cwd / "out" / name).run for name in "12"]
    assert runs[0].digest == runs[1].digest
    assert [list(run.command_line[1:]) for run in runs] == [arguments, arguments], "as the user typed it"


def test_after_a_failed_criterion_repeats_go_on_and_json_is_a_list(walkerbench: WholeProcess, profile: Profile) -> None:
    arguments = profile(criteria={"meals": "< 0"}, faults={"stall_frames": {"0": 0.001}})
    ended = walkerbench(*arguments, "--repeat", "2", "-q", "--json")
    assert (ended.code, ended.err) == (1, "")
    runs = [read_recorded(path).run for path in sorted((walkerbench.cwd / ".walkerbench" / "runs").iterdir())]
    assert json.loads(ended.out) == [json.loads(run.model_dump_json()) for run in runs]
    assert [run.state for run in runs] == ["finished", "finished"]


def test_one_repeat_is_a_plain_run(walkerbench: WholeProcess, profile: Profile) -> None:
    ended = walkerbench(*profile(), "--repeat", "1", "-q", "-o", "run")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("PASS: every criterion is met.\n\nPASS  ")
    assert read_recorded(walkerbench.cwd / "run").run.state == "finished"


def test_an_interrupt_ends_the_run_in_order_and_all_later_repeats(walkerbench: WholeProcess, profile: Profile) -> None:
    with walkerbench.start(*profile(frames=ENDLESS), "--repeat", "3", "-o", "out") as started:
        started.wait_for_line("frame ")
        started.signal(signal.SIGINT)
        ended = started.end()
    assert ended.code == 130
    assert "Traceback" not in ended.err
    assert [path.name for path in (walkerbench.cwd / "out").iterdir()] == ["1"]
    run = read_recorded(walkerbench.cwd / "out" / "1").run
    assert run.state == "interrupted"
    assert str(run.ended_because).startswith("SIGINT after ")  # once: the signal from the terminal does not count twice
    assert "NO VERDICT in run 1: the run was interrupted" in ended.out
    assert ended.out.endswith("1 of 3 runs were started.\n")


def test_a_run_that_crashes_is_named_and_kept(walkerbench: WholeProcess, profile: Profile) -> None:
    arguments = profile(faults={"stall_frames": {"20": 0.6, "21": HANGING_S}})
    with walkerbench.start(*arguments, "--repeat", "2", "-q", "-o", "out") as started:
        until(lambda: rows(walkerbench.cwd / "out" / "1") == 21)
        psutil.Process(started.process.pid).children()[0].kill()
        ended = started.end()
    assert ended.code == 3
    assert ended.err == "walkerbench: run 1 of 2: its process was killed by SIGKILL (out of memory?)\n"
    assert "NO VERDICT in run 1: its process was killed by SIGKILL (out of memory?)." in ended.out
    assert rows(walkerbench.cwd / "out" / "1") == 21


def test_a_wrong_request_gives_one_error_and_no_run(walkerbench: WholeProcess, profile: Profile) -> None:
    (walkerbench.cwd / "out").mkdir()
    ended = walkerbench(*profile(), "--repeat", "2", "-o", "out")
    message = "walkerbench: out: the output exists already: give a directory that does not\n"
    assert (ended.code, ended.out, ended.err) == (2, "", message)
    ended = walkerbench(*profile(), "--repeat", "2", "--workers", "0", "-o", "new")
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert sorted(path.name for path in walkerbench.cwd.iterdir()) == ["out", "tiny.toml"]
