from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from typing import Any, get_args

import numpy as np
import pytest
from comparisons import NOT_SLOWER, SLOWER, UNCLEAR, compared, gated, side
from pages import (
    PLOTLY,
    Outline,
    assert_fetches_nothing,
    assert_places_for_plots,
    assert_readable_aloud,
    painted,
    plots_of,
    values,
    without_scripts,
)
from plotly.graph_objects import Figure

from walkerbench.comparison.comparison_result import Compared, ComparedTimes
from walkerbench.comparison.suite_result import ComparedTest, SuiteResult
from walkerbench.comparison.verdicts import ComparisonVerdict, Question, judge_rounds
from walkerbench.errors import ExitCode
from walkerbench.reports.html import PAGE_BEGINNING
from walkerbench.reports.html.comparison_page import VERDICT_KINDS, render_comparison
from walkerbench.reports.html.drawn_side import draw_sides
from walkerbench.reports.html.gate_page import render_gate
from walkerbench.reports.html.page_without_result import render_no_result
from walkerbench.reports.html.repetitions import repetition_plots
from walkerbench.reports.html.side_shares import PART_COLOURS
from walkerbench.reports.html.suite_page import render_suite
from walkerbench.slow_frames.attribution import TimePart

AB = compared(side("HEAD", factor=1.25), ratios=[SLOWER], base=side("main"))
MODES = compared(side("threaded (2)", "threaded"), side("process (2)", "process"), ratios=[SLOWER, NOT_SLOWER])


def recorded_comparison() -> Compared:
    """Return a comparison of recorded runs whose times are known."""
    base = side("before", repetition_ms=(1.0, 4.0, 2.0))
    result = compared(side("after", repetition_ms=(2.0, 8.0, 4.0, 6.0)), ratios=[SLOWER], base=base, how="recorded")
    return dataclasses.replace(result, times=ComparedTimes(frame_ns=result.times.frame_ns, round_ratios=()))


def suite(*words: str) -> SuiteResult:
    ratios = {"regression": SLOWER, "no regression": NOT_SLOWER, "inconclusive": UNCLEAR}
    tests = [
        ComparedTest(f"t.py::test_{word}", compared(side("."), ratios=[ratios[word]]), None, ExitCode.PASS)
        if word in ratios
        else ComparedTest(f"t.py::test_{word}", None, "it has none", ExitCode(0 if word == "new" else 3))
        for word in words
    ]
    return SuiteResult(tuple(tests))


def joined(parts: Iterable[str]) -> str:
    return "".join(parts)


def page(result: Compared, advice: str | None = None) -> str:
    return joined(render_comparison(result, PLOTLY, advice=advice))


PAGES = {
    "two sides": page(AB),
    "three sides": page(MODES, "use process"),
    "recorded": page(recorded_comparison()),
    "gate": joined(render_gate(gated("fail", "pass", "unsupported", ratio=SLOWER), PLOTLY)),
    "suite": joined(render_suite(suite("regression", "no regression", "inconclusive", "new", "broken"), PLOTLY)),
}
every_page = pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)


def headings(text: str) -> list[str]:
    return re.findall(r"<h[12]>(.*?)</h[12]>", text)


def traces_of(text: str, name: str) -> dict[str, Any]:
    (plot,) = [each for each in plots_of(text) if each["name"] == name]
    return {trace["name"]: trace for trace in plot["data"]}


@every_page
def test_every_page_is_whole_and_needs_no_other_file(text: str) -> None:
    assert text.startswith(PAGE_BEGINNING)
    assert text.endswith("</html>\n")
    assert_places_for_plots(text)
    assert_fetches_nothing(text)


@every_page
def test_a_screen_reader_can_read_every_page(text: str) -> None:
    assert_readable_aloud(text)


@every_page
def test_plotly_knows_every_key_of_every_plot(text: str) -> None:
    for plot in plots_of(text):
        assert plot["data"]
        Figure({"data": painted(plot["data"]), "layout": painted(plot["layout"])})


def test_the_page_of_two_sides_has_its_parts_in_order() -> None:
    assert headings(PAGES["two sides"]) == [
        "HEAD against main", "Rounds", "Frame times", "Where the time went", "Measurement"
    ]  # fmt: skip
    assert [plot["name"] for plot in plots_of(PAGES["two sides"])] == [
        "repetitions-1", "histogram", "percentiles", "shares"
    ]  # fmt: skip


def test_the_verdict_stands_on_top_in_words() -> None:
    head = without_scripts(PAGES["two sides"]).partition("<section>")[0]
    assert '<span class="badge bad">REGRESSION</span> HEAD is 0.80 times as fast as main (0.77…0.83): ' in head
    assert "slower by more than 2 % (p = 0.00024)" in head
    assert "<title>walkerbench: REGRESSION: HEAD against main</title>" in PAGES["two sides"]


def test_a_faster_side_takes_less_time() -> None:
    text = page(compared(side("."), ratios=[(0.5, 0.5)]))
    assert "FASTER</span> . is 2.00 times as fast as sequential (2.00…2.00): faster by more than 2 % (p = " in text


def test_advice_on_modes_comes_before_the_verdicts() -> None:
    text = PAGES["three sides"]
    assert headings(text)[0] == "threaded (2) and process (2) against sequential"
    assert text.index("Use process.") < text.index("REGRESSION</span>") < text.index("NO REGRESSION</span>")


def test_warnings_come_before_the_numbers() -> None:
    faulty = side("HEAD", faults="5 % more work", fallback="no cores")
    text = page(compared(faulty, ratios=[SLOWER], did_same_work=False, same_work="seeds differ"))
    for warning in ("FAULTS INJECTED in HEAD: 5 % more work", "HEAD ran as sequential: no cores", "DIFFERENT WORK: "):
        assert text.index(f'<p class="warning">{warning}') < text.index("<table")


def test_each_round_is_a_point_around_the_tolerance() -> None:
    traces = traces_of(PAGES["two sides"], "repetitions-1")
    assert values(traces["a round"]["y"]) == pytest.approx([20, 30] * 6)
    assert values(traces["a round"]["x"]) == list(range(1, 13))
    assert traces["tolerance, +2 %"]["y"] == pytest.approx([2, 2])
    assert traces["equal to the base"]["y"] == [0, 0]
    assert traces["estimate"]["y"] == pytest.approx([(np.sqrt(1.2 * 1.3) - 1) * 100] * 2)
    assert traces["interval at 99.3 %"]["y"] == pytest.approx([20, 20, 30, 30])


@pytest.mark.parametrize(("rounds", "step"), [(5, 1), (12, 1), (13, 2), (57, 5)])
def test_rounds_have_whole_numbers_below_them(rounds: int, step: int) -> None:
    estimates = np.full(rounds, 0.1)
    comparisons = judge_rounds({Question("HEAD", "frame"): estimates}, base="main", tolerance=0.02, alpha=0.01)
    times = ComparedTimes(frame_ns=AB.times.frame_ns, round_ratios=(np.exp(estimates),))
    (plot,) = repetition_plots(
        drawn := dataclasses.replace(AB, comparisons=comparisons, times=times), draw_sides(drawn)
    )
    axis = plot.layout["xaxis"]
    assert (axis["range"], axis["tick0"], axis["dtick"]) == ([0.5, rounds + 0.5], 1, step)


def test_each_recorded_run_is_a_point_of_its_side() -> None:
    text = PAGES["recorded"]
    traces = traces_of(text, "repetitions-1")
    # The geometric mean of the base's 1, 4 and 2 ms is 2 ms.
    assert values(traces["a run of before"]["y"]) == pytest.approx([-50, 100, 0])
    assert values(traces["a run of after"]["y"]) == pytest.approx([0, 300, 100, 200])
    assert traces["a run of after"]["customdata"][1] == " (8.000 ms)"
    assert "<h2>Runs</h2>" in text
    assert "medians over the runs of each side" in text


def test_too_few_rounds_have_no_interval_and_a_note() -> None:
    rounds = np.log([1.2, 1.3])
    few = judge_rounds({Question("HEAD", "frame"): rounds}, base="main", tolerance=0.02, alpha=0.001)
    times = ComparedTimes(frame_ns=AB.times.frame_ns, round_ratios=(np.exp(rounds),))
    text = page(dataclasses.replace(AB, comparisons=(dataclasses.replace(few[0], level=0.0),), times=times))
    assert not [name for name in traces_of(text, "repetitions-1") if name.startswith("interval")]
    assert "There are too few points for an interval." in text


def test_shares_of_the_sides_stand_side_by_side() -> None:
    text = PAGES["three sides"]
    assert traces_of(text, "shares")["computing"]["y"] == ["sequential", "threaded (2)", "process (2)"]
    assert traces_of(text, "shares")["computing"]["x"] == [60.0] * 3
    row = "moving data</th><td>5.0 %</td><td>at most 5.0 %</td><td>5.0 %</td>"
    assert row in text
    unknown = page(dataclasses.replace(AB, sides=tuple(dataclasses.replace(each, shares=()) for each in AB.sides)))
    assert "Where the time went is not known." in unknown


def test_sides_without_judged_frames_have_no_distribution() -> None:
    none = np.zeros(0, np.int64)
    times = ComparedTimes(frame_ns=(none, none), round_ratios=AB.times.round_ratios)
    text = page(dataclasses.replace(AB, times=times))
    assert "No frame was judged." in text
    assert_places_for_plots(text)


def test_long_names_are_short_and_explained_once() -> None:
    long = "main,mode=process,environment.brain.batch_size=64"
    text = page(compared(side(f"x{long}"), ratios=[SLOWER], base=side(long)))
    labels = [each.label for each in draw_sides(compared(side(f"x{long}"), ratios=[SLOWER], base=side(long)))]
    assert len(set(labels)) == 2
    assert max(map(len, labels)) < len(long)
    for label, whole in zip(labels, (long, f"x{long}"), strict=True):
        assert f'<th scope="row">{label}</th><td>{whole}</td>' in text


def test_more_sides_than_colours_share_colours() -> None:
    others = [side(f"side {number}") for number in range(9)]
    drawn = draw_sides(compared(*others, ratios=[SLOWER] * 9))
    assert [each.colour for each in (drawn[0], drawn[7], drawn[8])] == ["--run-1", "--run-8", "--run-1"]


def test_a_gate_shows_its_reasons_and_its_criteria() -> None:
    text = without_scripts(PAGES["gate"])
    head = text.partition("<section>")[0]
    assert '<p class="verdict"><span class="badge bad">FAIL</span>: 2 conditions not met.</p>' in head
    assert "<li>criterion not met: frame_ms.max &lt; 200 (250 is not &lt; 200)</li>" in head
    assert "<li>criterion not judged: frame_ms.p99 &lt; 50" in head
    assert head.count("slower by more than 2 %") == 1
    assert '<th scope="row">frame_ms.max &lt; 200</th><td>250</td><td><span class="badge bad">FAIL</span></td>' in text
    assert headings(text)[:3] == ["Gate: . against main", "Criteria", "Rounds"]


def test_a_suite_has_a_row_for_each_test_and_points_for_each_round() -> None:
    text = PAGES["suite"]
    assert "5 tests of t.py: regression: 1; no regression: 1; inconclusive: 1; new: 1; no verdict: 1." in text
    traces = traces_of(text, "tests")
    assert len(values(traces["a round"]["x"])) == 3 * 12 == len(traces["a round"]["y"])
    marked = traces["estimate, with its interval"]
    assert marked["y"] == ["test_regression", "test_no regression", "test_inconclusive"]
    assert marked["marker"]["color"] == ["--bad", "--good", "--unsure"]
    for word, kind in (("no verdict", "bad"), ("new", "unsure"), ("inconclusive", "unsure")):
        assert f'<span class="badge {kind}">{word}</span>' in text


def test_a_suite_without_measured_tests_says_so() -> None:
    text = joined(render_suite(suite("new"), PLOTLY))
    assert "No test was measured." in text
    assert_places_for_plots(text)


def test_a_page_without_result_says_why_and_needs_no_script() -> None:
    text = joined(render_no_result("gate", ["a <b> budget", "too small"]))
    assert "<title>walkerbench gate: NO VERDICT</title>" in text
    assert '<p class="warning">a &lt;b&gt; budget</p>\n<p class="warning">too small</p>' in text
    assert "<script" not in text
    assert_readable_aloud(text)
    assert_fetches_nothing(text)


def test_no_text_of_a_user_is_mark_up() -> None:
    evil = '</script><script>alert("1")</script><b onload=x>&amp;%{y}'
    sides = [side(f"{evil}{number}", faults=evil, fallback=evil) for number in range(2)]
    result = compared(sides[1], ratios=[SLOWER], base=sides[0], same_work=evil, did_same_work=False, profile=evil)
    gate = dataclasses.replace(gated("fail"), compared=result)
    tests = SuiteResult((ComparedTest(evil, result, None, ExitCode.PASS),))
    for text in (page(result, evil), joined(render_gate(gate, PLOTLY)), joined(render_suite(tests, PLOTLY))):
        Outline(text)
        assert "<b onload" not in text
        assert text.count("<script") == 3
        assert "%{y}" not in "".join(re.findall(r'"(?:name|text)":"(.*?)"', text))
    assert joined(render_no_result("gate", [evil])).count("<script") == 0


def test_every_verdict_and_part_of_the_time_has_its_colour() -> None:
    assert set(VERDICT_KINDS) == set(get_args(ComparisonVerdict))
    assert set(PART_COLOURS) == set(get_args(TimePart))
