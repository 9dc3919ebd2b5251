"""The pytest plugin: the fixture `walkerbench_run` runs a profile within a test.

::

    def test_a_frame_is_fast_enough(walkerbench_run):
        run = walkerbench_run("smoke", mode="process", criteria=["frame_ms.p99 < 50"])
        assert run.passed

The run has a process of its own, like a run of `walkerbench run`: neither the code that pytest has loaded nor a
coverage tool in this process slows the run.

pytest imports this module wherever walkerbench is installed. The module imports the rest of walkerbench only when the
fixture is used.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from walkerbench.run_directory import RunFile

_NAME = "walkerbench_run"


@dataclass(frozen=True)
class Passed:
    """Whether a run passed: true or false like a bool. A failed assertion shows its `repr`, which says why.

    Attributes:
        reasons: For each criterion that is not met, or could not be judged, what was measured. Empty where all are
            met.
    """

    reasons: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.reasons

    def __repr__(self) -> str:
        from walkerbench.shown_text import shown

        return "passed" if self else f"not passed: {'; '.join(map(shown, self.reasons))}"


@dataclass(frozen=True, repr=False)
class ProfileRun:
    """A run that a test asked for.

    Attributes:
        directory: Where it is recorded.
        run: Its `run.json`.
    """

    directory: Path
    run: RunFile

    def __repr__(self) -> str:
        from walkerbench.shown_text import shown

        return f"<run recorded in {shown(str(self.directory))}>"

    @property
    def passed(self) -> Passed:
        """Whether every criterion is met, with the reasons where not."""
        several = len(self.run.stages) > 1
        reasons = [
            f"{verdict.criterion}{_where(verdict.stage) if several else ''} ({verdict.detail})"
            for outcome in ("fail", "unsupported")
            for verdict in self.run.verdicts
            if verdict.outcome == outcome
        ]
        if self.run.state != "finished":
            reasons.insert(0, f"{self.run.state}: {self.run.ended_because}")
        return Passed(tuple(reasons) if reasons or self.run.verdicts else ("nothing was judged",))

    @property
    def metrics(self) -> dict[str, float | None]:
        """Flat metric names and values of the whole run, such as `frame_ms.p99`; None where not measured."""
        return self.run.metrics

    @property
    def frames(self) -> NDArray[Any]:
        """`(frames,)`, structured: the rows of `frames.npy`, warm-up included, read from their file."""
        from walkerbench.run_directory import read_recorded

        return read_recorded(self.directory).frames


class ProfileRunner:
    """Runs profiles for one test; the value of the fixture `walkerbench_run`.

    Args:
        directory: Holds the runs, numbered in the order in which they are made.
        report: Called with the text about a run that pytest shows where the test fails.
    """

    def __init__(self, directory: Path, report: Callable[[str], None]) -> None:
        self._directory = directory
        self._report = report
        self._count = 0

    def __call__(
        self,
        profile: str | Path = "default",
        *,
        workload: str | None = None,
        workload_arguments: Mapping[str, Any] = MappingProxyType({}),
        mode: str | None = None,
        workers: int | None = None,
        agents: int | None = None,
        frames: int | None = None,
        duration_s: float | None = None,
        seed: int | None = None,
        warmup: int | None = None,
        pace: str | None = None,
        criteria: Sequence[str] = (),
        allow_faults: bool = False,
    ) -> ProfileRun:
        """Run a profile and wait for its end.

        Every argument between the first and the last replaces a part of the profile; None leaves it as it is.

        Args:
            profile: A shipped profile's name, or the path of a TOML file.
            workload: What is run: `walker`, or a SPEC such as `mysim:Herd`.
            workload_arguments: Keyword arguments of the class or function that the SPEC names.
            mode: Where agents are stepped: `sequential`, `threaded`, `process`, or a mode of an installed package.
            workers: How many threads or processes.
            agents: How many agents; not for a profile of several stages.
            frames: Frames of every stage, in place of any duration.
            duration_s: Seconds that every stage lasts, in place of any number of frames.
            seed: Root of every random stream.
            warmup: Frames at the start of each stage that are not judged.
            pace: `max` or `realtime`.
            criteria: Each takes the place of the profile's criterion of the same metric and statistic.
            allow_faults: Whether the profile may inject faults; the report of the run then names them.

        Raises:
            InjectedFaults: The profile injects faults, and that is not allowed.
            UsageError: The profile cannot be run as asked.
            RunBroken: A worker crashed, hung or raised, or the run's process ended.
            KeyboardInterrupt: The user ended the run.
        """
        __tracebackhide__ = True
        from walkerbench.modes.faults import refuse_faults
        from walkerbench.profile.loading import load_profile
        from walkerbench.profile.overrides import ProfileOverrides, override
        from walkerbench.running.repeats import record_run
        from walkerbench.running.run_process import RunRequest
        from walkerbench.shown_text import shown, shown_line
        from walkerbench.system.child_processes import PassedOnSignals
        from walkerbench.system.imported_code import describe_other_copies

        changes = ProfileOverrides(
            workload=workload,
            workload_arguments=workload_arguments,
            mode=mode,
            workers=workers,
            agents=agents,
            frames=frames,
            duration_s=duration_s,
            seed=seed,
            warmup=warmup,
            pace=pace,
            criteria=tuple(criteria),
        )
        changed = override(load_profile(str(profile)), changes)
        if not allow_faults:
            refuse_faults([(f"the profile {changed.name}", changed.faults.in_words)])
        for sentence in describe_other_copies(changed.code_packages(), Path.cwd()):
            warnings.warn(sentence, stacklevel=2)
        self._count += 1
        request = RunRequest(
            profile=changed,
            directory=self._directory / str(self._count),
            command_line=tuple(sys.argv),
            progress=False,
        )
        with PassedOnSignals() as signals:
            child = record_run(request, signals, keep_stderr=True)
        if signals.received is not None:
            raise KeyboardInterrupt
        kept = "" if child.run is None else f"what was recorded is kept: {shown(str(child.directory))}\n"
        run = ProfileRun(child.directory, child.judged(f"{kept}{child.said}".strip()))
        self._report("\n".join(map(shown_line, _report_lines(run))))
        return run


@pytest.fixture(name=_NAME)
def walkerbench_run(request: pytest.FixtureRequest, tmp_path: Path) -> ProfileRunner:
    """Runs a profile, with changes, in a process of its own: `walkerbench_run("smoke", mode="process")`."""

    def report(text: str) -> None:
        request.node.add_report_section("call", "walkerbench", text)

    return ProfileRunner(tmp_path / "walkerbench", report)


def _report_lines(run: ProfileRun) -> list[str]:
    """Return lines that name all of a run's verdicts; pytest may shorten their `repr`."""
    head = f"{run.run.profile['name']}, {run.run.mode.used}, recorded in {run.directory}"
    verdicts = run.run.verdicts
    faults = [f"FAULTS INJECTED: {run.run.faults}"] if run.run.faults else []
    return [
        head,
        *faults,
        *(f"{each.outcome}: {each.criterion}{_where(each.stage)} ({each.detail})" for each in verdicts),
    ]


def _where(stage: int | None) -> str:
    return "" if stage is None else f" in stage {stage + 1}"
