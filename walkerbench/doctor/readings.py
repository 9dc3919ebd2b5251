"""Reads what influences measurements: cores, frequency, load, steal, swap, BLAS, timer; None where not available."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import threadpoolctl

from walkerbench.doctor.gil import GilState, read_gil
from walkerbench.doctor.noise import Noise
from walkerbench.recording.instrumentation import instrumentation_facts, slowed_by
from walkerbench.system.resources import (
    allowed_cores,
    cpu_quota,
    load_average,
    present_cores,
    read_text,
    used_swap_bytes,
)

_ROOT = Path("/")
_SLEEP_S = 0.001
_SLEEPS = 20
_CLOCK_STEPS = 200


@dataclass(frozen=True)
class Counters:
    """Counters of the system since its start.

    Attributes:
        stolen: Ticks that a hypervisor gave to other machines while this one was ready to run; None if not available.
        ticks: All ticks of all cores.
        swapped_pages: Pages swapped in or out; None if not available.
    """

    stolen: int | None
    ticks: int
    swapped_pages: int | None


@dataclass(frozen=True)
class MachineReadings:
    """Readings of the machine; None where a reading is not available on this system.

    Attributes:
        cores_present: Cores of the machine.
        cores_allowed: Cores that this process may use: its affinity and its cgroup's quota.
        cpu_quota: The quota, in cores; None without one.
        governors: The frequency governors of all cores, each once.
        turbo: Whether cores may run above their base frequency.
        load: Runnable threads, averaged over the last minute.
        steal_percent: Share of all cores' time that a hypervisor gave to other machines, while noise was measured.
        swapped_pages: Pages swapped in or out while noise was measured.
        swap_used_bytes: Swap in use.
        blas: Each BLAS with the number of threads that it would use if walkerbench did not limit it to one.
        gil: The state of the GIL.
        slowed_by: What slows this interpreter, in words, such as a tracer or a debug allocator.
        timer_step_ns: The smallest step of the clock that times frames.
        sleep_overshoot_us: Median time by which a sleep of 1 ms is too long.
        noise: The result of an A/A comparison.
    """

    cores_present: int
    cores_allowed: int
    cpu_quota: float | None
    governors: tuple[str, ...]
    turbo: bool | None
    load: float | None
    steal_percent: float | None
    swapped_pages: int | None
    swap_used_bytes: int | None
    blas: tuple[tuple[str, int], ...]
    gil: GilState
    slowed_by: tuple[str, ...]
    timer_step_ns: int
    sleep_overshoot_us: float
    noise: Noise


def read_all(measure: Callable[[], Noise], root: Path = _ROOT) -> MachineReadings:
    """Return all readings; the counters of the system are read before and after noise is measured.

    Args:
        measure: Measures noise.
        root: The folder that holds `proc` and `sys`.
    """
    load = load_average()  # before this process adds to it
    gil = read_gil()
    blas = read_blas()
    step_ns, overshoot_us = timer_step_ns(), sleep_overshoot_us()
    before = read_counters(root)
    noise = measure()
    after = read_counters(root)
    return MachineReadings(
        cores_present=present_cores(),
        cores_allowed=allowed_cores(),
        cpu_quota=cpu_quota(root),
        governors=read_governors(root),
        turbo=read_turbo(root),
        load=None if load is None else load[0],
        steal_percent=steal_percent(before, after),
        swapped_pages=swapped_pages(before, after),
        swap_used_bytes=used_swap_bytes(),
        blas=blas,
        gil=gil,
        slowed_by=tuple(slowed_by(instrumentation_facts())),
        timer_step_ns=step_ns,
        sleep_overshoot_us=overshoot_us,
        noise=noise,
    )


def read_governors(root: Path = _ROOT) -> tuple[str, ...]:
    """Return the frequency governors in use; none where the system does not show them, as in most virtual machines."""
    files = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
    return tuple(sorted({text.strip() for file in files if (text := read_text(file)) is not None}))


def read_turbo(root: Path = _ROOT) -> bool | None:
    """Return whether cores may run above their base frequency."""
    cpu = root / "sys/devices/system/cpu"
    for path, when_on in ((cpu / "intel_pstate/no_turbo", "0"), (cpu / "cpufreq/boost", "1")):
        text = read_text(path)
        if text is not None:
            return text.strip() == when_on
    return None


def read_counters(root: Path = _ROOT) -> Counters:
    """Return the counters of the system; see proc(5) for `stat` and `vmstat`."""
    line = re.search(r"^cpu ([\d ]+)$", read_text(root / "proc/stat") or "", re.MULTILINE)
    ticks = [int(text) for text in line[1].split()] if line else []
    swapped = re.findall(r"^pswp(?:in|out) (\d+)$", read_text(root / "proc/vmstat") or "", re.MULTILINE)
    return Counters(
        stolen=ticks[7] if len(ticks) > 7 else None,
        ticks=sum(ticks[:8]),  # guest time, which follows, is part of user time
        swapped_pages=sum(map(int, swapped)) if swapped else None,
    )


def steal_percent(before: Counters, after: Counters) -> float | None:
    """Return the stolen time between two readings, in percent of all time; None if not available."""
    if before.stolen is None or after.stolen is None or after.ticks <= before.ticks:
        return None
    return 100.0 * (after.stolen - before.stolen) / (after.ticks - before.ticks)


def swapped_pages(before: Counters, after: Counters) -> int | None:
    """Return the pages swapped in or out between two readings; None if not available."""
    if before.swapped_pages is None or after.swapped_pages is None:
        return None
    return after.swapped_pages - before.swapped_pages


def read_blas() -> tuple[tuple[str, int], ...]:
    """Return each BLAS that is loaded, with its threads."""
    libraries = threadpoolctl.threadpool_info()
    return tuple(
        (str(each.get("internal_api")), int(each["num_threads"])) for each in libraries if each["user_api"] == "blas"
    )


def timer_step_ns(clock_ns: Callable[[], int] = time.perf_counter_ns) -> int:
    """Return the smallest step between two different readings of a clock, ns."""
    steps: list[int] = []
    last = clock_ns()
    while len(steps) < _CLOCK_STEPS:
        now = clock_ns()
        if now != last:
            steps.append(now - last)
            last = now
    return min(steps)


def sleep_overshoot_us() -> float:
    """Return the median time by which a sleep of 1 ms is too long, µs."""
    overshoots = []
    for _ in range(_SLEEPS):
        start = time.perf_counter()
        time.sleep(_SLEEP_S)
        overshoots.append(time.perf_counter() - start - _SLEEP_S)
    return median(overshoots) * 1e6
