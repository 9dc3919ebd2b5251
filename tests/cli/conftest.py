from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded_runs import blank_rows

import walkerbench.running
from walkerbench.cli.entry import run_command_line
from walkerbench.profile.model import Profile
from walkerbench.recording.cpu import cpu_dtype
from walkerbench.recording.frames import frame_dtype, worker_dtype
from walkerbench.run_directory import RecordedRun, RunFile, RunWriter
from walkerbench.running import summary
from walkerbench.running.observers import RunStart
from walkerbench.running.run_control import RunControl
from walkerbench.running.run_recorder import digest_dtype

FINISHED = Path(__file__).parents[1] / "reports" / "finished_run.json"


@dataclass
class Ended:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture(autouse=True)
def _no_colour_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return a function that runs a command line in this process."""

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["walkerbench", *arguments])
        capsys.readouterr()
        code = run_command_line(arguments)
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


@pytest.fixture
def finished() -> RunFile:
    return RunFile.model_validate_json(FINISHED.read_bytes(), strict=True)


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, RunFile], Path]:
    """Return a function that records a run with arrays of zeros; a run's metrics are not computed from these."""

    def trusted(recorded: RecordedRun) -> RecordedRun:
        return recorded if recorded.run.metrics else dataclasses.replace(recorded, run=summary.conclude(recorded))

    monkeypatch.setattr(summary, "concluded", trusted)

    def write(directory: Path, run: RunFile) -> Path:
        workload = run.workload
        dtypes = {
            "frames": frame_dtype(workload.phases, workload.settle_phase, workload.frame_counters),
            "workers": worker_dtype(workload.phases),
            "cpu": cpu_dtype(cores=2),
            "digests": digest_dtype(["bodies"]),
        }
        with RunWriter.create(directory, run, dtypes) as writer:
            for name, rows in blank_rows(run, dtypes).items():
                writer.append(name, rows if name != "cpu" else np.zeros(1, cpu_dtype(2)))
        return directory

    return write


@dataclass
class FakeRunner:
    """Stands in for the runner: writes a made-up run, or raises."""

    result: RunFile
    record: Callable[[Path, RunFile], Path]
    root: Path
    error: BaseException | None = None
    profile: Profile | None = None
    output: Path | None = None
    command_line: Sequence[str] = ()

    def run(
        self,
        profile: Profile,
        *,
        output: Path | None,
        command_line: Sequence[str],
        observers: Sequence[Any],
        control: RunControl | None,
    ) -> Path:
        self.profile, self.output, self.command_line = profile, output, command_line
        directory = self.record(output or self.root / "run", self.result)
        (progress,) = observers
        progress.started(RunStart(directory, self.result, lambda: None))
        progress.show(
            types.SimpleNamespace(
                stage=0, stages=1, agents=60, frame=60, frames=3600, elapsed_s=0.5, remaining_s=29.5,
                frames_per_s=120.4, frame_ms=8.3333, effective_cores=1.234,
            )
        )  # fmt: skip
        if self.error is not None:
            raise self.error
        return directory


@pytest.fixture
def runner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, finished: RunFile, record: Callable[[Path, RunFile], Path]
) -> FakeRunner:
    """Replace the runner by a fake during the test, and return the fake."""
    fake = FakeRunner(finished, record, tmp_path)
    module = types.ModuleType("walkerbench.running.runner")
    module.run = fake.run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "walkerbench.running.runner", module)
    monkeypatch.setattr(walkerbench.running, "runner", module, raising=False)
    return fake
