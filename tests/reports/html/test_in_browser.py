"""The page in a real Chromium: `python -m pytest -m browser`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_runs import drawn_run, lengthened

from walkerbench.reports.html.page import render
from walkerbench.reports.html.plotly_js import plotly_js

pytestmark = pytest.mark.browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DEADLINE_S = 60
DRAWS_WITHIN_MS = 3000
DRAWN = "return document.documentElement.dataset.drawnMs"


class Browser:
    """A browser that opens pages from disk and tells what they did."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path, *, width: int = 1280, scheme: str = "light") -> int:
        """Open a page and wait until it is drawn: after so many ms."""
        self.emulate("setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.prefer(scheme)
        self.complaints()
        self.requests()
        self.driver.get(path.as_uri())
        return int(self.until(DRAWN))

    def prefer(self, scheme: str) -> None:
        self.emulate("setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def emulate(self, what: str, **how: Any) -> None:
        self.driver.execute_cdp_cmd(f"Emulation.{what}", how)

    def until(self, script: str) -> Any:
        """What a script gives once it gives anything."""
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.driver, DEADLINE_S).until(lambda driver: driver.execute_script(script))

    def ask(self, script: str) -> Any:
        return self.driver.execute_script(f"return {script}")

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [each["params"] for each in messages if each["method"] == "Network.requestWillBeSent"]
        urls = [each["request"]["url"] for each in sent]
        return [url for url in urls if not url.startswith("data:")]  # pixels that are in the page already


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs the extra browser")
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield Browser(driver)
    driver.quit()


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
def long_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = lengthened(drawn_run([1.0] * 1000, samples=60_000), np.random.default_rng(1).gamma(3, 1, 1_000_000))
    return written(tmp_path_factory.mktemp("page") / "long.html", run)


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_plot_is_drawn_without_complaint_request_or_sideways_scrolling(browser, page, width, scheme):
    browser.open(page, width=width, scheme=scheme)
    wanted = browser.ask("JSON.parse(document.getElementById('plots').textContent).map(p => [p.name, p.data.length])")
    drawn = browser.ask("[...document.querySelectorAll('.plot')].map(p => [p.id, p.data.length])")
    assert drawn == wanted
    assert len(drawn) == 1 + 2 + 4 + 3 + 15 + 1
    shown = "p.querySelector('.trace path, .hm image')"
    assert browser.ask(f"[...document.querySelectorAll('.plot')].filter(p => !{shown}).map(p => p.id)") == []
    assert browser.complaints() == []
    assert browser.requests() == [page.as_uri()]
    assert browser.ask("innerWidth") == width
    assert browser.ask("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_colours_follow_the_readers_preference_at_once(browser, page):
    plot = "document.querySelector('.plot')._fullLayout.paper_bgcolor"
    colours = f"[getComputedStyle(document.body).backgroundColor, {plot}]"
    browser.open(page, scheme="light")
    assert browser.ask(colours) == ["rgb(251, 250, 247)", "#ffffff"]
    browser.prefer("dark")
    browser.until(f"return {plot} !== '#ffffff'")
    assert browser.ask(colours) == ["rgb(21, 24, 28)", "#1c2025"]


def test_it_is_printed_on_white(browser, page):
    browser.open(page, scheme="dark")
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
def test_texts_stand_out_as_wcag_asks(browser, page, scheme):
    browser.open(page, scheme=scheme)
    assert browser.driver.execute_script(CONTRAST) >= 4.5


def test_a_run_without_frames_is_a_page_without_plots(browser, tmp_path):
    browser.open(written(tmp_path / "empty.html", drawn_run([], samples=0)), width=400)
    assert "No frame was recorded." in browser.ask("document.body.innerText")
    assert browser.complaints() == []


def test_a_million_frames_are_small_and_soon_drawn(browser, long_page):
    assert long_page.stat().st_size < 12_000_000
    # The fastest of a few: how long it takes where nothing else has the cores.
    assert min(browser.open(long_page) for _ in range(3)) < DRAWS_WITHIN_MS
    assert browser.complaints() == []
