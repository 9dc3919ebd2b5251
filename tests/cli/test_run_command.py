from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from walkerbench.errors import EmergencyShutdown, Interrupted, OutputLost, WorkerCrashed, WorkerFailed
from walkerbench.profile.loading import load_profile
from walkerbench.profile.model import Stage


def test_the_result_goes_to_stdout_and_progress_to_stderr(command: Any, runner: Any, tmp_path: Path) -> None:
    ended = command("run")
    assert ended.code == 0
    assert "PASS: every criterion is met." in ended.out
    assert str(tmp_path) in "".join(line.strip() for line in ended.out.splitlines())
    assert ended.err == (
        f"recording into {tmp_path / 'run'}\nframe 60/3600  120 frames/s  8.33 ms  1.23 cores  0:30 left\n"
    )
    assert "\x1b" not in ended.out + ended.err
    assert max(map(len, ended.out.splitlines())) <= 80
    assert runner.profile == load_profile("default")
    assert runner.command_line == ["walkerbench", "run"]


def test_every_option_reaches_the_profile(command: Any, runner: Any, tmp_path: Path) -> None:
    options = (
        "--profile smoke --mode process --workers 2 --agents 8 --duration 1.5m --seed 7 --warmup 9 --pace realtime"
    )
    ended = command(
        "run", *options.split(), "--criterion", "frame_ms.p99<50", "--criterion", "meals > 0", "-o", str(tmp_path / "x")
    )
    assert ended.code == 0
    profile = runner.profile
    assert (profile.name, profile.mode, profile.workers, profile.seed) == ("smoke", "process", 2, 7)
    assert (profile.warmup, profile.pace) == (9, "realtime")
    assert profile.stages == (Stage(agents=8, duration_s=90.0),)
    assert {"frame_ms.p99 < 50", "meals > 0"} <= {str(criterion) for criterion in profile.criteria}
    assert runner.output == tmp_path / "x"


def test_frames_reach_the_profile(command: Any, runner: Any) -> None:
    command("run", "--frames", "1000")
    assert runner.profile.stages == (Stage(agents=60, frames=1000),)


def test_json_is_the_only_thing_on_stdout(command: Any, runner: Any, tmp_path: Path) -> None:
    ended = command("run", "--json")
    assert json.loads(ended.out) == json.loads((tmp_path / "run" / "run.json").read_text())
    assert ended.err != ""


def test_quiet_says_nothing_on_stderr_and_prints_the_result(command: Any, runner: Any) -> None:
    ended = command("run", "-q")
    assert ended.err == ""
    assert "PASS" in ended.out


def test_a_run_is_one_screen_and_verbose_prints_all_figures(command: Any, runner: Any) -> None:
    short = command("run", "-q", "-o", f"{runner.root}/a").out
    assert len(short.splitlines()) <= 24
    assert "Judged frames, in ms" not in short
    full = command("run", "-q", "-v", "-o", f"{runner.root}/b").out
    assert full.startswith("PASS: every criterion is met.\n")
    assert "\nJudged frames, in ms\n" in full


def test_verbose_adds_the_machine(command: Any, runner: Any) -> None:
    assert "load_average" not in command("run", "-o", f"{runner.root}/a").out
    assert "load_average" in command("run", "-v", "-o", f"{runner.root}/b").out


@pytest.mark.parametrize(
    ("state", "outcome", "code"),
    [
        ("finished", "pass", 0),
        ("finished", "fail", 1),
        ("finished", "unsupported", 4),
        ("emergency", "fail", 1),
        ("interrupted", "fail", 130),
    ],
)
def test_the_exit_code_is_the_verdict(command: Any, runner: Any, state: str, outcome: str, code: int) -> None:
    verdicts = [{**dataclasses.asdict(verdict), "outcome": outcome} for verdict in runner.result.verdicts]
    runner.result = runner.result.changed(state=state, verdicts=verdicts, emergency_shutdowns=int(state == "emergency"))
    assert command("run").code == code


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (WorkerCrashed(1, (30, 60), 812, -9), 3, "worker 1 (agents 30 to 59) was killed by SIGKILL (out of memory?) "
         "in frame 812"),
        (OutputLost("run.json: can no longer be written"), 3, "run.json: can no longer be written"),
    ],
)  # fmt: skip
def test_a_broken_run_says_why_and_where_it_is_kept(
    command: Any, runner: Any, error: Exception, code: int, line: str
) -> None:
    runner.error = error
    ended = command("run", "-q")
    assert ended.code == code
    assert ended.out == ""
    assert ended.err == f"what was recorded is kept: {runner.root / 'run'}\nwalkerbench: {line}\n"


@pytest.mark.parametrize(("error", "code"), [(EmergencyShutdown("too slow"), 1), (Interrupted("by the user"), 130)])
def test_other_deliberate_errors_end_with_their_code(command: Any, runner: Any, error: Exception, code: int) -> None:
    runner.error = error
    ended = command("run", "-q")
    assert (ended.code, ended.out, ended.err) == (code, "", f"walkerbench: {error}\n")


def test_ctrl_c_that_no_code_caught_ends_with_130(command: Any, runner: Any) -> None:
    runner.error = KeyboardInterrupt()
    ended = command("run", "-q")
    assert ended.code == 130
    assert ended.err.strip() == "walkerbench: interrupted"


def test_an_unexpected_error_is_one_line_and_with_v_a_traceback(command: Any, runner: Any) -> None:
    runner.error = ZeroDivisionError("division\nby zero")
    ended = command("run", "-q", "-o", f"{runner.root}/a")
    assert ended.code == 70
    assert ended.err == (
        "walkerbench: internal error: ZeroDivisionError: division by zero; run again with -v for the traceback\n"
    )
    told = command("run", "-q", "-v", "-o", f"{runner.root}/b").err
    assert told.startswith("walkerbench: internal error: ZeroDivisionError: division by zero\nTraceback (most recent")
    assert "conftest.py" in told


def test_a_call_of_sys_exit_is_a_fault_and_no_pass(command: Any, runner: Any) -> None:
    runner.error = SystemExit(0)
    ended = command("run")
    assert (ended.code, ended.out) == (70, "")
    assert "internal error: RuntimeError: sys.exit(0) was called within a command" in ended.err


def test_a_failed_workers_own_traceback_comes_with_v(command: Any, runner: Any) -> None:
    runner.error = WorkerFailed(0, (0, 30), 4, "ValueError: no", "Traceback of the worker")
    assert "Traceback of the worker" not in command("run", "-q", "-o", f"{runner.root}/a").err
    assert "Traceback of the worker" in command("run", "-q", "-v", "-o", f"{runner.root}/b").err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mode", "fast"], "--mode: no such mode: 'fast'; there are sequential, threaded, process"),
        (["--workload", "wakler"], "--workload: no such workload: 'wakler'; did you mean walker? there are walker"
        "; code of your own is MODULE:NAME, such as mysim:Herd"),
        (["--agents", "0"], "--agents: 0 is wrong; allowed: 1 to 1000000"),
        (["--agents", "-5"], "--agents: -5 is wrong; allowed: 1 to 1000000"),
        (["--agents", "many"], "Invalid value for '--agents': 'many' is no whole number of at most 20 digits. "
         "(see `walkerbench run --help`)"),
        (["--agents", "4", "--mode", "process", "--workers", "5"], "--workers: 5 workers for 4 agents; "
         "allowed: at most 4"),
        (["--frames", "100"], "--warmup: 240 frames of warm-up leave none of 100 to judge; allowed: less than 100, "
         "for instance 10"),
        (["--duration", "0"], "--duration: 0.0 is wrong; allowed: 0.001 to 31622400"),
        (["--duration", "5 minutes"], "Invalid value for '--duration': '5 minutes' is no duration: give seconds, or a "
         "number with s, m or h, as in 90s or 5m. (see `walkerbench run --help`)"),
        (["--profile", "smke"], "profile 'smke': no such profile; did you mean smoke? there are default, bottleneck, "
         "guide, ramp, smoke, soak, threads; a file is given by a path with .toml"),
        (["--profile", "gone/x.toml"], "gone/x.toml: no such file; `walkerbench profiles` lists the profiles there "
         "are"),
        (["--agnets", "3"], "No such option '--agnets'. (Did you mean one of: '--agents', '--frames'?) "
         "(see `walkerbench run --help`)"),
        (["here"], "Got unexpected extra argument (here) (see `walkerbench run --help`)"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_exit_2_and_nothing_runs(
    command: Any, runner: Any, arguments: list[str], message: str
) -> None:
    ended = command("run", *arguments)
    assert (ended.code, ended.out, ended.err) == (2, "", f"walkerbench: {message}\n")
    assert runner.profile is None


def test_a_wrong_profile_gives_a_line_for_each_problem(command: Any, runner: Any, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text("agents = 0\nseed = -1\n")
    ended = command("run", "--profile", str(path))
    assert ended.code == 2
    assert ended.err.splitlines() == [
        f"walkerbench: {path}: agents: 0 is wrong; allowed: 1 to 1000000",
        f"walkerbench: {path}: seed: -1 is wrong; allowed: 0 to 9223372036854775807",
    ]


def test_closed_stderr_does_not_change_the_run(command: Any, runner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    ended = command("run")
    assert ended.code == 0
    assert "PASS" in ended.out
