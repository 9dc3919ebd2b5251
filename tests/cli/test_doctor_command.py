from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from walkerbench.doctor import noise, readings
from walkerbench.doctor.gil import GilState
from walkerbench.doctor.noise import Noise
from walkerbench.doctor.readings import MachineReadings

MACHINE = MachineReadings(
    cores_present=8,
    cores_allowed=4,
    cpu_quota=1.5,
    governors=("powersave",),
    turbo=True,
    load=0.4,
    steal_percent=None,
    swapped_pages=0,
    swap_used_bytes=0,
    blas=(("openblas", 8),),
    gil=GilState(free_threaded_build=True, enabled=True, switched_on_by="Box2D"),
    slowed_by=(),
    timer_step_ns=40,
    sleep_overshoot_us=60.0,
    noise=Noise(pairs=25, typical=0.004, drowned=0.006),
)
UNFIT = dataclasses.replace(MACHINE, noise=Noise(pairs=25, typical=0.1, drowned=0.2), swapped_pages=9)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that sets the readings that the doctor gets."""

    def read(found: MachineReadings) -> None:
        monkeypatch.setattr(readings, "read_all", lambda measure: found)

    read(MACHINE)
    return read


def test_checks_fit_80_columns_and_say_what_to_do(command: Any, machine: Any) -> None:
    ended = command("doctor")

    assert (ended.code, ended.err) == (0, "measuring for about 5 s\n")
    lines = ended.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0] == "ok       cores     4 of 8 may be used"
    assert lines[1] == "warning  quota     1.5 cores"
    assert lines[2].startswith(" " * 19 + "→ allow whole cores (a cpuset) instead")
    assert lines[-1] == "FIT for measuring, with 4 warnings."


def test_an_unfit_machine_fails_only_with_strict(command: Any, machine: Any) -> None:
    assert command("doctor", "--strict").code == 0
    machine(UNFIT)
    lenient, strict = command("doctor"), command("doctor", "--strict")

    assert (lenient.code, strict.code) == (0, 4)
    assert lenient.out == strict.out
    assert strict.out.endswith("\nUNFIT for measuring: swap, noise.\n")


def test_json_holds_checks_and_readings(command: Any, machine: Any) -> None:
    machine(UNFIT)
    content = json.loads(command("doctor", "--json").out)

    assert content["fit"] is False
    assert content["checks"][0] == {"subject": "cores", "level": "ok", "seen": "4 of 8 may be used", "advice": ""}
    assert content["readings"]["noise"] == {"pairs": 25, "typical": 0.1, "drowned": 0.2}
    assert content["readings"]["steal_percent"] is None


def test_noise_is_that_of_the_smoke_profile(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, float]] = []

    def measure(profile: Any, duration_s: float) -> Noise:
        asked.append((profile.name, duration_s))
        return MACHINE.noise

    monkeypatch.setattr(noise, "measure_noise", measure)

    assert command("doctor").code == 0
    assert asked == [("smoke", 5.0)]


def test_noise_is_measured_with_the_workload_asked_for(command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []

    def read(measure: Any) -> MachineReadings:
        measure()
        return MACHINE

    monkeypatch.setattr(readings, "read_all", read)
    monkeypatch.setattr(noise, "measure_noise", lambda profile, duration_s: measured.append(profile))
    arguments = ("--workload", "function:json:dumps", "--workload-argument", "obj=[1]", "--seed", "7")
    for words in ((), arguments):
        ended = command("doctor", *words)
        assert ended.code == 0, ended.err
    assert [(each.name, each.workload, each.workload_arguments, each.seed) for each in measured] == [
        ("smoke", "walker", {}, 1),
        ("smoke", "function:json:dumps", {"obj": [1]}, 7),
    ]
    assert measured[1].environment.calls_per_frame >= 1, "what the profile leaves open has been found"
