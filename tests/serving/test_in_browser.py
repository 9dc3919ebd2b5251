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
PICTURE = """
const canvas = document.getElementById("picture");
return canvas.dataset.drawn > 0 && canvas.toDataURL();
"""
HAS_FIGURES = "return document.querySelectorAll('#figures tbody tr').length"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address at which a run is served."""
    folder: Path = tmp_path_factory.mktemp("served")
    with WholeProcess(folder, folder).start(*SERVE) as started:
        yield re.findall(r"http://\S+/", started.wait_for_line("serving http://"))[0]


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_shows_the_run_without_an_error(browser: Browser, address: str, width: int, scheme: str) -> None:
    browser.open(address, width=width, scheme=scheme)
    assert browser.until(HAS_FIGURES) > 3
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert "threaded mode, 12 agents" in browser.ask("document.getElementById('state').textContent")
    assert browser.ask("document.querySelectorAll('#criteria tbody tr').length") > 0
    assert (
        browser.until("return document.querySelectorAll('#cores progress').length") > 0
    )  # from the first CPU sample on
    assert browser.complaints() == []
    assert {url.removeprefix(address) for url in browser.requests()} == {
        "", "assets/page.css", "assets/page.js", "assets/picture.js", "assets/shown.js", "assets/strip.js",
        "events?pictures=true",
    }  # fmt: skip


def test_the_frame_times_move(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.until(HAS_FIGURES)
    before = browser.driver.execute_script(DRAWN_PIXELS)
    browser.until(f"{DRAWN_PIXELS.replace('return ', 'return (').replace('.length;', '.length')}) > {before}")


def test_the_keyboard_can_switch_threads(browser: Browser, address: str) -> None:
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


# The picture of the agents.


def look_at(browser: Browser, agent: int) -> None:
    browser.driver.execute_script(
        "document.getElementById('look').value = arguments[0]; document.querySelector('#look-form button').click()",
        agent,
    )


def test_the_robots_move(browser: Browser, address: str) -> None:
    browser.open(address)
    before = browser.until(PICTURE)
    browser.until(f"{PICTURE.replace('toDataURL()', 'toDataURL() !== arguments[0]')}", before)
    assert browser.ask("document.querySelectorAll('#population polyline').length") > 5
    assert browser.complaints() == []


def test_details_of_the_selected_agent_are_shown(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.until(PICTURE)
    look_at(browser, 7)
    groups = "return [...document.querySelectorAll('#agent-figures details')].map((each) => each.dataset.title)"
    assert browser.until(f"const found = (() => {{ {groups} }})(); return found.length && found") == [
        "state", "action", "senses", "genome",
    ]  # fmt: skip
    assert browser.ask("document.getElementById('agent-heading').textContent") == "Agent 7"
    assert browser.ask("document.querySelectorAll('#agent-figures dt').length") == 7 + 2 + 29 + 10
    assert browser.complaints() == []


def test_the_keyboard_can_select_a_leader(browser: Browser, address: str) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open(address)
    browser.until("return document.querySelectorAll('#leaders button').length === 10")
    button = browser.until("return document.querySelector('#leaders button')")
    name = button.text
    button.send_keys(Keys.ENTER)
    browser.until(f"return document.getElementById('agent-heading').textContent === '{name.capitalize()}'")


def test_a_click_on_a_robot_selects_it(browser: Browser, address: str) -> None:
    from selenium.webdriver import ActionChains

    browser.open(address)
    browser.until(PICTURE)
    look_at(browser, 3)  # the view follows it: it is drawn in the middle
    browser.until("return document.getElementById('agent-heading').textContent === 'Agent 3'")
    browser.driver.execute_script("document.getElementById('picture').scrollIntoView({block: 'center'})")
    canvas = browser.driver.find_element("id", "picture")
    below = round(0.1 * canvas.size["height"])
    browser.driver.execute_script("document.getElementById('agent-heading').textContent = 'nothing yet'")
    ActionChains(browser.driver).move_to_element_with_offset(canvas, 0, below).click().perform()
    browser.until("return document.getElementById('agent-heading').textContent.startsWith('Agent ')")


def test_the_keyboard_can_move_the_view(browser: Browser, address: str) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.open(address)
    browser.until(PICTURE)
    assert browser.ask("document.getElementById('follow').checked")
    browser.driver.find_element("id", "picture").send_keys(Keys.ARROW_LEFT, "+", "-", Keys.HOME)
    assert not browser.ask("document.getElementById('follow').checked")
    assert browser.complaints() == []


def test_without_a_picture_the_rest_of_the_page_works(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "mysim.py").write_text(
        "class Herd:\n    def __init__(self, agents, seed):\n        pass\n\n    def step(self, frame):\n        pass\n"
    )
    herd = ("serve", "--workload", "mysim:Herd", "--agents", "3", "--mode", "threaded", "--port", "0")
    with WholeProcess(tmp_path, tmp_path).start(*herd) as started:
        browser.open(re.findall(r"http://\S+/", started.wait_for_line("serving http://"))[0])
        assert browser.until(HAS_FIGURES) > 3
        for part in ("picture", "leaders", "agent"):
            assert browser.ask(f"document.getElementById('{part}-section').hidden")
        browser.driver.find_element("id", "stop").click()
        ended = "return document.getElementById('state').textContent.match(/^finished: .*/)?.[0]"
        assert browser.until(ended)
        assert browser.ask("[...document.querySelectorAll('#control button')].every((button) => button.disabled)")
        assert browser.complaints() == []
