from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from benches import InProcessBench
from whole_process import WholeProcess

from walkerbench.criteria import grammar
from walkerbench.errors import Interrupted
from walkerbench.modes.registry import MODES
from walkerbench.reports.wording.numbers import NOT_MEASURED
from walkerbench.selftest import run_cases
from walkerbench.selftest.cases import CASES

FAULTS = ("none: the clean control", "a frame of 250 ms", "a worker that exits")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reduce the self-test to three cases in one mode, without a process for each."""
    planned = [("sequential", case) for case in CASES if case.name in FAULTS]
    monkeypatch.setattr(run_cases, "planned_cases", lambda modes: iter(planned))
    monkeypatch.setattr(run_cases, "ProcessBench", lambda signals: InProcessBench())


@pytest.mark.usefixtures("short")
def test_a_table_says_what_is_proven(command: Any) -> None:
    ended = command("selftest", "-q")
    assert (ended.code, ended.err) == (0, "")
    words = " ".join(ended.out.split())
    assert "fault exit code: criterion sequential" in words
    assert "none: the clean control 0 proven" in words
    assert "a frame of 250 ms 1: frame_ms.max < 200 proven" in words
    assert f"{NOT_MEASURED} a worker that exits, in sequential: its workers share a process" in words
    assert "PASS: 2 proofs in " in words
    assert max(map(len, ended.out.splitlines())) <= 80


@pytest.mark.usefixtures("short")
def test_a_failed_proof_is_named_and_ends_with_1(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grammar.Criterion, "holds", lambda *_: True)
    ended = command("selftest")
    assert ended.code == 1
    words = " ".join(ended.out.split())
    assert "not proven: a frame of 250 ms, sequential: exit code 0 in place of 1; fails by nothing in" in words
    assert words.endswith("FAIL: 1 of 2 proofs failed: do not rely on the gate here.")
    assert ended.err.startswith("sequential  1/3  none: the clean control")


@pytest.mark.usefixtures("short")
def test_json_holds_every_proof(command: Any) -> None:
    ended = command("selftest", "--json", "-q")
    found = json.loads(ended.out)
    assert (ended.code, found["exit_code"]) == (0, 0)
    assert [proof["fault"] for proof in found["proofs"]] == list(FAULTS)
    slow = found["proofs"][1]
    assert (slow["proven"], slow["mode"]) == (True, "sequential")
    assert slow["expected"]["failed"] == slow["observed"]["failed"] == ["frame_ms.max < 200"]
    assert 300 in [frame for frame, _ in slow["observed"]["slow_frames"]]


@pytest.mark.usefixtures("short")
def test_an_interrupt_has_no_result(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise Interrupted("interrupted: the self-test has no result")

    monkeypatch.setattr(InProcessBench, "record", interrupted)
    ended = command("selftest", "-q")
    assert (ended.code, ended.out) == (130, "")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.promise("verdicts", "Every fault that the gate exists for trips its criterion, message and exit code.")
def test_every_proof_succeeds_and_nothing_is_left(tmp_path: Path) -> None:
    for name in ("work", "temporary"):
        (tmp_path / name).mkdir()
    with WholeProcess(tmp_path / "work", tmp_path / "temporary").start("selftest", "--json") as started:
        out, _ = started.process.communicate()
        assert started.left() == []
    found = json.loads(out)
    assert [proof for proof in found["proofs"] if not proof["proven"]] == []
    assert started.process.returncode == 0
    assert {proof["mode"] for proof in found["proofs"]} == set(MODES.names())
    assert [list((tmp_path / name).iterdir()) for name in ("work", "temporary")] == [[], []]
