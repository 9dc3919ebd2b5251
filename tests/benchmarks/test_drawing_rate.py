"""How often the page of a served run draws 120 robots, in a real Chromium."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from chromium import Browser
from chromium import browser as browser  # a fixture
from pairs import at_least
from whole_process import WholeProcess

pytestmark = pytest.mark.ratio

ROUNDS, ROUND_S = 12, 2.0


@pytest.mark.parametrize("mode", ["sequential", "threaded"])
def test_a_page_draws_120_robots_at_20_frames_a_second(keep: Any, browser: Browser, tmp_path: Path, mode: str) -> None:
    serve = ("serve", "--agents", "120", "--mode", mode, "--port", "0")
    with WholeProcess(tmp_path, tmp_path).start(*serve) as started:
        browser.open(re.findall(r"http://\S+/", started.wait_for_line("serving http://"))[0])
        browser.until("return document.getElementById('picture').dataset.drawn > 20")
        rates = [drawn_in_a_second(browser) for _ in range(ROUNDS)]
    keep(at_least(f"frames drawn a second, 120 robots, {mode}", rates, 20))


def drawn_in_a_second(browser: Browser) -> float:
    """Return how many times per second the picture is drawn, as the mean of some seconds."""
    before, began = drawn(browser), time.perf_counter()
    time.sleep(ROUND_S)
    return (drawn(browser) - before) / (time.perf_counter() - began)


def drawn(browser: Browser) -> int:
    return int(browser.ask("Number(document.getElementById('picture').dataset.drawn)"))
