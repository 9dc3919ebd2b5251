"""What commands write to stdout and to stderr, and their exit codes."""

from __future__ import annotations

import json
import os
import pty
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from whole_process import DEADLINE_S, WholeProcess, without_pictures

import walkerbench as package
from walkerbench.reports.terminal.short_run import MOST_LINES_OF_A_RUN
from walkerbench.run_directory import read_recorded

Profile = Callable[..., list[str]]

ESCAPE = "\x1b"
COLOUR = re.compile(r"\x1b\[[0-9;]*\b(3[0-7]|9[0-7])m|\x1b\[[0-9;]*38;")
WIDTH = 80


def test_the_version_is_printed(walkerbench: WholeProcess) -> None:
    ended = walkerbench("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"walkerbench, version {package.__version__}\n", "")


@pytest.mark.parametrize("mode", ["sequential", "threaded", "process"])
def test_a_run_prints_its_result_and_show_prints_it_again(
    walkerbench: WholeProcess, profile: Profile, mode: str
) -> None:
    ended = walkerbench(*profile(), "--mode", mode, "-v", "-o", "run")
    assert ended.code == 0
    assert ended.out.startswith("PASS: every criterion is met.\n")
    assert ended.out.endswith("\nPASS: every criterion is met.\n")
    assert ended.err.splitlines()[0] == "recording into run"
    assert all(line.startswith("frame ") for line in ended.err.splitlines()[1:])
    shown = walkerbench("show", "run", "-v")
    assert (shown.code, without_pictures(shown.out), shown.err) == (0, ended.out, "")
    assert shown.out != ended.out
    for text in (ended.out, ended.err):
        assert ESCAPE not in text
        assert max(len(line) for line in text.splitlines()) <= WIDTH


@pytest.mark.parametrize("colour", ["NO_COLOR", "FORCE_COLOR"])
def test_a_run_prints_a_screen_and_names_the_commands_for_more(
    walkerbench: WholeProcess, profile: Profile, colour: str
) -> None:
    ended = walkerbench(*profile(), "--mode", "threaded", "-q", env={colour: "1"})
    assert (ended.code, ended.err) == (0, "")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", ended.out)
    assert (plain != ended.out) == (colour == "FORCE_COLOR")
    lines = plain.splitlines()
    assert lines[0] == "PASS: every criterion is met."
    assert len(lines) <= MOST_LINES_OF_A_RUN
    assert max(map(len, lines)) <= WIDTH
    assert "all figures   walkerbench show @latest" in lines
    assert walkerbench("show", "@latest").out.startswith("PASS: every criterion is met.\n")


def test_json_is_all_of_stdout_and_quiet_is_silent(walkerbench: WholeProcess, profile: Profile) -> None:
    ended = walkerbench(*profile(faults={"stall_frames": {"20": 0.6}}), "--json", "-q", "-o", "run")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == json.loads((walkerbench.cwd / "run" / "run.json").read_text())
    assert walkerbench("show", "run", "--json").out == ended.out


SLOW = {"faults": {"stall_frames": {"12": 0.3, "13": 0.3}}, "safeguards": {"slow_frame_s": 0.25, "slow_frames": 2}}
STOPPED = "FAIL: emergency shutdown after frame 13: 2 frames in a row took longer than 0.25 s."


@pytest.mark.parametrize(
    ("mode", "changes", "code", "word"),
    [
        ("sequential", {"criteria": {"ai_updates": "< 1"}}, 1, "FAIL: not met: ai_updates < 1."),
        ("sequential", {"criteria": {"frame_ms.p99": "< 9"}}, 4, "could not be judged: frame_ms.p99 < 9."),
        ("sequential", SLOW, 1, STOPPED),
        ("process", SLOW, 1, STOPPED),
        ("threaded", {**SLOW, "warmup": 30}, 1, STOPPED),
    ],
)  # fmt: skip
def test_the_exit_code_is_the_verdict(
    walkerbench: WholeProcess, profile: Profile, mode: str, changes: dict[str, object], code: int, word: str
) -> None:
    ended = walkerbench(*profile(**changes), "--mode", mode, "-q", "-o", "run")
    assert (ended.code, ended.err) == (code, "")
    assert word in " ".join(ended.out.split())
    assert len(ended.out.splitlines()) <= MOST_LINES_OF_A_RUN
    assert " ".join(walkerbench("show", "run").out.split()).endswith(word)


def test_a_name_may_be_in_any_script_or_be_undecodable(walkerbench: WholeProcess, profile: Profile) -> None:
    name = "Läufe 日本/🎉\n\udcff"
    ended = walkerbench(*profile(), "-q", "-v", "-o", name)
    assert (ended.code, ended.err) == (0, "")
    assert read_recorded(walkerbench.cwd / name).run.state == "finished"
    assert without_pictures(walkerbench("show", name, "-v").out) == ended.out


@pytest.mark.parametrize(("mode", "closed"), [("sequential", (1,)), ("sequential", (2,)), ("process", (0, 1, 2))])
def test_closed_streams_do_not_spoil_a_run(
    walkerbench: WholeProcess, profile: Profile, mode: str, closed: tuple[int, ...]
) -> None:
    def close() -> None:
        for number in closed:
            os.close(number)

    ended = walkerbench(*profile(), "--mode", mode, "-o", "run", preexec_fn=close)
    assert ended.code == 0
    recorded = read_recorded(walkerbench.cwd / "run")
    assert (recorded.run.state, len(recorded.frames)) == ("finished", 40)
    assert (ended.out == "") == (1 in closed)
    assert (ended.err == "") == (2 in closed)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_result_that_cannot_be_printed_is_kept(walkerbench: WholeProcess, profile: Profile) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device
        ended = walkerbench(*profile(), "-q", "-o", "run", stdout=full)
    assert ended.code == 2
    assert ended.err == "walkerbench: standard output cannot be written: No space left on device; make room for it\n"
    assert read_recorded(walkerbench.cwd / "run").run.state == "finished"


def on_a_terminal(walkerbench: WholeProcess, *arguments: str, **environment: str) -> str:
    """Return what a command writes to a terminal that is both its stdout and its stderr."""
    ours, theirs = pty.openpty()
    text = b""
    environment = {"TERM": "xterm-256color", **environment}
    with walkerbench.start(*arguments, stdout=theirs, stderr=theirs, env=environment) as started:
        os.close(theirs)
        while chunk := read_some(ours):
            text += chunk
        assert started.process.wait(DEADLINE_S) == 0
    os.close(ours)
    return text.decode()


def read_some(number: int) -> bytes:
    try:
        return os.read(number, 65536)
    except OSError:  # the terminal's error when no process can write to it any more
        return b""


def test_there_is_colour_on_a_terminal_unless_no_color_is_set(walkerbench: WholeProcess, recorded: Path) -> None:
    assert COLOUR.search(on_a_terminal(walkerbench, "show", recorded.name))
    plain = on_a_terminal(walkerbench, "show", recorded.name, NO_COLOR="1")
    assert "PASS: every criterion is met." in re.sub(r"\x1b\[[0-9;]*m", "", plain)
    assert not COLOUR.search(plain)


def test_live_progress_leaves_the_terminal_as_it_was(walkerbench: WholeProcess, profile: Profile) -> None:
    text = on_a_terminal(walkerbench, *profile(faults={"stall_frames": {"20": 0.3}}), "-o", "run")
    assert "frame 21/40" in text
    assert text.count(f"{ESCAPE}[?25l") == text.count(f"{ESCAPE}[?25h") == 1
    assert text.index(f"{ESCAPE}[?25h") < text.index("every criterion is met")
