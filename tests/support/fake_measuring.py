"""Stands in for measurements and for recorded runs, for commands that compare; a test imports the fixtures it uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from comparisons import measurement
from recorded_runs import recorded, run_file, write

from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.errors import ExitCode
from walkerbench.interleaved import rounds as measuring
from walkerbench.interleaved.measurement import Measurement
from walkerbench.interleaved.measurement_observer import MeasurementObserver
from walkerbench.interleaved.round_plan import MeasurementRequest
from walkerbench.interleaved.sides import Side
from walkerbench.running import repeats
from walkerbench.running.run_process import RunRequest


@dataclass
class FakeMeasuring:
    """Stands in for `measure`: sides take the given multiples of the base's time."""

    factors: Sequence[float] = (1.0, 1.0, 1.0)
    error: BaseException | None = None
    sides: Sequence[Side] = ()
    request: MeasurementRequest | None = None
    rules: DecisionRules | None = None

    def measure(
        self, sides: Sequence[Side], request: MeasurementRequest, rules: DecisionRules, observer: MeasurementObserver
    ) -> Measurement:
        self.sides, self.request, self.rules = sides, request, rules
        if self.error is not None:
            raise self.error
        result = measurement({side.label: side.profile.mode for side in sides}, list(self.factors)[: len(sides)])
        observer.started(sides)
        observer.planned(result.plan)
        for number in (1, 12):
            observer.round_done(number, 12, 12.0 - number)
        return replace(result, rules=rules)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeMeasuring:
    found = FakeMeasuring()
    monkeypatch.setattr(measuring, "measure", found.measure)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    return found


@dataclass
class FakeRepeats:
    """Stands in for `record_repeats`: writes made-up runs, each a little slower than the one before."""

    frame_ms: float = 2.0
    state: str = "finished"
    recorded: int = 0
    request: RunRequest | None = None

    def record(self, requests: Callable[[int], RunRequest], count: int, tell: Any) -> repeats.Repeats:
        children = []
        for number in range(count):
            tell(number)
            self.recorded += 1
            self.request = requests(number)
            verdict = {"criterion": "c < 1", "stage": None, "value": 0.5, "outcome": "pass", "detail": "0.5"}
            run = run_file(
                f"{10 + self.recorded}",
                frame_ms=self.frame_ms + self.recorded / 1000,
                state=self.state,
                ended_because="10 slow frames" if self.state != "finished" else None,
                verdicts=[verdict],
            )
            path = write(self.request.directory, recorded("run", run))
            children.append(repeats.ChildRun(path, run, ExitCode(self.state == "emergency"), None))
        return repeats.Repeats(tuple(children), interrupted=False)


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeRepeats:
    monkeypatch.chdir(tmp_path)
    found = FakeRepeats()
    monkeypatch.setattr(repeats, "record_repeats", found.record)
    return found


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    for number in range(1, 6):
        run = run_file(str(number), frame_ms=2 + number / 1000)
        write(tmp_path / "base" / str(number), recorded("run", run))
    return tmp_path / "base"
