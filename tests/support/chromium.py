"""A real Chromium that tests open pages in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DEADLINE_S = 60


class Browser:
    """A browser that opens pages and reports what they did."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, address: str, *, width: int = 1280, scheme: str = "light") -> None:
        """Open a page, and forget what the page before did."""
        self.emulate("setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.prefer(scheme)
        self.complaints()
        self.requests()
        self.driver.get(address)

    def prefer(self, scheme: str) -> None:
        self.emulate("setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def emulate(self, what: str, **how: Any) -> None:
        self.driver.execute_cdp_cmd(f"Emulation.{what}", how)

    def until(self, script: str, *arguments: Any) -> Any:
        """Run a script again and again until its result is true, and return the result."""
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.driver, DEADLINE_S).until(lambda driver: driver.execute_script(script, *arguments))

    def ask(self, script: str) -> Any:
        return self.driver.execute_script(f"return {script}")

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [each["params"] for each in messages if each["method"] == "Network.requestWillBeSent"]
        urls = [each["request"]["url"] for each in sent]
        return [url for url in urls if not url.startswith("data:")]  # a data URL loads nothing


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
