"""Measures sides interleaved: calibrates, makes the plan, and runs the rounds."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from walkerbench.comparison.decision_rules import DEFAULT_RULES, DecisionRules
from walkerbench.comparison.verdicts import round_estimate
from walkerbench.errors import Interrupted, NotComparable
from walkerbench.interleaved.measurement import Measurement, RoundResult, SideResult
from walkerbench.interleaved.measurement_observer import MeasurementObserver
from walkerbench.interleaved.protocol import BlockDone, Prepared
from walkerbench.interleaved.round_plan import (
    WITHIN_BUDGET,
    Calibration,
    MeasurementRequest,
    Plan,
    block_orders,
    check_rounds,
    frames_per_block,
    make_plan,
)
from walkerbench.interleaved.same_work import DigestWatch, check_measurable, different_work_error, requested_difference
from walkerbench.interleaved.session import Place, Session, open_sessions
from walkerbench.interleaved.sides import Side
from walkerbench.interleaved.worktrees import Checkout, checked_out
from walkerbench.recording.code_facts import CodeFacts
from walkerbench.running.found_settings import open_settings, with_settings
from walkerbench.slow_frames.attribution import PartsNs
from walkerbench.system.interrupts import InterruptWatch

_CALIBRATION_FRAMES = 4  # enough to tell how many frames a block of a useful length has


def measure(
    sides: Sequence[Side],
    request: MeasurementRequest = WITHIN_BUDGET,
    rules: DecisionRules = DEFAULT_RULES,
    observer: MeasurementObserver | None = None,
) -> Measurement:
    """Measure sides now, interleaved.

    Args:
        sides: The base first.
        request: How much may be measured.
        rules: The rules that will decide: there must be enough rounds for their alpha.
        observer: Is told how the measurement goes.

    Returns:
        The measurement; `judging.judge_measurement` judges it.

    Raises:
        UsageError: The request cannot be met: the budget is too small, or a side (`SideError`) does not exist, does not
            start or refuses its profile.
        InjectedFaults: A side has faults, and they are not allowed.
        NotComparable: The sides do different work.
        RunBroken: A session broke; no process and no file of the measurement is left.
        EmergencyShutdown: A safeguard stopped a side's environment.
        Interrupted: The user ended the measurement; no process and no file of it is left.
    """
    begun = time.monotonic()
    observer = observer or MeasurementObserver()
    observer.started(sides)
    check_measurable(sides)
    check_rounds(request, len(sides) - 1, rules.alpha)
    rules.check_faults((f"side {side.label!r}", side.profile.faults.in_words) for side in sides)
    difference = requested_difference(sides)
    if difference is not None and not rules.allow_different_work:
        raise different_work_error(difference)
    with InterruptWatch() as interrupts, ExitStack() as closing:
        # Interrupts are checked while waiting; none may raise while sessions or worktrees are being closed.
        interrupts.hold()
        checkouts = []
        for side in sides:
            packages = side.profile.code_packages()
            checkout = checked_out(side.code, side.label, packages, side.profile.setup, interrupts)
            checkouts.append(closing.enter_context(checkout))
            if interrupts.received is not None:
                raise Interrupted(f"interrupted ({interrupts.received}): nothing is left of the measurement")
        sides = with_found_settings(sides, checkouts, interrupts)
        digests = DigestWatch(allow_different=rules.allow_different_work)
        digests.difference = difference
        measuring = _Measuring(tuple(sides), tuple(checkouts), digests, interrupts)
        plan = make_plan(request, measuring.calibrate(begun, request.block_s), rules.alpha)
        return measuring.carry_out(plan, rules, observer)


def with_found_settings(
    sides: Sequence[Side], checkouts: Sequence[Checkout], interrupts: InterruptWatch
) -> tuple[Side, ...]:
    """Return the sides with each setting that their profiles leave open set to the base's value, or one that it finds.

    Args:
        sides: The base first.
        checkouts: The code of each side; the base's code finds the open settings, in a session of its own.
        interrupts: Checked while waiting.

    Raises:
        SideError: The base's code does not start here, or its profile is refused.
        SessionError: The session broke.
        Interrupted: The user ended it.
    """
    if not any(open_settings(side.profile) for side in sides):
        return tuple(sides)
    base = dataclasses.replace(sides[0], profile=dataclasses.replace(sides[0].profile, warmup=0))
    with open_sessions([Place(base, checkouts[0], 0)], interrupts) as (session,):
        assert session.prepared is not None  # noqa: S101  it is open
        found = base.profile.as_dict()["environment"] | session.prepared.found_settings
    return tuple(dataclasses.replace(side, profile=with_settings(side.profile, found)) for side in sides)


@dataclass
class _SideSoFar:
    """What is known about a side so far."""

    prepared: Prepared | None = None
    machine: dict[str, Any] = field(default_factory=dict)
    code: CodeFacts | None = None
    blocks: list[BlockDone] = field(default_factory=list)


class _Measuring:
    """One measurement, from calibration to its result."""

    def __init__(
        self,
        sides: tuple[Side, ...],
        checkouts: tuple[Checkout, ...],
        digests: DigestWatch,
        interrupts: InterruptWatch,
    ) -> None:
        self._sides = sides
        self._checkouts = checkouts
        self._digests = digests
        self._interrupts = interrupts
        self._so_far = [_SideSoFar() for _ in sides]

    def calibrate(self, begun: float, block_s: float | None) -> Calibration:
        """Run a round that is not judged, which also warms the file caches; return how long starting and a frame take.

        Args:
            begun: When the measurement began, as returned by `time.monotonic`.
            block_s: How long a block should take, as for `frames_per_block`.
        """
        opened = time.monotonic()
        with self._determinism_checked(0), open_sessions(self._places(0), self._interrupts) as sessions:
            self._digests.check(sessions)
            self._record_facts(sessions)
            blocks_begun = time.monotonic()
            first = [session.run_block(1, _CALIBRATION_FRAMES) for session in sessions]
            frames = frames_per_block(_mean_s(first[0].wall_ns), block_s)
            blocks = [session.run_block(2, frames) for session in sessions]
            blocks_s = time.monotonic() - blocks_begun
            self._digests.check(sessions)
        ended = time.monotonic()
        frame_s = tuple(_mean_s(block.wall_ns) for block in blocks)
        return Calibration(ended - begun, ended - opened - blocks_s, frame_s)

    def carry_out(self, plan: Plan, rules: DecisionRules, observer: MeasurementObserver) -> Measurement:
        """Run every round, and return the measurement."""
        observer.planned(plan)
        begun = time.monotonic()
        rounds = []
        for number in range(1, plan.rounds + 1):
            rounds.append(self._run_round(number, plan))
            each_s = (time.monotonic() - begun) / number
            observer.round_done(number, plan.rounds, each_s * (plan.rounds - number))
        return Measurement(
            plan=plan,
            rules=rules,
            sides=tuple(self._side_result(number) for number in range(len(self._sides))),
            rounds=tuple(rounds),
            same_work=self._digests.sentence(),
            did_same_work=self._digests.difference is None and self._digests.not_proven is None,
            same_work_not_proven=self._digests.not_proven,
        )

    def _run_round(self, number: int, plan: Plan) -> RoundResult:
        orders = block_orders(len(self._sides), plan.blocks, (self._sides[0].profile.seed, number))
        block_ns: list[list[int]] = [[] for _ in self._sides]
        with self._determinism_checked(number), open_sessions(self._places(number), self._interrupts) as sessions:
            self._digests.check(sessions)
            for block, order in enumerate(orders, 1):
                for side in order:
                    done = sessions[side].run_block(block, plan.frames_per_block)
                    self._so_far[side].blocks.append(done)
                    block_ns[side].append(_deciding_ns(sessions[side], done))
            self._digests.check(sessions)
        labels = [side.label for side in self._sides]
        base = np.array(block_ns[0])
        return RoundResult(
            number=number,
            orders=tuple(tuple(labels[side] for side in order) for order in orders),
            block_ns={label: tuple(times) for label, times in zip(labels, block_ns, strict=True)},
            estimates={
                label: round_estimate(base, np.array(times))
                for label, times in zip(labels[1:], block_ns[1:], strict=True)
            },
        )

    @contextmanager
    def _determinism_checked(self, number: int) -> Iterator[None]:
        """Where sides are found to differ, check first that each side repeats its own work.

        If a side does not, the error says that, because the difference between the sides may then be chance.

        Args:
            number: Number of the round that is being run.

        Raises:
            NotComparable: The sides differ; or a side does not repeat itself.
        """
        try:
            yield
        except NotComparable as error:
            if error.different_work:
                with open_sessions(self._places(number), self._interrupts) as sessions:
                    self._digests.check_repeated(sessions, self._sides[0].profile.warmup)
            raise

    def _places(self, number: int) -> list[Place]:
        pairs = zip(self._sides, self._checkouts, strict=True)
        return [Place(side, checkout, number) for side, checkout in pairs]

    def _record_facts(self, sessions: Sequence[Session]) -> None:
        for session, so_far in zip(sessions, self._so_far, strict=True):
            so_far.prepared = session.prepared
            facts = session.list_facts()
            so_far.machine, so_far.code = facts.machine, facts.code

    def _side_result(self, number: int) -> SideResult:
        side, so_far = self._sides[number], self._so_far[number]
        assert so_far.prepared is not None  # noqa: S101  calibration comes first
        assert so_far.code is not None  # noqa: S101
        return SideResult(
            label=side.label,
            code=so_far.code,
            profile=side.profile.as_dict(),
            mode_used=so_far.prepared.mode_used,
            traits=so_far.prepared.traits,
            main_phase=so_far.prepared.main_phase,
            fallback=so_far.prepared.fallback,
            workers=so_far.prepared.workers,
            faults=side.profile.faults.in_words,
            digests=self._digests.seen[side.label],
            machine=so_far.machine,
            cpu_s=sum(block.cpu_s for block in so_far.blocks),
            elapsed_s=sum(block.elapsed_s for block in so_far.blocks),
            parts_ns=_summed([block.parts_ns for block in so_far.blocks]),
            wall_ns=np.concatenate([np.array(block.wall_ns, np.int64) for block in so_far.blocks]),
            main_phase_ns=np.concatenate([np.array(block.main_phase_ns, np.int64) for block in so_far.blocks]),
        )


def _summed(blocks: Sequence[PartsNs | None]) -> PartsNs | None:
    """Return the sum over blocks of each part; None where a block does not know it."""
    known = [block for block in blocks if block is not None]
    if not known or len(known) < len(blocks):
        return None
    columns = {part: [block[part] for block in known] for part in known[0]}
    return {part: None if None in values else sum(filter(None, values)) for part, values in columns.items()}


def _deciding_ns(session: Session, done: BlockDone) -> int:
    """Return the time of a block that is compared, ns: its frames, or their main phase where that decides."""
    assert session.prepared is not None  # noqa: S101  it is open
    return sum(done.main_phase_ns if session.prepared.main_phase.decides else done.wall_ns)


def _mean_s(times_ns: Sequence[int]) -> float:
    return sum(times_ns) / len(times_ns) / 1e9
