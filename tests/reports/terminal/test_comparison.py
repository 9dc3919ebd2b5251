"""A comparison against golden files; `python tests/reports/terminal/test_comparison.py` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from comparisons import compared, side
from recorded_runs import code_of, recorded

from walkerbench.cli.rich_console import to_text
from walkerbench.comparison.advice import advise_on
from walkerbench.comparison.comparison_result import ComparedSide
from walkerbench.interleaved.same_work import DigestWatch
from walkerbench.recorded_sides.compare_recorded import compare_recorded
from walkerbench.recorded_sides.sides import RecordedSide
from walkerbench.reports.terminal.comparison import report
from walkerbench.workloads.main_phase import MainPhase

GOLDEN = Path(__file__).parents[1] / "golden"


def different_work() -> str:
    """Return what a measurement says of sides whose work was allowed to differ."""
    watch = DigestWatch(allow_different=True)
    watch.difference = "agents is 60 for side 'main' and 61 for side '[working] tree'"
    return watch.sentence()


MODES = compared(
    side("threaded (2)", "threaded", 1.25), side("process (2)", "process", 0.5), ratios=[(1.24, 1.26), (0.5, 0.52)]
)
REVISIONS = compared(
    side(
        "[working] tree",
        factor=1.05,
        code=code_of("b" * 40, changed_files=True),
        faults="extra work of 5 % in every frame",
        fallback="with 4 agents or fewer, threads are not used",
    ),
    ratios=[(1.01, 1.03)],
    base=side("main", code=code_of("a" * 40), frame_ms=dict.fromkeys(("mean", "p50", "p99", "max"))),
    did_same_work=False,
    same_work=different_work(),
)

CASES = {
    "compared_modes": (MODES, advise_on(MODES)),
    "compared_revisions": (REVISIONS, None),
}


def text(name: str) -> str:
    result, advice = CASES[name]
    return to_text(report(result, advice=advice))


@pytest.mark.parametrize("name", CASES)
def test_the_report_equals_the_golden_file(name: str) -> None:
    found = text(name)
    assert found == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert max(map(len, found.splitlines())) <= 80


@pytest.mark.parametrize(
    ("base", "candidate", "shown"),
    [
        ("a" * 40, "a" * 40, "code toy at aaaaaaaaaa, walkerbench 0.1.0 on both"),
        ("a" * 40, "b" * 40, "code toy at bbbbbbbbbb against aaaaaaaaaa, walkerbench 0.1.0 on both"),
        ("a" * 40, None, "code toy at an unknown revision against aaaaaaaaaa, walkerbench 0.1.0 on both"),
        (None, None, "code toy at an unknown revision, walkerbench 0.1.0 on both"),
    ],
)
def test_a_row_says_which_code_was_measured(base: str | None, candidate: str | None, shown: str) -> None:
    result = compared(
        side("mine", code=code_of(candidate)), base=side("main", code=code_of(base)), ratios=[(1.0, 1.01)]
    )
    text = " ".join(to_text(report(result)).split())
    assert f"{shown} measured " in text


def test_long_labels_are_in_the_head_and_not_in_tables() -> None:
    labels = ("environment.brain.batch_size=32", "environment.brain.batch_size=64", "batch_size=128")
    for several in (False, True):
        candidates = [side(label) for label in labels[1 : 2 + several]]
        result = compared(*candidates, base=side(labels[0]), ratios=[(1.0, 1.01)] * len(candidates))
        lines = to_text(report(result)).splitlines()
        assert max(map(len, lines)) <= 80
        assert {len(line.split()) for line in lines if "500.0" in line} <= {9, 10}, "one row per side"
        names = ["base", "candidate 1", "candidate 2"] if several else ["base", "candidate"]
        for name, label in zip(names, labels, strict=False):
            assert f"{name}  " in "\n".join(line for line in lines if line.endswith(f" {label}"))
        assert f"NO REGRESSION: {labels[1]} is 0.995 times as fast as {labels[0]} (" in " ".join(lines)


def test_one_run_per_side_gives_no_interval() -> None:
    sides = [RecordedSide(name, (recorded(name),)) for name in "12"]
    row = next(line for line in to_text(report(compare_recorded(sides))).splitlines() if line.endswith("inconclusive"))
    assert row.split()[2:4] == ["–", "–"]  # noqa: RUF001


def disturbed(new: ComparedSide, old: ComparedSide | None = None, **changes: Any) -> str:
    """Return a report, in one line, of a side whose median over rounds is 0.96 of the base's time, 0.95 to 0.97."""
    return " ".join(to_text(report(compared(new, base=old or side("old"), ratios=[(0.95, 0.97)], **changes))).split())


def test_figures_that_differ_are_explained_by_their_cause() -> None:
    slow_rounds = side("new", factor=1.1, repetition_ms=(1.92,) * 9 + (4.0,) * 3)
    assert (
        "new: a few rounds were disturbed: over all frames it is 0.909 times as fast; the verdict uses the median of "
        "the rounds: 1.042"
    ) in disturbed(slow_rounds)
    assert "new: parts of most rounds were disturbed: over all frames it is 0.909" in disturbed(side("new", factor=1.1))
    runs = disturbed(side("new", factor=1.1), how="recorded")
    assert (
        "new: a few runs were disturbed: by the medians of the runs it is 0.909 times as fast; the verdict uses all "
        "runs: 1.042"
    ) in runs


def test_figures_that_agree_or_are_unknown_are_not_explained() -> None:
    unknown = side("new", frame_ms=dict.fromkeys(("mean", "p50", "p99", "max")))
    deciding = MainPhase("call", "call", decides=True)
    # Only the main phase decides: that frames hold more is no disturbance.
    frames_hold_more = side("new", factor=0.96, main_phase=deciding, frame_ms=side("x", factor=5).frame_ms)
    for text in (
        disturbed(side("new", factor=0.96)),
        disturbed(unknown),
        disturbed(frames_hold_more, side("old", main_phase=deciding)),
    ):
        assert "disturbed" not in text


@pytest.mark.parametrize(
    ("ratios", "sentence"),
    [
        ((0.55, 0.58), "FASTER: new is 1.77 times as fast as old (1.72…1.82)."),
        ((0.95, 0.97), "FASTER: new is 1.042 times as fast as old (1.031…1.053)."),
        ((1.0, 1.01), "NO REGRESSION: new is 0.995 times as fast as old (0.990…1.000)."),
        ((1.2, 1.3), "REGRESSION: new is 0.80 times as fast as old (0.77…0.83)."),
        ((1.01, 1.03), "INCONCLUSIVE: new is 0.980 times as fast as old (0.971…0.990)."),
    ],
)
def test_the_last_line_has_the_verdict_and_its_figure(ratios: tuple[float, float], sentence: str) -> None:
    result = compared(side("new"), base=side("old"), ratios=[ratios])
    assert to_text(report(result)).splitlines()[-1] == sentence


def test_the_figure_that_decides_comes_before_all_others() -> None:
    found = text("compared_modes")
    assert found.index("speed-up") < found.index("frames/s")


def test_warnings_come_before_and_after_a_comparison() -> None:
    found = text("compared_revisions")
    for warning in ("FAULTS INJECTED", "DIFFERENT WORK", "ran as sequential"):
        assert found.count(warning) == 2


if __name__ == "__main__":
    for each in CASES:
        (GOLDEN / f"{each}.txt").write_text(text(each), encoding="utf-8")
