from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from recorded_runs import recorded, run_file, write

FOLDER = Path(".walkerbench/runs")


class Terminal(io.StringIO):
    """A terminal at which a user types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """Record runs in the default folder, and return them, oldest first."""
    return [write(FOLDER / name, recorded(str(second))) for second, name in enumerate("abc", 1)]


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(text))


def left() -> list[str]:
    return sorted(path.name for path in FOLDER.iterdir())


def test_runs_are_listed_newest_first_with_their_facts(command: Any, three: list[Path]) -> None:
    write(FOLDER / "d", recorded("9", criteria=["frame_ms.mean < 1"]))
    ended = command("runs")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0::2][:4] == [f"{FOLDER}/{name}" for name in "dcba"]
    assert lines[1].split() == ["FAIL", "toy", "sequential", "3", "agents", "0.0", "MB", *lines[1].split()[-3:]]
    assert lines[1].endswith(" ago")
    assert lines[-1] == "4 runs, 0.1 MB"
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("state", "word"),
    [("running", "killed"), ("interrupted", "interrupted"), ("broken", "broken"), ("emergency", "FAIL")],
)
def test_a_run_without_a_verdict_says_why(command: Any, state: str, word: str) -> None:
    reason = None if state == "running" else "something"
    write(FOLDER / "a", recorded("1", run_file("1", state=state, ended_because=reason)))
    assert command("runs").out.splitlines()[1].split()[0] == word


def test_a_damaged_run_is_listed(command: Any, three: list[Path]) -> None:
    (three[0] / "run.json").write_text("{")
    ended = command("runs")
    assert (ended.code, ended.err) == (0, "")
    assert "damaged" in ended.out
    assert f"{three[0]}/run.json: corrupt, not JSON" in " ".join(ended.out.split())


def test_an_empty_folder_says_so(command: Any) -> None:
    ended = command("runs")
    assert (ended.code, ended.out) == (
        0, f"{FOLDER}: no recorded run here: record one with `walkerbench run`\n",
    )  # fmt: skip


def test_another_folder_is_listed(command: Any) -> None:
    write(Path("results/mine"), recorded("1"))
    assert command("runs", "results").out.startswith("results/mine\n")


@pytest.mark.parametrize("folder", ["nowhere", "x" * 300])
def test_a_folder_that_is_not_there_is_a_usage_error(command: Any, folder: str) -> None:
    ended = command("runs", folder)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)


def test_json_has_every_fact(command: Any, three: list[Path]) -> None:
    (three[0] / "run.json").write_text("{")
    found = {each["directory"]: each for each in json.loads(command("runs", "--json").out)}
    whole, damaged = found[str(three[2])], found[str(three[0])]
    assert (whole["run"]["verdict"], whole["run"]["agents"], whole["problem"]) == ("INCONCLUSIVE", [3], None)
    assert whole["started_utc"] == "2026-01-02T03:04:03+00:00"
    assert whole["size_bytes"] > 0
    assert whole["age_s"] > 0
    assert damaged["run"] is None
    assert "corrupt" in damaged["problem"]


def test_json_of_no_runs_is_an_empty_list(command: Any) -> None:
    assert json.loads(command("runs", "--json").out) == []


def test_pruning_asks_and_removes_all_but_the_newest(
    command: Any, three: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch, "y\n")
    ended = command("runs", "--prune", "--keep", "1")
    assert (ended.code, left()) == (0, ["c"])
    assert ended.err.startswith("Remove 2 runs, ")
    assert "Removed 2 runs" in ended.out


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "x\n"])
def test_pruning_removes_nothing_without_a_yes(
    command: Any, three: list[Path], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    typed(monkeypatch, answer)
    ended = command("runs", "--prune", "--keep", "0")
    assert (ended.code, left()) == (0, ["a", "b", "c"])
    assert ended.out.endswith("Nothing is removed.\n")


@pytest.mark.promise("left behind", "`walkerbench runs --prune` removes nothing unless a person or --yes agrees.")
@pytest.mark.parametrize("stdin", [None, io.StringIO("y\n")])
def test_pruning_without_a_terminal_needs_yes(
    command: Any, three: list[Path], monkeypatch: pytest.MonkeyPatch, stdin: Any
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    ended = command("runs", "--prune", "--keep", "0")
    assert (ended.code, ended.out, left()) == (2, "", ["a", "b", "c"])
    assert ended.err == (
        "walkerbench: --prune asks before it removes runs, and standard input is no terminal: give --yes\n"
    )
    assert command("runs", "--prune", "--keep", "0", "--yes").code == 0
    assert left() == []


def test_twenty_runs_are_kept_by_default(command: Any) -> None:
    for second in range(22):
        write(FOLDER / f"{second:02}", recorded(str(second)))
    assert command("runs", "--prune", "--yes").code == 0
    assert left() == [f"{second:02}" for second in range(2, 22)]
    assert command("runs", "--prune", "--yes").out == "Nothing to remove.\n"


def test_old_runs_that_are_kept_have_a_reason(command: Any, three: list[Path]) -> None:
    (three[0] / "notes.txt").write_text("mine")
    ended = command("runs", "--prune", "--keep", "1", "--yes")
    assert (ended.code, left()) == (0, ["a", "c"])
    assert f"kept: {three[0]}: it holds 'notes.txt', which is no part of a run" in " ".join(ended.out.split())


def test_a_run_that_cannot_be_removed_is_exit_2(
    command: Any, three: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "rmdir", refuse)
    ended = command("runs", "--prune", "--keep", "2", "--yes")
    assert ended.code == 2
    assert ended.err == f"walkerbench: {three[0]}: kept: it cannot be removed: Operation not permitted\n"


@pytest.mark.parametrize("arguments", [["--yes"], ["--keep", "3"], ["--prune", "--json"]])
def test_options_that_need_or_exclude_pruning(command: Any, arguments: list[str]) -> None:
    ended = command("runs", *arguments)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
