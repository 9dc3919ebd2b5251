from __future__ import annotations

from typing import Any

import pytest

_RATIOS = pytest.StashKey[list[Any]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_RATIOS] = []


@pytest.fixture
def keep(request: pytest.FixtureRequest) -> Any:
    """Record ratios for the table at the end, and fail if a ratio misses its bound."""

    def note(*ratios: Any) -> None:
        request.config.stash[_RATIOS].extend(ratios)
        missed = [f"{ratio.name}: {ratio.value:.3f}, not {ratio.bound}" for ratio in ratios if not ratio.kept]
        assert not missed, "; ".join(missed)

    return note


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    ratios = config.stash[_RATIOS]
    if not ratios:
        return
    terminalreporter.section("ratios")
    terminalreporter.write_line(f"{'ratio':56} {'median':>7}  {'quartiles':^15} {'bound':>8}")
    for each in ratios:
        spread = f"{each.low:.3f}…{each.high:.3f}"
        verdict = "" if not each.bound else "kept" if each.kept else "MISSED"
        terminalreporter.write_line(f"{each.name:56} {each.value:7.3f}  {spread:^15} {each.bound:>8} {verdict}")
