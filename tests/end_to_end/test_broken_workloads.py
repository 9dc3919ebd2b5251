"""Workloads that break a rule or kill their process, run by the commands that measure: no command leaves anything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from broken_herds import BROKEN
from whole_process import Ended, WholeProcess

import walkerbench
from walkerbench.modes.registry import MODES

OURS = str(Path(walkerbench.__file__).parent)
FEW = ("--agents", "6", "--warmup", "2", "--quiet")
Command = Callable[..., Ended]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Carries out a command in a directory that holds `broken.py`, and asserts that it leaves nothing."""
    work, temporary = tmp_path / "work", tmp_path / "temporary"
    for folder in (work, temporary):
        folder.mkdir()
    (work / "broken.py").write_text(BROKEN)
    whole = WholeProcess(work, temporary)

    def ended(*arguments: str) -> Ended:
        done = whole(*arguments)
        assert whole.leftovers() == []
        return done

    return ended


def run(command: Command, name: str, mode: str, *options: str) -> Ended:
    return command(
        *("run", "--workload", f"broken:{name}", "--mode", mode, "--frames", "12", "--criterion", "frame_ms.max < 1e6"),
        *FEW, *options,
    )  # fmt: skip


@pytest.mark.parametrize("mode", MODES.names())
@pytest.mark.parametrize(
    ("name", "error", "line"),
    [
        ("Raises", "raised ValueError: a sheep stumbled in frame 7", "self.stumble()"),
        ("Exits", "raised SystemExit: 0 in frame 7", "sys.exit(0)"),
    ],
)
def test_an_exception_keeps_the_lines_of_the_user(
    command: Command, name: str, error: str, line: str, mode: str
) -> None:
    ended = run(command, name, mode)
    assert (ended.code, ended.out) == (3, "")
    assert ended.error.startswith("walkerbench: worker ")
    assert ended.error.endswith(f") {error}")
    assert line in ended.err
    assert OURS not in ended.err


@pytest.mark.parametrize("mode", MODES.names())
@pytest.mark.parametrize("name", ["Prints", "Forks", "Threads", "Moves"])
def test_a_harmless_broken_rule_lets_the_run_end(command: Command, name: str, mode: str) -> None:
    ended = run(command, name, mode, "-o", "run", "--json")
    assert ended.code == 0, ended.err
    start = ended.out.index('{\n  "')
    assert json.loads(ended.out[start:])["state"] == "finished"


def test_without_a_state_the_same_work_is_not_claimed(command: Command) -> None:
    reason = "broken:NoState has no state()"
    ended = run(command, "NoState", "sequential", "-o", "run")
    assert ended.code == 0, ended.err
    assert ended.out.startswith(f"SAME WORK NOT PROVEN: {reason}\n\nPASS: ")
    recorded = json.loads(command("show", "run", "--json").out)
    assert recorded["workload"]["same_work_not_proven"] == reason
    assert (recorded["digest"], {each["digest"] for each in recorded["checkpoints"]}) == (None, {None})
    run(command, "NoState", "sequential", "-o", "other")
    compared = command("compare", "run", "other", "--json")
    assert compared.code in (0, 1, 4), compared.err
    told = json.loads(compared.out)
    assert (told["did_same_work"], told["same_work_not_proven"]) == (False, reason)
    for form in ("markdown", "junit", "chrome-trace"):
        assert reason in command("export", "run", "--format", form).out


def test_random_work_is_not_reported_as_a_fault_of_a_mode(command: Command) -> None:
    sides = ("mode=sequential", "mode=threaded")
    ended = command("ab", *sides, "--workload", "broken:Chance", *FEW, "--rounds", "11")
    assert (ended.code, ended.out) == (2, "")
    assert ended.error.startswith("walkerbench: side 'mode=sequential' is not deterministic: after frame 1, ")


def test_an_exception_in_a_session_keeps_the_lines_of_the_user(command: Command) -> None:
    sides = ("mode=sequential", "mode=process")
    ended = command("ab", *sides, "--workload", "broken:Raises", *FEW, "--rounds", "11")
    assert (ended.code, ended.out) == (3, "")
    assert "raised ValueError: a sheep stumbled in frame 7" in ended.error
    assert "self.stumble()" in ended.err
    assert OURS not in ended.err


EVERY = re.findall(r"^class (\w+)", BROKEN, re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES.names())
@pytest.mark.parametrize("name", EVERY)
def test_a_broken_workloads_run_shows_no_lines_of_walkerbench(command: Command, name: str, mode: str) -> None:
    if (name, mode) == ("Hangs", "sequential"):
        pytest.skip("the thread that hangs is the one that would have to notice")
    ended = run(command, name, mode, "-o", "run")
    assert ended.code in (0, 2, 3), ended.err
    assert OURS not in ended.err


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY)
def test_a_broken_workloads_comparison_shows_none_either(command: Command, name: str) -> None:
    sides = ("mode=threaded", "mode=process")
    ended = command("ab", *sides, "--workload", f"broken:{name}", *FEW, "--rounds", "4", "--alpha", "45%")
    assert ended.code in (0, 1, 2, 3, 4), ended.err
    assert OURS not in ended.err
