"""Benches for cases of the self-test that need no process for each run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from comparisons import measurement

from walkerbench.comparison.comparison_result import Compared
from walkerbench.criteria import judging
from walkerbench.errors import ExitCode, WalkerbenchError
from walkerbench.interleaved.judging import judge_measurement
from walkerbench.interleaved.sides import Side
from walkerbench.profile.model import Profile
from walkerbench.run_directory import read_recorded
from walkerbench.running import runner
from walkerbench.running.repeats import ChildRun
from walkerbench.selftest.cases import CASES, Case
from walkerbench.selftest.proofs import SelfTestResult
from walkerbench.selftest.run_cases import RULES, run_selftest


class InProcessBench:
    """Runs cases in this process, where a test has switched something off, and judges made-up measurements."""

    def record(self, profile: Profile, directory: Path) -> ChildRun:
        """Run the profile in this process."""
        said, code = "", None
        try:
            runner.run(profile, output=directory, command_line=())
        except WalkerbenchError as error:
            said, code = str(error), error.exit_code
        if not (directory / "run.json").exists():
            return ChildRun(directory, None, code or ExitCode.FAULT, None, said)
        run = read_recorded(directory).run
        return ChildRun(directory, run, code or judging.exit_code_of_run(run.state, run.verdicts), None, said)

    def compare(self, base: Side, candidate: Side) -> Compared:
        """Judge made-up rounds in which extra work takes as long as it should."""
        sides: Sequence[Side] = (base, candidate)
        factors = [1 + side.profile.faults.extra_work_percent / 100 for side in sides]
        made_up = measurement({side.label: "sequential" for side in sides}, factors)
        return judge_measurement(dataclasses.replace(made_up, rules=RULES))


def case(name: str) -> Case:
    """Return the case with a name."""
    (found,) = (each for each in CASES if each.name == name)
    return found


def proved(bench: object, directory: Path, mode: str, *names: str) -> SelfTestResult:
    """Carry out some cases in a mode, and return the result."""
    planned = [(mode, case(name)) for name in names]
    return run_selftest(bench, directory, planned, lambda number, fault, mode: None)  # type: ignore[arg-type]
