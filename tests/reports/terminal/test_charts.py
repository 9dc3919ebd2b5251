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
from walkerbench.reports.terminal.charts import Bar, Sparkline, busy_cores, histogram, pictures, scale_of

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
    return made(wall_ms, warmup=100, cores=[[100, 0], [96, 1], [98, np.nan]])


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
    assert "█▄\nww\nfrom 0 to 2.000 ms; each character is a frame; w: warm-up\n" in text
    assert "Judged" not in text


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1"])
def test_warm_up_is_marked_and_never_sets_the_scale(encoding: str) -> None:
    judged = [2.0, 1.0, 4.0, 3.0]
    lines = drawn(made([900.0, 2.0, *judged], warmup=2), encoding).splitlines()
    levels = "█▄▄▂█▆" if encoding == "utf-8" else "#--.#+"
    assert lines[2:5] == [
        levels,
        "ww",
        "from 0 to 4.000 ms (judged frames); each character is a frame; w: warm-up",
    ]
    alone = drawn(made(judged), encoding).splitlines()
    assert alone[2] == levels[2:]
    assert alone[3].startswith("from 0 to 4.000 ms (judged frames); ")
    assert "w:" not in alone[3]


def test_warm_up_is_also_dim_on_a_terminal_with_colours() -> None:
    text = io.StringIO()
    console = Console(file=text, width=80, color_system="standard", force_terminal=True, legacy_windows=False)
    console.print(Sparkline(np.array([4.0, 2.0, 4.0]), np.array([True, True, False])))
    assert text.getvalue().startswith("\x1b[2m█\x1b[0m\x1b[2m▄\x1b[0m█\n")


def test_a_character_of_warm_up_and_judged_frames_shows_judged() -> None:
    lines = drawn(made([50.0, *[1.0] * 99], warmup=1), width=50).splitlines()
    assert lines[2] == "█" * 50
    assert "w" not in lines[3].split(";")[0]


@pytest.mark.parametrize(
    ("judged", "levels", "legend"),
    [
        ([1.0, 10.0], "▁█", "from 0 to 10.000 ms"),
        ([1.0, 3.2, 11.0], "▁▄█", "logarithmic, from 1.000 to 11.000 ms"),
        ([0.0, 1.0, 100.0], "▁▁█", "logarithmic, from 1.000 to 100.000 ms"),
    ],
)
def test_judged_frames_over_ten_times_apart_have_a_log_scale(judged: list[float], levels: str, legend: str) -> None:
    lines = drawn(made(judged)).splitlines()
    assert lines[2] == levels
    assert lines[3].startswith(f"{legend} (judged frames); ")


def test_a_scale_gives_every_value_a_height_from_0_to_1() -> None:
    values = np.array([0.0, 0.5, 1.0, 2.0, 1000.0, 5000.0])
    for scale in (scale_of(values[1:4]), scale_of(values[1:5]), scale_of(values[:1])):
        shares = scale.shares(values)
        assert ((shares >= 0) & (shares <= 1)).all()
        assert (np.diff(shares) >= 0).all()


def test_one_frame_and_frames_of_zero_time_are_drawn() -> None:
    assert "█\n" in drawn(made([2.0]))
    assert "2.000  ████" in drawn(made([2.0]))
    assert "▁▁\nfrom 0 to 0.000 ms (judged frames); each character is a frame\n" in drawn(made([0.0, 0.0]))


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
