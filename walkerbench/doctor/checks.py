"""Judges readings of the machine: each is fine, makes figures worse, or makes them worthless. Only pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from walkerbench.doctor.gil import FROM_THE_START
from walkerbench.doctor.readings import MachineReadings
from walkerbench.recorded_value import NOT_AVAILABLE

Level = Literal["ok", "unknown", "warning", "unfit"]

# Two limits of each reading: above the first it is a warning, above the second the machine is unfit.
_LOAD_A_CORE = (0.25, 1.0)  # other processes then take a core from a run that uses all cores
_STEAL_PERCENT = (1.0, 5.0)
_TIMER_STEP_NS = (1_000, 1_000_000)  # phases take some 50 µs, frames 1 ms
_SLEEP_OVERSHOOT_US = (1_000.0, 5_000.0)  # a frame at real-time pace has 16.7 ms
_NOISE_SHARE = (0.02, 0.10)  # the first is the tolerance that comparisons have by default


@dataclass(frozen=True)
class Check:
    """One thing that influences measuring.

    Attributes:
        subject: What is checked, such as `cores`.
        level: `ok`, `unknown` (not available on this system), `warning` (figures will be worse), `unfit` (they will be
            worthless).
        seen: What was read, in words.
        advice: What to do about it; empty where nothing needs to be done.
    """

    subject: str
    level: Level
    seen: str
    advice: str = ""


def check_machine(readings: MachineReadings) -> tuple[Check, ...]:
    """Return a check for each subject: facts of the machine first, measurements on it last."""
    return (
        _cores(readings),
        _quota(readings),
        _governor(readings),
        _turbo(readings),
        _load(readings),
        _steal(readings),
        _swap(readings),
        _blas(readings),
        _gil(readings),
        _interpreter(readings),
        _timer(readings),
        _sleep(readings),
        _noise(readings),
    )


def is_fit(checks: Sequence[Check]) -> bool:
    """Return whether the machine is fit: no check is `unfit`."""
    return all(check.level != "unfit" for check in checks)


def _cores(readings: MachineReadings) -> Check:
    seen = f"{readings.cores_allowed} of {readings.cores_present} may be used"
    if readings.cores_allowed < 2:
        return Check("cores", "warning", seen, "allow at least 2: on 1 core, no mode can be faster than sequential")
    return Check("cores", "ok", seen)


def _quota(readings: MachineReadings) -> Check:
    if readings.cpu_quota is None:
        return Check("quota", "ok", "none")
    advice = "allow whole cores (a cpuset) instead: past a quota, the system stops the process within a frame"
    return Check("quota", "warning", f"{readings.cpu_quota:g} cores", advice)


def _governor(readings: MachineReadings) -> Check:
    if not readings.governors:
        return Check("governor", "unknown", NOT_AVAILABLE)
    seen = ", ".join(readings.governors)
    if readings.governors == ("performance",):
        return Check("governor", "ok", seen)
    advice = "hold the frequency while measuring: sudo cpupower frequency-set -g performance"
    return Check("governor", "warning", seen, advice)


def _turbo(readings: MachineReadings) -> Check:
    if readings.turbo is None:
        return Check("turbo", "unknown", NOT_AVAILABLE)
    if not readings.turbo:
        return Check("turbo", "ok", "off")
    advice = "switch it off while measuring: with it, the frequency falls as more cores work and as they get warm"
    return Check("turbo", "warning", "on", advice)


def _load(readings: MachineReadings) -> Check:
    if readings.load is None:
        return Check("load", "unknown", NOT_AVAILABLE)
    # The system counts runnable threads of all cores, also of cores that this process may not use.
    level = _level(readings.load / readings.cores_present, _LOAD_A_CORE)
    seen = f"{readings.load:.2f} over the last minute, on {readings.cores_present} cores"
    return Check("load", level, seen, _unless_ok(level, "end other processes, or wait for a minute"))


def _steal(readings: MachineReadings) -> Check:
    if readings.steal_percent is None:
        return Check("steal", "unknown", NOT_AVAILABLE)
    level = _level(readings.steal_percent, _STEAL_PERCENT)
    advice = "the host is overbooked: use a machine with cores of its own"
    return Check("steal", level, f"{readings.steal_percent:.1f} % of the cores' time", _unless_ok(level, advice))


def _swap(readings: MachineReadings) -> Check:
    used = readings.swap_used_bytes
    seen = f"{NOT_AVAILABLE if used is None else f'{used / 1e6:,.0f} MB'} in use"
    if readings.swapped_pages is None:
        return Check("swap", "unknown", f"{seen}; what is swapped during the measurement is {NOT_AVAILABLE}")
    seen = f"{seen}, pages swapped during the measurement: {readings.swapped_pages:,}"
    if readings.swapped_pages > 0:
        return Check("swap", "unfit", seen, "free memory: a page that comes back from disk takes longer than a frame")
    return Check("swap", "ok", seen)


def _blas(readings: MachineReadings) -> Check:
    if not readings.blas:
        advice = "install NumPy from a wheel with OpenBLAS: walkerbench can limit only a BLAS that it knows to 1 thread"
        return Check("BLAS", "warning", "none that is known", advice)
    seen = ", ".join(f"{name} with {threads}" for name, threads in readings.blas)
    return Check("BLAS", "ok", f"{seen} threads; a run limits it to 1 per worker")


def _gil(readings: MachineReadings) -> Check:
    gil = readings.gil
    if not gil.free_threaded_build:
        return Check("GIL", "ok", f"on; which import switched it on is {NOT_AVAILABLE}: this Python always has it")
    if not gil.enabled:
        return Check("GIL", "ok", "off, after all imports")
    advice = "set PYTHON_GIL=0: otherwise threads are measured with the GIL"
    cause = f"on, switched on by {gil.switched_on_by}"
    if gil.switched_on_by != FROM_THE_START:
        # Python itself only warns that the module "has not declared that it can run safely without the GIL".
        cause += ", an extension module that does not declare that it can run without the GIL (Py_mod_gil)"
    return Check("GIL", "warning", cause, advice)


def _interpreter(readings: MachineReadings) -> Check:
    if not readings.slowed_by:
        return Check("Python", "ok", "nothing traces it, and it has no debug settings")
    advice = "measure without it: frames take longer, and runs compare only with runs that have the same"
    return Check("Python", "warning", "; ".join(readings.slowed_by), advice)


def _timer(readings: MachineReadings) -> Check:
    level = _level(readings.timer_step_ns, _TIMER_STEP_NS)
    advice = "use another clock source: see /sys/devices/system/clocksource/clocksource0/available_clocksource"
    return Check("timer", level, f"steps of {readings.timer_step_ns:,} ns", _unless_ok(level, advice))


def _sleep(readings: MachineReadings) -> Check:
    level = _level(readings.sleep_overshoot_us, _SLEEP_OVERSHOOT_US)
    seen = f"1 ms takes {readings.sleep_overshoot_us:,.0f} µs longer"
    return Check("sleep", level, seen, _unless_ok(level, "measure at pace max: real-time pace misses its deadlines"))


def _noise(readings: MachineReadings) -> Check:
    noise = readings.noise
    level = _level(noise.drowned, _NOISE_SHARE)
    seen = (
        f"typically {100 * noise.typical:.1f} % between two blocks of the same work; over {noise.pairs} pairs, the "
        f"noise hides a slowdown below {100 * noise.drowned:.1f} %"
    )
    advice = "resolve the warnings above and run this again; if the noise stays, measure longer and more rounds"
    return Check("noise", level, seen, _unless_ok(level, advice))


def _level(value: float, limits: tuple[float, float]) -> Level:
    warning, unfit = limits
    if value > unfit:
        return "unfit"
    return "warning" if value > warning else "ok"


def _unless_ok(level: Level, advice: str) -> str:
    return "" if level == "ok" else advice
