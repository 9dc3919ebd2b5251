"""The terminal's charts, compared with golden files.

`PYTHONPATH=tests/support python tests/reports/terminal/test_charts.py` writes them again.
"""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from walkerbench.recording.cpu import cpu_dtype
from walkerbench.reports.terminal.charts import Bar, busy_cores, histogram, pictures

GOLDEN = Path(__file__).parents[1] / "golden"
MS = 1_000_000


def made(wall_ms: Any, warmup: int = 0, cores: Any = ()) -> Any:
    frames = np.zeros(len(wall_ms), [("warmup", np.int64), ("wall_ns", np.float64)])
    frames["wall_ns"] = np.array(wall_ms) * MS
    frames["warmup"][:warmup] = 1
    cpu = np.zeros(len(cores), cpu_dtype(len(cores[0]) if len(cores) else 2))
    if len(cores):
        cpu["core_percent"] = cores
    return SimpleNamespace(frames=frames, cpu=cpu)


def drawn(run: Any, encoding: str = "utf-8", width: int = 80) -> str:
    text = io.StringIO()
    text_of_encoding: Any = SimpleNamespace(write=text.write, flush=text.flush, encoding=encoding)
    console = Console(file=text_of_encoding, width=width, color_system=None, legacy_windows=False)
    for part in pictures(run):
        console.print(part, highlight=False)
    return text.getvalue()


def lively() -> Any:
    wall_ms = 1.5 + np.arange(1000) % 7 / 4
    wall_ms[[3, 640]] = 40.0, 25.0
    return made(wall_ms, warmup=10, cores=[[100, 0], [96, 1], [98, np.nan]])


CASES = {"pictures": "utf-8", "pictures_ascii": "iso-8859-1"}


@pytest.mark.parametrize("name", CASES)
def test_the_charts_equal_the_golden_file(name: str) -> None:
    text = drawn(lively(), CASES[name])
    assert text == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert max(len(line) for line in text.splitlines()) == 80
    assert "\x1b" not in text
    assert text.isascii() == (name == "pictures_ascii")


@pytest.mark.parametrize("width", [40, 80, 200])
def test_charts_hide_no_spike_and_fit_the_terminal(width: int) -> None:
    wall_ms = np.ones(100_000)
    wall_ms[54_321] = 800.0
    lines = drawn(made(wall_ms), width=width).splitlines()
    (sparkline,) = (line for line in lines if "▁" in line)
    assert (sparkline.count("█"), sparkline.index("█")) == (1, 54_321 * width // 100_000)
    assert max(map(len, lines)) <= width


def test_a_run_without_frames_has_no_picture() -> None:
    assert drawn(made([])) == ""


def test_warm_up_alone_is_drawn_and_not_judged() -> None:
    text = drawn(made([2.0, 1.0], warmup=2))
    assert "█▄\n" in text
    assert "Judged" not in text


def test_one_frame_and_frames_of_zero_time_are_drawn() -> None:
    assert "█\n" in drawn(made([2.0]))
    assert "2.000  ████" in drawn(made([2.0]))
    assert "▁▁\nfrom 0 to 0.000 ms; each character is a frame\n" in drawn(made([0.0, 0.0]))


def test_nan_is_ignored() -> None:
    assert "█▄\n" in drawn(made([np.nan, 2.0, 1.0, np.inf]))
    assert drawn(made([np.nan])) == ""


def test_a_histogram_counts_every_value_once() -> None:
    values = np.array([1.0, 1.0, 10.0, 1000.0, 0.0])
    bars = histogram(values)
    assert sum(int(bar.value) for bar in bars) == 5
    assert (bars[0].label, bars[0].value, bars[0].share) == ("0.000 - 1.995", "3", 1.0)
    assert (bars[-1].label, bars[-1].value, bars[-1].share) == ("501.187 - 1000.000", "1", 1 / 3)


def test_loads_of_cores_equal_values_by_hand() -> None:
    percents = np.array([[50, 0], [100, 25], [np.nan, 100]])
    assert busy_cores(percents) == [Bar("core 0", 0.75, "75.0  (max 100.0)"), Bar("core 1", 0.125, "12.5  (max 25.0)")]
    assert busy_cores(percents[2:]) == []


def test_of_many_cores_the_busiest_are_shown() -> None:
    text = drawn(made([], cores=[np.arange(100)]))
    assert text.count("core ") == 16
    assert "core 99" in text
    assert "84 cores less busy than these are left out\n" in text


if __name__ == "__main__":
    for case, encoding in CASES.items():
        (GOLDEN / f"{case}.txt").write_text(drawn(lively(), encoding), encoding="utf-8")
