"""Runs the cases, one after the other, and compares each observed result with the expected one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from walkerbench.comparison.comparison_result import Compared
from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.comparison.sign_test import rounds_needed
from walkerbench.errors import Interrupted, RunBroken, WalkerbenchError
from walkerbench.gating.gate_result import GatedRun, GateResult
from walkerbench.interleaved import rounds
from walkerbench.interleaved.judging import judge_measurement
from walkerbench.interleaved.round_plan import MeasurementRequest
from walkerbench.interleaved.sides import Side
from walkerbench.modes.registry import MODES
from walkerbench.profile.model import Profile
from walkerbench.recorded_sides.compare_recorded import compare_recorded
from walkerbench.recorded_sides.sides import group_runs
from walkerbench.running.repeats import ChildRun, record_run
from walkerbench.running.run_process import RunRequest
from walkerbench.running.summary import read_concluded
from walkerbench.selftest.cases import CASES, CLEAN, REGRESSION, Case, clean_side
from walkerbench.selftest.proofs import Observed, Proof, SelfTestResult
from walkerbench.system.child_processes import PassedOnSignals

RUN_DEADLINE_S = 60.0
"""How long a run of a case may take before it is killed, so that a run that hangs does not hang the self-test."""

_COMMAND_LINE = ("walkerbench", "selftest")
_ALPHA = 0.05  # a smaller error rate needs more rounds than fit into two minutes
RULES = DecisionRules(alpha=_ALPHA, allow_faults=True)
"""The rules of the self-test's comparisons; they allow faults, because the self-test injects them."""

_REQUEST = MeasurementRequest(rounds=rounds_needed(_ALPHA), block_s=0.03)


class Bench(Protocol):
    """Runs what cases need: recorded runs and measurements."""

    def record(self, profile: Profile, directory: Path) -> ChildRun:
        """Record a run.

        Raises:
            Interrupted: The user ended the run.
        """
        ...

    def compare(self, base: Side, candidate: Side) -> Compared:
        """Measure two sides interleaved, and judge them.

        Raises:
            WalkerbenchError: The sides cannot be measured or compared.
        """
        ...


class ProcessBench:
    """Runs cases as users do: every run in its own process, every side in its own session.

    Args:
        signals: Passes Ctrl-C and other signals on to the runs. Entered already, and with a deadline, which ends a run
            that hangs.
    """

    def __init__(self, signals: PassedOnSignals) -> None:
        self._signals = signals

    def record(self, profile: Profile, directory: Path) -> ChildRun:
        """Record a run in its own process, which is killed where it takes too long."""
        request = RunRequest(profile=profile, directory=directory, command_line=_COMMAND_LINE, progress=False)
        run = record_run(request, self._signals, keep_stderr=True)
        self._check_interrupts()
        return run

    def compare(self, base: Side, candidate: Side) -> Compared:
        """Measure both sides in sessions, in a few short rounds, and judge them."""
        self._check_interrupts()
        return judge_measurement(rounds.measure((base, candidate), _REQUEST, RULES))

    def _check_interrupts(self) -> None:
        if self._signals.received is not None:
            raise Interrupted("interrupted: the self-test has no result")


def planned_cases(modes: Iterable[str], cases: Iterable[Case] = CASES) -> Iterator[tuple[str, Case]]:
    """Yield each mode with each case that is run in it, mode by mode."""
    listed = tuple(cases)
    for mode in modes:
        yield from ((mode, case) for case in listed if case.only_in in (None, mode))


def run_selftest(
    bench: Bench, directory: Path, planned: Iterable[tuple[str, Case]], tell: Callable[[int, str, str], None]
) -> SelfTestResult:
    """Run cases, one after the other, and return their proofs.

    Args:
        bench: Runs what the cases need.
        directory: An empty folder for the runs.
        planned: Modes and cases, as returned by `planned_cases`.
        tell: Called before each case with its number from 1, the fault and the mode.

    Raises:
        Interrupted: The user ended the self-test.
    """
    begun = time.monotonic()
    proving = _Proving(bench, directory)
    proofs = []
    for number, (mode, case) in enumerate(planned, 1):
        tell(number, case.name, mode)
        proofs.append(proving.prove(mode, case))
    return SelfTestResult(tuple(proofs), time.monotonic() - begun)


def modes_to_prove() -> tuple[str, ...]:
    """Return the names of all registered modes, also of those from other packages."""
    return MODES.names()


@dataclass
class _Proving:
    """Runs cases, and keeps the recorded runs: cases with the same profile share a run."""

    bench: Bench
    directory: Path
    runs: dict[str, ChildRun] = field(default_factory=dict)

    def prove(self, mode: str, case: Case) -> Proof:
        try:
            reason = case.not_applicable(mode)
            if reason is not None:
                return Proof(fault=case.name, mode=mode, not_applicable=reason)
            profile = case.profile(mode)
            expected = case.expected(profile)
        except WalkerbenchError as error:
            return Proof(fault=case.name, mode=mode, problems=(f"cannot be carried out: {error}",))
        observed = self._observe(mode, case, profile)
        return Proof(
            fault=case.name,
            mode=mode,
            expected=expected,
            observed=observed,
            problems=tuple(expected.differences(observed)),
        )

    def _observe(self, mode: str, case: Case, profile: Profile) -> Observed:
        try:
            match case.method:
                case "run":
                    return _of_run(self._record(profile))
                case "recorded":
                    return self._compare_recorded(mode, profile, RULES)
                case "recorded, faults not allowed":
                    return self._compare_recorded(mode, profile, DecisionRules())
                case "interleaved":
                    return self._gate(mode, clean_side(case).profile(mode), profile)
                case "interleaved, clean candidate":
                    return self._gate(mode, profile, clean_side(case).profile(mode))
        except Interrupted:
            raise
        except WalkerbenchError as error:
            return Observed(exit_code=error.exit_code, said=str(error))

    def _record(self, profile: Profile) -> ChildRun:
        key = json.dumps(profile.as_dict(), sort_keys=True)
        if key not in self.runs:
            self.runs[key] = self.bench.record(profile, self.directory / str(len(self.runs) + 1))
        return self.runs[key]

    def _clean(self, mode: str) -> ChildRun:
        (clean,) = (case for case in CASES if case.name == CLEAN)
        return self._record(clean.profile(mode))

    def _compare_recorded(self, mode: str, profile: Profile, rules: DecisionRules) -> Observed:
        runs = [read_concluded(run.directory) for run in (self._clean(mode), self._record(profile))]
        compared = compare_recorded(group_runs([[run] for run in runs], ("clean", "candidate")), rules)
        return _of_comparison(compared)

    def _gate(self, mode: str, base: Profile, candidate: Profile) -> Observed:
        """Return the observed result of a gate that measured two sides, with a clean run as its candidate's run."""
        compared = self.bench.compare(Side("base", None, base), Side("candidate", None, candidate))
        clean = self._clean(mode)
        if clean.run is None:
            raise RunBroken(f"the clean run was not recorded: {clean.said}")
        gate = GateResult((GatedRun(clean.directory, clean.run),), compared)
        failed = [each.name for each in gate.criteria if each.outcome == "fail"]
        failed += [each.verdict for each in compared.comparisons if each.verdict == REGRESSION]
        said = "\n".join((*gate.failures, *gate.doubts, *gate.improvements))
        return Observed(exit_code=gate.exit_code, failed=tuple(failed), said=said)


def _of_run(child: ChildRun) -> Observed:
    run = child.run
    if run is None:
        return Observed(exit_code=child.exit_code, said="\n".join(filter(None, (child.crash, child.said))))
    lines = [child.crash, child.said, run.ended_because]
    lines += [f"{each.criterion} ({each.detail})" for each in run.verdicts if each.outcome != "pass"]
    return Observed(
        exit_code=child.exit_code,
        failed=tuple(each.criterion for each in run.verdicts if each.outcome == "fail"),
        slow_frames=tuple((each.frame, each.wall_ms) for each in run.worst_frames),
        said="\n".join(dict.fromkeys(filter(None, lines))),
    )


def _of_comparison(compared: Compared) -> Observed:
    verdicts = [f"{each.verdict}: {each.detail}" for each in compared.comparisons]
    return Observed(
        exit_code=compared.exit_code,
        failed=tuple(each.verdict for each in compared.comparisons if each.verdict == REGRESSION),
        said="\n".join((*verdicts, compared.same_work)),
    )
