"""`walkerbench check` in a process of its own, on workloads that would kill or block the process that runs them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from broken_herds import BROKEN
from whole_process import Ended, WholeProcess

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


@pytest.fixture
def check(tmp_path: Path) -> Any:
    """Return a function that checks a class of `broken`, and asserts that no process and no file is left."""
    (tmp_path / "work").mkdir()
    (tmp_path / "temporary").mkdir()
    (tmp_path / "work" / "broken.py").write_text(BROKEN)
    walkerbench = WholeProcess(tmp_path / "work", tmp_path / "temporary")

    def ended(name: str, *options: str, **how: Any) -> Ended:
        done = walkerbench("check", f"broken:{name}", *options, **how) if name else walkerbench(*options, **how)
        assert walkerbench.leftovers() == []
        return done

    return ended


def rules(ended: Ended) -> dict[str, list[str]]:
    return {each["rule"]: [each["holds"], each["detail"]] for each in json.loads(ended.out)["rules"]}


def test_a_sound_workload_ends_with_0(check: Any) -> None:
    ended = check("Sound", "--frames", "4")
    assert ended.code == 0, ended.err
    assert ended.err == ""
    assert ended.out.splitlines()[-1] == "KEEPS THE CONTRACT: 11 of 11 rules hold."


def test_copies_that_a_workload_forks_end_by_themselves(check: Any) -> None:
    ended = check("Forks", "--frames", "9", "--json")
    found = rules(ended)
    assert found["leaves its process as it was"] == ["does not hold", "it left 1 process behind"]
    assert found["process mode, the same digests"][0] == "holds"
    assert ended.code == 1


def test_processes_that_a_workload_leaves_are_ended(check: Any) -> None:
    ended = check("Leaves", "--frames", "9", "--json")
    assert rules(ended)["leaves its process as it was"][0] == "does not hold"
    assert ended.code == 1


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Hangs", "it did not end within 3 s: it hangs, or is slow"),
        ("Dies", "its process exited with status 0 before it answered"),
        ("Exits", "worker 0 (agents 0 to 5) raised SystemExit: 0 in frame 7"),
        ("Raises", "worker 0 (agents 0 to 5) raised ValueError: a sheep stumbled in frame 7"),
    ],
)
def test_a_workload_that_ends_its_process_does_not_end_the_check(check: Any, name: str, line: str) -> None:
    ended = check(name, "--timeout", "3s" if name == "Hangs" else "60s")
    assert ended.error == f"walkerbench: workload 'broken:{name}' could not be run: {line}"
    assert (ended.code, ended.out) == (3, "")
    assert "walkerbench/" not in ended.err


def test_output_is_counted_and_harmless(check: Any) -> None:
    found = rules(check("Prints", "--frames", "2", "--json"))
    assert {holds for holds, _ in found.values()} == {"holds", "note"}
    assert found["prints"][1].endswith("bytes in 2 frames")


def test_an_unknown_class_exits_with_2(check: Any) -> None:
    ended = check("Hurd")
    assert (ended.code, ended.out) == (2, "")
    assert ended.error.startswith("walkerbench: --workload: workload 'broken:Hurd': broken has no 'Hurd'; ")


def test_a_test_class_checks_a_workload_against_the_contract(check: Any, tmp_path: Path) -> None:
    test = tmp_path / "work" / "test_herds.py"
    test.write_text(
        "from walkerbench.testing import WorkloadTests\n\n"
        "class TestNoState(WorkloadTests):\n    spec, frames = 'broken:NoState', 3\n\n"
        "class TestRaises(WorkloadTests):\n    spec = 'broken:Raises'\n"
    )
    ended = check("", test.name, command=PYTEST)
    assert ended.code == 1
    assert "it cannot be run: worker 0 (agents 0 to 5) raised ValueError: a sheep stumbled in frame 7" in ended.out
    assert "1 failed, 1 passed" in ended.out
