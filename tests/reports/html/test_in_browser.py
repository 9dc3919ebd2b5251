"""The page in a real Chromium: `python -m pytest -m browser`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import Browser
from chromium import browser as browser  # a fixture
from comparisons import NOT_SLOWER, SLOWER, UNCLEAR, compared, gated, side
from drawn_runs import drawn_run, lengthened

from walkerbench.comparison.suite_result import ComparedTest, SuiteResult
from walkerbench.errors import ExitCode
from walkerbench.reports.html.comparison_page import render_comparison
from walkerbench.reports.html.gate_page import render_gate
from walkerbench.reports.html.page import render
from walkerbench.reports.html.plotly_js import plotly_js
from walkerbench.reports.html.suite_page import render_suite

pytestmark = pytest.mark.browser

DRAWS_WITHIN_MS = 3000
DRAWN = "return document.documentElement.dataset.drawnMs"


def opened(browser: Browser, path: Path, **how: Any) -> int:
    """Open a report, wait until it is drawn, and return how long that took, ms."""
    browser.open(path.as_uri(), **how)
    return int(browser.until(DRAWN))


def written(path: Path, *recorded: Any) -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(render(recorded, plotly_js()))
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    profile = {"name": "tiny", "faults": {"stall_frames": {"90": 0.01}}}
    runs = [drawn_run(np.arange(200) % 9 + scale, warmup=20, profile=profile) for scale in (1.0, 3.0, 60.0)]
    return written(tmp_path_factory.mktemp("page") / "three.html", *runs)


@pytest.fixture(scope="module")
def comparisons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write a page of each kind that shows a comparison; one has names as long as users write them."""
    long = "main,mode=process,environment.brain.batch_size=64"
    sides = (side("threaded (2)", "threaded", 1.25), side(long, "process", 0.5))
    modes = compared(*sides, ratios=[SLOWER, NOT_SLOWER])
    gate = gated("fail", "pass", "unsupported", ratio=UNCLEAR)
    tests = [ComparedTest(f"tests/test_{number}.py::test_{long}", modes, None, ExitCode.PASS) for number in range(9)]
    pages = {
        "modes": render_comparison(modes, plotly_js(), advice="use process"),
        "recorded": render_comparison(replace(modes, how="recorded"), plotly_js()),
        "gate": render_gate(gate, plotly_js()),
        "suite": render_suite(SuiteResult(tuple(tests)), plotly_js()),
    }
    folder = tmp_path_factory.mktemp("comparisons")
    for name, parts in pages.items():
        (folder / f"{name}.html").write_text("".join(parts), encoding="utf-8")
    return {name: folder / f"{name}.html" for name in pages}


@pytest.fixture(scope="module")
def long_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = lengthened(drawn_run([1.0] * 1000, samples=60_000), np.random.default_rng(1).gamma(3, 1, 1_000_000))
    return written(tmp_path_factory.mktemp("page") / "long.html", run)


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_plots_are_drawn_without_error_request_or_overflow(
    browser: Browser, page: Path, width: int, scheme: str
) -> None:
    assert_drawn(browser, page, width, scheme)
    assert len(browser.ask("[...document.querySelectorAll('.plot')]")) == 1 + 2 + 4 + 3 + 15 + 1


BROKEN_WORDS = """
const broken = [];
for (const cell of document.querySelectorAll('th, td')) {
  const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    for (const word of texts.currentNode.data.matchAll(/(?<![^ -])[^ -]{2,20}(?![^ -])/g)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, word.index);
      range.setEnd(texts.currentNode, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map(rect => rect.top)).size > 1) broken.push(word[0]);
    }
  }
}
return broken;
"""
"""Returns words in tables that go on in the next line."""

PLOTS_OF_COMPARISONS = {"modes": 5, "recorded": 5, "gate": 4, "suite": 1}


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PLOTS_OF_COMPARISONS)
def test_comparisons_are_drawn_without_error_or_overflow(
    browser: Browser, comparisons: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    assert_drawn(browser, comparisons[name], width, scheme)
    assert len(browser.ask("[...document.querySelectorAll('.plot')]")) == PLOTS_OF_COMPARISONS[name]
    assert browser.driver.execute_script(CONTRAST) >= 4.5


def assert_drawn(browser: Browser, page: Path, width: int, scheme: str) -> None:
    """Check that every plot of a page is drawn, without complaint, request or overflow."""
    opened(browser, page, width=width, scheme=scheme)
    wanted = browser.ask("JSON.parse(document.getElementById('plots').textContent).map(p => [p.name, p.data.length])")
    drawn = browser.ask("[...document.querySelectorAll('.plot')].map(p => [p.id, p.data.length])")
    assert drawn == wanted
    shown = "p.querySelector('.trace path, .hm image')"
    assert browser.ask(f"[...document.querySelectorAll('.plot')].filter(p => !{shown}).map(p => p.id)") == []
    assert browser.complaints() == []
    assert browser.requests() == [page.as_uri()]
    assert browser.ask("innerWidth") == width
    assert browser.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert browser.driver.execute_script(BROKEN_WORDS) == []


def test_colours_follow_the_readers_preference_at_once(browser: Browser, page: Path) -> None:
    plot = "document.querySelector('.plot')._fullLayout.paper_bgcolor"
    colours = f"[getComputedStyle(document.body).backgroundColor, {plot}]"
    opened(browser, page, scheme="light")
    assert browser.ask(colours) == ["rgb(251, 250, 247)", "#ffffff"]
    browser.prefer("dark")
    browser.until(f"return {plot} !== '#ffffff'")
    assert browser.ask(colours) == ["rgb(21, 24, 28)", "#1c2025"]


def test_the_page_is_printed_on_white(browser: Browser, page: Path) -> None:
    opened(browser, page, scheme="dark")
    browser.driver.execute_script("dispatchEvent(new Event('beforeprint'))")
    browser.until("return document.querySelector('.plot')._fullLayout.paper_bgcolor === '#ffffff'")
    browser.driver.execute_script("dispatchEvent(new Event('afterprint'))")
    browser.until("return document.querySelector('.plot')._fullLayout.paper_bgcolor === '#1c2025'")
    assert browser.complaints() == []


CONTRAST = """
const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const luminance = (colour) => {
  const [r, g, b] = colour.match(/[0-9.]+/g).map(Number).map(channel);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (element) => {
  for (; element; element = element.parentElement) {
    const colour = getComputedStyle(element).backgroundColor;
    if (!/, 0\\)$/.test(colour)) return colour;
  }
};
const texts = [...document.querySelectorAll("h1, h2, h3, p, th, td, .badge, figcaption, footer")];
return Math.min(...texts.map((element) => {
  const pair = [luminance(getComputedStyle(element).color), luminance(ground(element))];
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
}));
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_the_contrast_that_wcag_requires(browser: Browser, page: Path, scheme: str) -> None:
    opened(browser, page, scheme=scheme)
    assert browser.driver.execute_script(CONTRAST) >= 4.5


def test_a_run_without_frames_is_a_page_without_plots(browser: Browser, tmp_path: Path) -> None:
    opened(browser, written(tmp_path / "empty.html", drawn_run([], samples=0)), width=400)
    assert "No frame was recorded." in browser.ask("document.body.innerText")
    assert browser.complaints() == []


def test_a_million_frames_are_small_and_drawn_quickly(browser: Browser, long_page: Path) -> None:
    assert long_page.stat().st_size < 12_000_000
    # The fastest of a few attempts: the time that drawing takes while no other process uses the cores.
    assert min(opened(browser, long_page) for _ in range(3)) < DRAWS_WITHIN_MS
    assert browser.complaints() == []
