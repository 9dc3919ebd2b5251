from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from walkerbench.doctor import readings
from walkerbench.doctor.noise import Noise
from walkerbench.doctor.readings import (
    Counters,
    read_all,
    read_counters,
    read_governors,
    read_turbo,
    steal_percent,
    swapped_pages,
    timer_step_ns,
)

CPU = "sys/devices/system/cpu"
STAT = "cpu  100 0 50 800 20 0 5 25 60 0\ncpu0 50 0 25 400 10 0 2 13 30 0\nintr 1\n"


def put(root: Any, path: Any, text: Any) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_each_governor_is_named_once(tmp_path: Path) -> None:
    for number, governor in enumerate(["powersave", "performance", "powersave"]):
        put(tmp_path, f"{CPU}/cpu{number}/cpufreq/scaling_governor", f"{governor}\n")

    assert read_governors(tmp_path) == ("performance", "powersave")


@pytest.mark.parametrize(
    ("file", "text", "turbo"),
    [
        ("intel_pstate/no_turbo", "0\n", True),
        ("intel_pstate/no_turbo", "1\n", False),
        ("cpufreq/boost", "1\n", True),
        ("cpufreq/boost", "0\n", False),
    ],
)
def test_turbo_is_read_from_each_source(tmp_path: Path, file: str, text: str, turbo: bool) -> None:
    put(tmp_path, f"{CPU}/{file}", text)

    assert read_turbo(tmp_path) is turbo


def test_counters_are_read_from_proc(tmp_path: Path) -> None:
    put(tmp_path, "proc/stat", STAT)
    put(tmp_path, "proc/vmstat", "pgpgin 3\npswpin 4\npswpout 5\npswpinner 7\n")

    assert read_counters(tmp_path) == Counters(stolen=25, ticks=1000, swapped_pages=9)


def test_without_sources_readings_are_not_available(tmp_path: Path) -> None:
    assert read_governors(tmp_path) == ()
    assert read_turbo(tmp_path) is None
    assert read_counters(tmp_path) == Counters(stolen=None, ticks=0, swapped_pages=None)


def test_an_old_kernel_counts_no_steal(tmp_path: Path) -> None:
    put(tmp_path, "proc/stat", "cpu  100 0 50 850\n")

    assert read_counters(tmp_path).stolen is None


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [((25, 1000), (35, 1200), 5.0), ((25, 1000), (25, 1000), None), ((None, 0), (1, 9), None)],
)  # fmt: skip
def test_steal_is_the_difference_of_two_readings(
    before: tuple[int | None, int], after: tuple[int, int], percent: float | None
) -> None:
    readings = [Counters(stolen, ticks, 0) for stolen, ticks in (before, after)]
    assert steal_percent(*readings) == percent


@pytest.mark.parametrize(("before", "after", "pages"), [(3, 10, 7), (None, 10, None), (3, None, None)])
def test_swapping_is_the_difference_of_two_readings(before: int | None, after: int | None, pages: int | None) -> None:
    assert swapped_pages(Counters(0, 0, before), Counters(0, 0, after)) == pages


def test_the_timers_step_is_the_smallest() -> None:
    ticks = iter([0, 0, 300, 300, 400, *range(600, 10**6, 200)])

    assert timer_step_ns(lambda: next(ticks)) == 100


def test_counters_are_read_before_and_after_the_measurement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Noise(1, 0.0, 0.0)
    put(tmp_path, "proc/stat", STAT)

    def measure() -> Any:
        put(tmp_path, "proc/stat", "cpu  100 0 50 890 20 0 5 35 60 0\n")
        return noise

    monkeypatch.setattr(readings, "sleep_overshoot_us", lambda: 50.0)
    read = read_all(measure, tmp_path)

    assert read.noise is noise
    assert read.steal_percent == 10.0
    assert read.swapped_pages is None
    assert read.cpu_quota is None
    assert read.cores_allowed >= 1
    assert read.timer_step_ns > 0
    assert read.blas


def test_a_sleep_is_never_too_short() -> None:
    assert readings.sleep_overshoot_us() > -100
