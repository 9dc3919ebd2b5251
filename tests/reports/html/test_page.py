from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drawn_runs import drawn_run, lengthened
from pages import (
    PLOTLY,
    Outline,
    assert_fetches_nothing,
    assert_places_for_plots,
    assert_readable_aloud,
    plots_of,
    without_scripts,
)

from walkerbench.reports.html.page import render
from walkerbench.slow_frames.attribution import Attribution, TimePart, TimeShare
from walkerbench.slow_frames.explanations import SlowFrame


def page(*recorded: Any, plotly: str = PLOTLY) -> str:
    return "".join(render(recorded, plotly))


@pytest.fixture(scope="module")
def whole() -> str:
    return page(drawn_run([1.0, 60, 3] * 40, warmup=3), drawn_run([2.0] * 50))


def test_every_element_is_closed_and_every_plot_has_its_place(whole: str) -> None:
    assert_places_for_plots(whole)
    assert len(plots_of(whole)) == 1 + 2 + 3 + 2 + 10 + 1


def test_a_screen_reader_can_read_the_page(whole: str) -> None:
    assert_readable_aloud(whole)


def test_the_page_fetches_nothing(whole: str) -> None:
    assert_fetches_nothing(whole)


def test_no_text_of_a_run_is_mark_up() -> None:
    evil = '</script><script>alert("1")</script><b onload=x>&amp;'
    run = drawn_run(
        [1.0] * 20, profile={"name": evil, "source": evil}, machine={evil: evil}, faults=evil, ended_because=evil,
        state="interrupted",
    )  # fmt: skip
    text = page(run, run)
    Outline(text)
    assert "<b onload" not in text
    assert "alert(" not in re.sub(
        r"\\u003c/script>\\u003cscript>alert\(|&lt;/script&gt;&lt;script&gt;alert\(", "", text
    )
    assert text.count("<script") == 3


def test_the_inlined_script_cannot_end_early() -> None:
    text = page(drawn_run([1.0]), plotly='var x = "</script>";')
    assert r'var x = "<\/script>";' in text
    Outline(text)


def test_verdicts_and_faults_are_shown() -> None:
    text = without_scripts(page(drawn_run([1.0, 60.0], faults="a stall of 1 s in frame 1")))
    assert "FAULTS INJECTED: a stall of 1 s in frame 1" in text
    assert '<tr><th scope="row">frame_ms.max &lt; 50</th><td>60</td><td><span class="badge bad">FAIL</span>' in text
    assert "<strong>FAIL</strong>: not met: frame_ms.max &lt; 50." in text


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("running", "UNFINISHED: still running, or killed; shown as far as it was recorded (after 5 frames)"),
        ("interrupted", "INTERRUPTED: why (after 5 frames)"),
        ("broken", "BROKEN: why (after 5 frames)"),
        ("emergency", "STOPPED ITSELF: why (after 5 frames)"),
    ],
)
def test_a_run_that_did_not_finish_has_a_warning_first(state: str, told: str) -> None:
    because = None if state == "running" else "why"
    run = drawn_run([1.0] * 5)
    text = without_scripts(page(replace(run, run=run.run.changed(state=state, ended_because=because))))
    assert text.index(told) < text.index("<table")


def test_a_run_without_frames_says_so_everywhere() -> None:
    text = page(drawn_run([], samples=0))
    assert plots_of(text) == []
    for sentence in ("No frame was recorded.", "The cores were not sampled.", "No checkpoint recorded statistics"):
        assert sentence in text
    Outline(text)


def test_warm_up_alone_is_drawn_and_not_judged() -> None:
    text = page(drawn_run([1.0, 2.0], warmup=2))
    assert [plot["name"] for plot in plots_of(text)] == ["frame-times", "cores-1"]
    assert without_scripts(text).count("No frame was judged.") == 3


def test_one_frame_is_enough() -> None:
    names = [plot["name"] for plot in plots_of(page(drawn_run([1.0])))]
    assert names == ["frame-times", "histogram", "percentiles", "mean-frame", "phases-1", "cores-1", "worst-1-1"]


def test_what_is_not_a_number_is_a_gap() -> None:
    run = drawn_run([1.0] * 20)
    cpu = run.cpu.copy()
    cpu["core_percent"][3] = np.nan
    text = page(replace(run, cpu=cpu))
    (content,) = re.findall(r'id="plots">(.*?)</script>', text)
    assert "NaN" not in content
    assert len(plots_of(text)) == 12


def test_time_shares_and_causes_of_slow_frames_are_shown() -> None:
    run = drawn_run([1.0] * 3)
    parts: list[tuple[TimePart, float | None, bool]] = [
        ("compute", 0.9, False),
        ("blocked", 0.06, True),
        ("moving data", None, False),
    ]
    found = Attribution(
        shares=tuple(TimeShare(part=part, share=share, upper_bound=bound) for part, share, bound in parts),
        effective_cores=1.5, garbage_collection=0.0, minor_faults=None, major_faults=None, involuntary_switches=None,
    )  # fmt: skip
    slow = SlowFrame(
        frame=2, stage=0, criterion="frame_ms.max < 200", value_ms=250.0, wall_ms=250.0, cpu_ms=240.0, gc_ms=230.0,
        not_scheduled_ms=0.0, blocked_ms=0.0, worker=1, cause="garbage collection", host=False,
    )  # fmt: skip
    whole = run.run.changed(attribution=found, worst_frames=(slow,), slow_frames={"garbage collection": 1})
    text = without_scripts(page(replace(run, run=whole)))
    Outline(text)
    for name, share in (
        ("computing", "90.0 %"),
        ("waiting for a lock or I/O", "at most 6.0 %"),
        ("moving data", "n/a"),
    ):
        assert f"{name}</th><td>{share}" in text
    assert "<li>frame 2: 250 ms, of it 240 ms CPU (230 ms garbage collection): garbage collection (worker 1)" in text
    assert (
        "<p>1.50 effective cores within frames; of the time above 0.0 % garbage collection; per frame: n/a minor, "
        in text
    )
    unknown = replace(run, run=run.run.changed(attribution=None, worst_frames=()))
    assert "Where the time went is not known." in without_scripts(page(unknown))


def test_memory_and_growth_are_shown_if_measured() -> None:
    run = drawn_run([1.0] * 3)
    assert "Memory was not sampled." in without_scripts(page(run))
    slope = dict.fromkeys((f"frame_ms.slope_percent_per_hour{bound}" for bound in ("", ".low", ".high")), -0.5)
    text = without_scripts(page(replace(run, run=run.run.changed(metrics={**run.run.metrics, **slope}))))
    assert "growth of frame time</th><td>-0.50 % an hour (99 %: between -0.50 and -0.50)</td>" in text


def test_a_value_that_was_not_judged_has_its_reason() -> None:
    excused = {"criterion": "frame_ms.max < 1", "stage": None, "value": 1.5, "outcome": "unsupported",
               "detail": "1.5 is not < 1, but given no core by the host"}  # fmt: skip
    text = without_scripts(page(drawn_run([1.5], verdicts=[excused])))
    assert "<td>1.5 (1.5 is not &lt; 1, but given no core by the host)</td>" in text


def test_different_work_has_a_warning() -> None:
    run, other = drawn_run([1.0]), drawn_run([1.0], digest="cd" * 32)
    assert "All runs did the same work" in page(run, run)
    assert "The runs did not do the same work" in page(run, other)


def test_facts_that_differ_are_shown_for_each_run() -> None:
    text = page(drawn_run([1.0]), drawn_run([1.0], machine={"cpu_model": "Other", "python": {"version": "3.11.7"}}))
    assert '<th scope="row">cpu_model</th><td>A</td><td>Imaginary CPU 3000</td>' in text
    assert '<th scope="row">cpu_model</th><td>B</td><td>Other</td>' in text
    assert '<th scope="row">python.version</th><td>all</td><td>3.11.7</td>' in text


def test_a_million_frames_fit() -> None:
    # plotly.js takes 4.9 MB of it; the limit for the whole page is 12 MB.
    run = drawn_run([1.0] * 1000, samples=100_000)
    text = page(lengthened(run, np.random.default_rng(1).gamma(3, 1, 1_000_000)))
    assert len(text) < 1_000_000
