"""No table breaks a word: each is drawn with long names at 80 columns, and its words are those of a wide drawing."""

from __future__ import annotations

import io
import pkgutil
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from comparisons import FINISHED, NOT_SLOWER, SLOWER, compared, gated, side
from recorded_runs import recorded, run_file
from rich.console import Console, RenderableType

from walkerbench.checking.rules import CheckResult, RuleResult
from walkerbench.comparison.comparison_result import Compared
from walkerbench.comparison.suite_result import ComparedTest, SuiteResult
from walkerbench.doctor.checks import Check
from walkerbench.errors import ExitCode
from walkerbench.flamegraph.passes import FlameGraphs, SampledRun
from walkerbench.flamegraph.phase_markers import phase_markers
from walkerbench.flamegraph.stacks import Call, Track
from walkerbench.profile.loading import load_profile
from walkerbench.reports import terminal
from walkerbench.reports.terminal import (
    attribution,
    check,
    comparison,
    doctor,
    flamegraph,
    gate,
    profiles,
    repeats,
    run,
    runs,
    selftest,
    short_run,
    suite,
    tables,
)
from walkerbench.run_directory import RunFile
from walkerbench.run_directory.listing import ListedRun, RunFacts
from walkerbench.running.repeats import ChildRun, Repeats
from walkerbench.selftest.proofs import Expected, Proof, SelfTestResult
from walkerbench.workloads.main_phase import MainPhase

LONG = "a_name_that_is_as_long_as_names_of_users_are"  # 44 characters
LONGER = f"tests/{LONG}.py::{LONG[:20]}"
MODES = ("sequential", "threaded", "process")
RULE = set("─")
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def long_run() -> RunFile:
    """Return a run of several stages with long names everywhere."""
    verdicts = [
        {"criterion": f"{LONG}_ms.p99 < 50", "stage": stage, "value": value, "outcome": outcome, "detail": "too few"}
        for stage, value, outcome in ((0, 12345.6789, "fail"), (1, None, "unsupported"), (None, 1.0, "pass"))
    ]
    stages = [
        {**dict(FINISHED.stages[0]), "stage": number, "population": {LONG: 10**12 + 0.5, "alive": 60.0}}
        for number in range(2)
    ]
    frame = {"stage": 0, "frame": 812, "criterion": f"{LONG}_ms.max < 200", "value_ms": 245.5, "wall_ms": 245.5,
             "cpu_ms": 245.5, "not_scheduled_ms": 0.0, "blocked_ms": 0.0, "gc_ms": 0.0, "worker": None,
             "cause": "compute", "host": False}  # fmt: skip
    workload = {**dict(FINISHED.workload), "name": f"{LONG}:Herd", "phases": (LONG, "physics")}
    main_phase = {"phase": LONG, "title": LONG, "decides": False}
    return FINISHED.changed(
        workload={**workload, "main_phase": main_phase},
        profile={**FINISHED.profile, "name": LONG},
        metrics={**FINISHED.metrics, **{f"{LONG}_ms.{each}": 1234567.891 for each in ("mean", "p50", "p99", "max")}},
        counters={LONG: 10**12, f"another_{LONG[:20]}": 5},
        stages=stages,
        verdicts=verdicts,
        slow_frames={"compute": 12},
        worst_frames=[frame],
        unmeasured={f"{LONG}_ms.p95": "too few"},
    )


def long_sides() -> Compared:
    phase = MainPhase("agents_and_their_brains", "agents and their brains")
    several = [side(f"{LONG}={mode}", mode, 1234.5, main_phase=phase) for mode in MODES]
    return compared(*several[1:], base=several[0], ratios=[SLOWER, NOT_SLOWER])


def three_modes() -> Compared:
    """Return a comparison of three modes whose labels are as long as they may be in a table."""
    phase = MainPhase("think_and_act", "think and act")
    sides = [side(label, mode, 123.4, main_phase=phase) for label, mode in zip(MODES, MODES, strict=True)]
    return compared(
        side("threaded (128)", "threaded", 12.5), side("process (1024)", "process"), base=sides[0],
        ratios=[SLOWER, NOT_SLOWER],
    )  # fmt: skip


def sampled() -> FlameGraphs:
    markers = phase_markers(["threaded"])
    marked = Call(markers.run.function, markers.run.file, 50)
    stack = (marked, Call(f"{LONG}.act", f"folder_of_{LONG}.py", 1))
    tracks = tuple(Track(f"worker-of-a-long-name-{number}", (stack,)) for number in range(6))
    return FlameGraphs(Path(LONG), SampledRun("wall", recorded("1"), tracks, markers), None, None, None)


def listed() -> list[ListedRun]:
    facts = RunFacts("finished", "INCONCLUSIVE", "default", LONG[:24], "a-mode-of-a-long-name", (100, 200, 400), False)
    return [
        ListedRun(Path(f".walkerbench/runs/{LONG}"), NOW, 10**9, facts, None),
        ListedRun(Path(LONG), NOW, 10**6, None, f"run.json: {LONG} is no number"),
    ]


def proofs() -> SelfTestResult:
    expected = Expected(exit_codes=(ExitCode.FAIL,), failed=(f"{LONG}_ms.max",))
    modes = (*MODES, "a-mode-of-a-long-name")
    return SelfTestResult(tuple(Proof(fault=f"a stall in {LONG}", mode=mode, expected=expected) for mode in modes), 9.0)


def suite_with_long_names() -> SuiteResult:
    several = [ComparedTest(LONGER, long_sides(), None, ExitCode.FAIL), ComparedTest("b::t", None, None, ExitCode.PASS)]
    return SuiteResult(tuple(several))


CASES: dict[str, Callable[[], Iterable[RenderableType]]] = {
    "attribution": lambda: attribution.attribution(long_run()),
    "check": lambda: check.report(CheckResult(LONG, 3, 5, (RuleResult(f"{LONG} is even", "does not hold", LONGER),))),
    "comparison": lambda: comparison.report(long_sides()),
    "comparison of three modes": lambda: comparison.report(three_modes()),
    "doctor": lambda: doctor.checks_table([Check("a subject of a long name", "warning", LONG, f"set {LONGER}")]),
    "flamegraph": lambda: flamegraph.flame_graph_tables(sampled()),
    "gate": lambda: gate.report(gated("fail", "pass")),
    "gate with long names": lambda: gate.report(gated("fail", workload=long_run().workload)),
    "profiles": lambda: profiles.profile_tables([load_profile("default"), load_profile("bottleneck")]),
    "repeats": lambda: repeats.report(Repeats((ChildRun(Path(LONGER), run_file("1"), ExitCode(4), None),), False), 9),
    "run": lambda: run.report(long_run(), Path(LONGER), verbose=True),
    "runs": lambda: runs.runs_list(listed(), NOW),
    "selftest": lambda: selftest.report(proofs()),
    "short_run": lambda: [short_run.ShortRun(FINISHED, Path(LONGER), {"all figures": f"walkerbench show {LONGER}"})],
    "suite": lambda: suite.report(suite_with_long_names()),
    "table": lambda: [tables.table([LONG, *([LONG[:30]] * 5)], [(LONG, *["123456789"] * 5), (LONGER, *"12345")])],
}


def words(parts: Iterable[RenderableType], width: int) -> set[str]:
    """Return the words of a drawing; at most `width` columns wide."""
    text = io.StringIO()
    console = Console(file=text, width=width, color_system=None, legacy_windows=False, markup=False, highlight=False)
    for part in parts:
        console.print(part)
    drawn = [line.rstrip() for line in text.getvalue().splitlines()]
    assert max(map(len, drawn)) <= width
    return {word for line in drawn for word in line.split() if not RULE.issuperset(word)}


def without_long(found: set[str]) -> set[str]:
    """Return the words that fit into a line; a longer one goes on in the next line."""
    return {word for word in found if len(word) <= 78}


@pytest.mark.parametrize("name", CASES)
def test_no_table_of_80_columns_breaks_a_word(name: str) -> None:
    assert words(CASES[name](), 80) == without_long(words(CASES[name](), 2000))


@pytest.mark.parametrize("width", [70, 100])
@pytest.mark.parametrize("name", CASES)
def test_narrow_and_wide_terminals_show_the_same_words(name: str, width: int) -> None:
    longest = max(map(len, words(CASES[name](), 2000)))
    if longest <= width - 2:
        assert words(CASES[name](), width) == words(CASES[name](), 2000)


def test_every_kind_of_report_is_drawn() -> None:
    modules = {each.name for each in pkgutil.iter_modules(terminal.__path__)}
    assert modules - {"charts", "tables"} <= set(CASES)


def test_a_table_that_fits_is_one_table() -> None:
    grid = tables.table(["", "mean ms", "max ms"], [("frame", "1.5", "2.5"), (LONG, "1.5", "2.5")])
    console = Console(width=80, file=io.StringIO())
    assert len(console.render_lines(grid)) == 4


def test_a_long_label_has_a_line_above_its_numbers() -> None:
    text = io.StringIO()
    console = Console(file=text, width=60, color_system=None, legacy_windows=False)
    console.print(
        tables.table(["test", *["a number"] * 3], [("short", *"123"), (LONG + LONG[:15], *["1234567890"] * 3)])
    )
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    assert lines[2].split() == ["short", "1", "2", "3"]
    assert lines[3] == LONG + LONG[:15]
    assert lines[4].split() == ["1234567890"] * 3
    assert [line.rindex(last) + 1 for line, last in zip(lines[2::2], ("3", "0"), strict=True)] == [len(lines[1])] * 2
