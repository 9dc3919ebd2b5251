"""The page of a served run in a real Chromium: `python -m pytest -m browser`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Browser
from chromium import browser as browser  # a fixture
from whole_process import WholeProcess

pytestmark = pytest.mark.browser

SERVE = ("serve", "--profile", "smoke", "--agents", "12", "--mode", "threaded", "--port", "0")
DRAWN_PIXELS = """
const canvas = document.getElementById("strip");
return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.filter((value) => value).length;
"""
HAS_FIGURES = "return document.querySelectorAll('#figures tbody tr').length"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a run is served."""
    folder: Path = tmp_path_factory.mktemp("served")
    with WholeProcess(folder, folder).start(*SERVE) as started:
        yield re.findall(r"http://\S+/", started.wait_for_line("serving http://"))[0]


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_shows_the_run_without_complaint(browser: Browser, address: str, width: int, scheme: str) -> None:
    browser.open(address, width=width, scheme=scheme)
    assert browser.until(HAS_FIGURES) > 3
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert "threaded mode, 12 agents" in browser.ask("document.getElementById('state').textContent")
    assert browser.ask("document.querySelectorAll('#criteria tbody tr').length") > 0
    assert (
        browser.until("return document.querySelectorAll('#cores progress').length") > 0
    )  # from the first CPU sample on
    assert browser.complaints() == []
    assert {url.removeprefix(address) for url in browser.requests()} == {"", "page.css", "page.js", "events"}


def test_the_frame_times_move(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.until(HAS_FIGURES)
    before = browser.driver.execute_script(DRAWN_PIXELS)
    browser.until(f"{DRAWN_PIXELS.replace('return ', 'return (').replace('.length;', '.length')}) > {before}")


def test_the_button_switches_threads_by_the_keyboard(browser: Browser, address: str) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open(address)
    browser.until("return !document.getElementById('toggle').disabled")
    for wanted in ("Switch threads on", "Switch threads off"):
        browser.driver.find_element("id", "toggle").send_keys(Keys.ENTER)
        browser.until(f"return document.getElementById('toggle').textContent === '{wanted}'")
    assert browser.ask("document.getElementById('answer').textContent") == "threads are on"
    assert "with threads" in browser.until(
        "return document.getElementById('threads').textContent.match(/.*with threads.*/)?.[0]"
    )
    assert browser.complaints() == []


def test_every_control_has_a_name(browser: Browser, address: str) -> None:
    browser.open(address)
    named = "element.labels?.length || element.textContent.trim() || element.getAttribute('aria-label')"
    assert browser.ask(f"[...document.querySelectorAll('button, input, select, canvas')].every((element) => {named})")
