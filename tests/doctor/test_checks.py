from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from walkerbench.doctor.checks import check_machine, is_fit
from walkerbench.doctor.gil import FROM_THE_START, GilState
from walkerbench.doctor.noise import Noise
from walkerbench.doctor.readings import MachineReadings

QUIET = MachineReadings(
    cores_present=8,
    cores_allowed=4,
    cpu_quota=None,
    governors=("performance",),
    turbo=False,
    load=0.4,
    steal_percent=0.0,
    swapped_pages=0,
    swap_used_bytes=0,
    blas=(("openblas", 8),),
    gil=GilState(free_threaded_build=False, enabled=True, switched_on_by=None),
    slowed_by=(),
    timer_step_ns=40,
    sleep_overshoot_us=60.0,
    noise=Noise(pairs=25, typical=0.004, drowned=0.006),
)


def check_of(subject: Any, **changes: Any) -> Any:
    checks = {each.subject: each for each in check_machine(dataclasses.replace(QUIET, **changes))}
    return checks[subject]


def test_a_quiet_machine_is_fit_and_gets_no_advice() -> None:
    checks = check_machine(QUIET)

    assert is_fit(checks)
    assert {each.level for each in checks} == {"ok"}
    assert not any(each.advice for each in checks)
    subjects = "cores quota governor turbo load steal swap BLAS GIL Python timer sleep noise"
    assert [each.subject for each in checks] == subjects.split()


@pytest.mark.parametrize(
    ("subject", "changes", "level", "seen"),
    [
        ("cores", {}, "ok", "4 of 8 may be used"),
        ("cores", {"cores_allowed": 2}, "ok", "2 of 8"),
        ("cores", {"cores_allowed": 1}, "warning", "1 of 8"),
        ("quota", {}, "ok", "none"),
        ("quota", {"cpu_quota": 1.5}, "warning", "1.5 cores"),
        ("governor", {}, "ok", "performance"),
        ("governor", {"governors": ()}, "unknown", "n/a"),
        ("governor", {"governors": ("performance", "powersave")}, "warning", "performance, powersave"),
        ("turbo", {}, "ok", "off"),
        ("turbo", {"turbo": None}, "unknown", "n/a"),
        ("turbo", {"turbo": True}, "warning", "on"),
        ("Python", {}, "ok", "nothing traces it"),
        ("Python", {"slowed_by": ("tracemalloc is on", "other")}, "warning", "tracemalloc is on; other"),
        ("load", {"load": None}, "unknown", "n/a"),
        ("load", {"load": 2.0}, "ok", "2.00 over the last minute, on 8 cores"),
        ("load", {"load": 2.01}, "warning", "2.01"),
        ("load", {"load": 8.0}, "warning", "8.00"),
        ("load", {"load": 8.01}, "unfit", "8.01"),
        ("steal", {"steal_percent": None}, "unknown", "n/a"),
        ("steal", {"steal_percent": 1.0}, "ok", "1.0 %"),
        ("steal", {"steal_percent": 1.1}, "warning", "1.1 % of the cores' time"),
        ("steal", {"steal_percent": 5.1}, "unfit", "5.1 %"),
        ("swap", {"swap_used_bytes": 2 * 10**9}, "ok", "2,000 MB in use, pages swapped during the measurement: 0"),
        ("swap", {"swapped_pages": None}, "unknown", "0 MB in use; what is swapped during the measurement is n/a"),
        ("swap", {"swapped_pages": 1}, "unfit", "pages swapped during the measurement: 1"),
        ("BLAS", {}, "ok", "openblas with 8 threads; a run limits it to 1 per worker"),
        ("BLAS", {"blas": ()}, "warning", "none that is known"),
        ("GIL", {}, "ok", "which import switched it on is n/a"),
        ("GIL", {"gil": GilState(True, False, None)}, "ok", "off, after all imports"),
        ("GIL", {"gil": GilState(True, True, "Box2D")}, "warning", "on, switched on by Box2D, an extension module"),
        ("GIL", {"gil": GilState(True, True, FROM_THE_START)}, "warning", "interpreter's start (PYTHON_GIL or -X gil)"),
        ("timer", {"timer_step_ns": 1000}, "ok", "steps of 1,000 ns"),
        ("timer", {"timer_step_ns": 1001}, "warning", "steps of 1,001 ns"),
        ("timer", {"timer_step_ns": 15_625_000}, "unfit", "steps of 15,625,000 ns"),
        ("sleep", {"sleep_overshoot_us": 1000.0}, "ok", "1 ms takes 1,000 µs longer"),
        ("sleep", {"sleep_overshoot_us": 1001.0}, "warning", "1,001"),
        ("sleep", {"sleep_overshoot_us": 14_600.0}, "unfit", "14,600"),
        ("noise", {}, "ok", "typically 0.4 % between two blocks of the same work; over 25 pairs, the noise hides a"),
        ("noise", {"noise": Noise(25, 0.01, 0.021)}, "warning", "hides a slowdown below 2.1 %"),
        ("noise", {"noise": Noise(25, 0.09, 0.101)}, "unfit", "hides a slowdown below 10.1 %"),
    ],
)  # fmt: skip
def test_each_reading_has_its_level_and_its_advice(subject: str, changes: Any, level: str, seen: str) -> None:
    found = check_of(subject, **changes)

    assert found.level == level
    assert seen in found.seen
    assert bool(found.advice) == (level in ("warning", "unfit"))
    assert is_fit([found]) == (level != "unfit")
