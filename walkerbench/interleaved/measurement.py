"""The result of a measurement before it is judged: plain values, and arrays of nanoseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from walkerbench.comparison.decision_rules import DecisionRules
from walkerbench.interleaved.round_plan import Plan
from walkerbench.modes.traits import ModeTraits
from walkerbench.recording.code_facts import CodeFacts
from walkerbench.slow_frames.attribution import PartsNs
from walkerbench.workloads.main_phase import MainPhase


@dataclass(frozen=True)
class RoundResult:
    """The result of a round.

    Attributes:
        number: From 1.
        orders: For each block, the sides' labels in the order in which they ran it.
        block_ns: Side → `(blocks,)`, the summed wall time of each block's frames.
        estimates: Candidate → median over blocks of log(candidate / base).
    """

    number: int
    orders: tuple[tuple[str, ...], ...]
    block_ns: Mapping[str, tuple[int, ...]]
    estimates: Mapping[str, float]


@dataclass(frozen=True)
class SideResult:
    """What was measured of a side, over all rounds.

    Attributes:
        label: Its name in messages and results.
        code: Which code ran.
        profile: As returned by `Profile.as_dict`.
        mode_used: The mode that really ran the shards.
        traits: Where that mode ran them.
        main_phase: The workload's main phase.
        fallback: Why that mode is not the requested one, or None.
        workers: How many shards.
        faults: What was injected, in words, or None.
        digests: Frame → digest of the trajectory after it, the same in every round; empty where nothing is digested.
        machine: Facts of the machine, as returned by `recording.machine.machine_facts`.
        cpu_s: CPU seconds of the session and its workers, summed over all blocks.
        elapsed_s: Seconds from a block's beginning to its end, summed over all blocks.
        parts_ns: Where the frames' time went, as returned by `attribution.nanoseconds`; None where not known.
        wall_ns: `(frames,)`, int64: wall time of every measured frame, in the order in which they were run.
        main_phase_ns: `(frames,)`, int64: the main phase's time of the slowest worker in each of them.
    """

    label: str
    code: CodeFacts
    profile: Mapping[str, Any]
    mode_used: str
    traits: ModeTraits
    main_phase: MainPhase
    fallback: str | None
    workers: int
    faults: str | None
    digests: Mapping[int, str]
    machine: Mapping[str, Any]
    cpu_s: float
    elapsed_s: float
    parts_ns: PartsNs | None
    wall_ns: NDArray[np.int64] = field(repr=False)
    main_phase_ns: NDArray[np.int64] = field(repr=False)

    @property
    def frames(self) -> int:
        """Return how many frames were measured."""
        return len(self.wall_ns)

    @property
    def wall_s(self) -> float:
        """Return the summed wall time of the measured frames, s."""
        return float(self.wall_ns.sum() / 1e9)

    @property
    def effective_cores(self) -> float:
        """Return the CPU seconds per second, over all blocks."""
        return self.cpu_s / self.elapsed_s


@dataclass(frozen=True)
class Measurement:
    """Several sides, measured interleaved.

    Attributes:
        plan: How much was measured.
        rules: The rules that decide; there are enough rounds for their alpha.
        sides: The base first.
        rounds: The result of each round, in order.
        same_work: What is known about the work that the sides did, in a sentence.
        did_same_work: Whether the sides are proved to have done the same work.
        same_work_not_proven: Why that cannot be proved, where a side's workload digests nothing; else None.
    """

    plan: Plan
    rules: DecisionRules
    sides: tuple[SideResult, ...]
    rounds: tuple[RoundResult, ...]
    same_work: str
    did_same_work: bool
    same_work_not_proven: str | None = None

    @property
    def base(self) -> SideResult:
        """Return the side that the others are compared with."""
        return self.sides[0]

    @property
    def candidates(self) -> tuple[SideResult, ...]:
        """Return all sides except the base."""
        return self.sides[1:]

    def estimates(self, candidate: str) -> NDArray[np.float64]:
        """Return the estimates of a candidate, one per round.

        Returns:
            `(rounds,)`, log(candidate / base).
        """
        return np.array([each.estimates[candidate] for each in self.rounds])
