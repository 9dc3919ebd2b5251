from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from recorded_runs import run_file
from rich.console import Console

from walkerbench.criteria.judging import Verdict
from walkerbench.errors import ExitCode
from walkerbench.reports.terminal.repeats import report
from walkerbench.running.repeats import ChildRun, Repeats


def verdict(outcome: Any) -> Verdict:
    return Verdict(criterion="meals > 0", stage=None, value=None, outcome=outcome, detail="")


@pytest.fixture
def shown() -> Any:
    def show(*runs: Any, count: int | None = None) -> list[Any]:
        text = io.StringIO()
        console = Console(file=text, width=80)
        for part in report(Repeats(runs, False), count or len(runs)):
            console.print(part, highlight=False)
        return [line.rstrip() for line in text.getvalue().splitlines()]

    return show


def child(number: Any, code: int = 0, *, crash: Any = None, **changes: Any) -> ChildRun:
    return ChildRun(Path("out") / str(number), run_file(str(number), **changes), ExitCode(code), crash)


def test_one_row_per_run_and_the_result_of_all(shown: Any) -> None:
    assert shown(child(1, verdicts=[verdict("pass")]), child(2, frame_ms=4.0, verdicts=[verdict("pass")])) == [
        "run   frames/s   mean ms   p99 ms   max ms   verdict",
        "────────────────────────────────────────────────────",
        "1        500.0     2.000    2.000    2.000      PASS",
        "2        250.0     4.000    4.000    4.000      PASS",
        "",
        "Recorded in",
        "1  out/1",
        "2  out/2",
        "",
        "PASS in each of 2 runs: every criterion is met.",
    ]


def test_a_verdict_of_some_runs_names_these_runs(shown: Any) -> None:
    lines = shown(
        child(1, verdicts=[verdict("fail")]),
        child(2, verdicts=[verdict("pass")]),
        child(3, 1, verdicts=[verdict("fail")]),
        ChildRun(Path("out/4"), None, ExitCode.UNUSABLE, None),
        count=6,
    )
    assert lines[5].split() == ["4", *"––––", "NO", "VERDICT"]  # noqa: RUF001
    assert lines[-4:] == [
        "FAIL in run 1, 3: not met: meals > 0.",
        "PASS in run 2: every criterion is met.",
        "NO VERDICT in run 4: nothing was recorded.",
        "4 of 6 runs were started.",
    ]


def test_faults_and_crashes_are_shown(shown: Any) -> None:
    lines = shown(child(1, 3, crash="was killed by SIGKILL", state="running", faults="10 % more work"), count=2)
    assert lines[0] == "FAULTS INJECTED: 10 % more work"
    assert "NO VERDICT in run 1: its process was killed by SIGKILL." in lines
