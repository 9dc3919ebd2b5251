"""Plans a measurement: how many rounds, blocks and frames, fixed before the first round, and the order of the sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from walkerbench.comparison.sign_test import rounds_needed
from walkerbench.errors import BudgetTooSmall, TooFewRounds

BUDGET_S = 60.0
"""How long a measurement takes by default, or longer where the rounds that alpha needs take longer."""

BLOCK_S = 0.125
"""How long a block of the base should take: much longer than a frame, and too short for a machine to drift much."""

BLOCKS = (12, 10, 8, 6)
"""Numbers of blocks that a round may have; the first one that leaves enough rounds is used. All are even because each
order is also run reversed."""


ROUND_OVERHEAD_S = 0.75
"""About how long a side takes in a round besides its blocks: to start, to warm up and to end."""


@dataclass(frozen=True, kw_only=True)
class MeasurementRequest:
    """How much may be measured.

    Attributes:
        budget_s: How long the whole measurement may take, s, calibration included; None for `BUDGET_S`, or longer where
            the needed rounds take longer.
        rounds: How many rounds, however long they take; None to derive the number from the budget.
        block_s: How long a block of the base should take, s; None for `BLOCK_S`.
        family: How many measurements are decided together, and so share the error rate.
    """

    budget_s: float | None = None
    rounds: int | None = None
    block_s: float | None = None
    family: int = 1


WITHIN_BUDGET = MeasurementRequest()
"""As many rounds as the default budget has room for."""


@dataclass(frozen=True)
class Calibration:
    """The times of the unjudged first round, s.

    Attributes:
        spent_s: How much of the budget is used.
        overhead_s: A round without its blocks: starting, warming up, digests, closing.
        frame_s: Mean frame time of each side, the base first.
    """

    spent_s: float
    overhead_s: float
    frame_s: tuple[float, ...]


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: How many rounds.
        blocks: Blocks of each side in a round.
        frames_per_block: Frames of a block, the same for every side.
        round_s: How long a round is expected to take, s.
    """

    rounds: int
    blocks: int
    frames_per_block: int
    round_s: float

    def __str__(self) -> str:
        """Return the plan in words: `12 rounds of 6 blocks of 50 frames a side`."""
        return f"{self.rounds} rounds of {self.blocks} blocks of {self.frames_per_block} frames a side"


@dataclass(frozen=True)
class Limits:
    """What is known about a measurement before its first round.

    Attributes:
        rounds: The fewest rounds that lead to a verdict although one of them disagrees.
        least_s: About how long that many rounds take, s. The round that is not judged tells how long they really take.
        expected_s: About how long the request takes, s.
    """

    rounds: int
    least_s: float
    expected_s: float


def find_limits(request: MeasurementRequest, sides: int, alpha: float) -> Limits:
    """Return what is known about a measurement of so many sides, the base included, before its first round."""
    needed = rounds_needed(alpha, family=(sides - 1) * request.family)
    least_s = _roughly_s(needed, sides, BLOCKS[-1])
    if request.rounds is not None:
        # Where the rounds are given, no budget makes them shorter.
        return Limits(needed, least_s, _roughly_s(request.rounds, sides, BLOCKS[0]))
    return Limits(needed, least_s, request.budget_s or max(BUDGET_S, least_s))


def _roughly_s(rounds: int, sides: int, blocks: int) -> float:
    not_judged = 1
    return (rounds + not_judged) * sides * (blocks * BLOCK_S + ROUND_OVERHEAD_S)


def make_plan(request: MeasurementRequest, calibration: Calibration, alpha: float) -> Plan:
    """Return the plan: how much is measured.

    Args:
        request: How much may be measured.
        calibration: The times of the unjudged first round.
        alpha: The family-wise error rate of the verdicts.

    Raises:
        BudgetTooSmall: The budget has no room for the rounds that alpha needs.
        TooFewRounds: So few rounds cannot reach alpha.
    """
    candidates = len(calibration.frame_s) - 1
    needed = rounds_needed(alpha, family=candidates * request.family)
    check_rounds(request, candidates, alpha)
    frames = frames_per_block(calibration.frame_s[0], request.block_s)
    block_s = frames * sum(calibration.frame_s)
    budget_s = BUDGET_S if request.budget_s is None else request.budget_s
    for blocks in BLOCKS:
        round_s = calibration.overhead_s + blocks * block_s
        rounds = request.rounds or math.floor((budget_s - calibration.spent_s) / round_s)
        if rounds >= needed:
            return Plan(rounds, blocks, frames, round_s)
    if request.budget_s is None:
        return Plan(needed, blocks, frames, round_s)
    enough_s = _rounded_up(calibration.spent_s + needed * round_s)
    raise BudgetTooSmall(
        f"a budget of {budget_s:g} s is too small for the {needed} rounds that an error rate of "
        f"{alpha * 100:g} % takes (by the first one, a round takes {round_s:.1f} s here): give {enough_s} s or more",
        needed_s=enough_s,
    )


def check_rounds(request: MeasurementRequest, candidates: int, alpha: float) -> None:
    """Refuse a number of rounds that is too small for alpha, before anything is measured.

    Raises:
        TooFewRounds: So few rounds cannot reach alpha.
    """
    needed = rounds_needed(alpha, family=candidates * request.family)
    if request.rounds is not None and request.rounds < needed:
        raise TooFewRounds(
            f"{request.rounds} rounds are too few for an error rate of {alpha * 100:g} % where one of them disagrees: "
            f"give {needed} or more",
            needed=needed,
        )


def frames_per_block(frame_s: float, block_s: float | None = None) -> int:
    """Return the number of frames whose time is nearest to a block's; at least one.

    Args:
        frame_s: Time of a frame, s.
        block_s: How long a block should take, s; None for `BLOCK_S`.
    """
    return max(1, round((BLOCK_S if block_s is None else block_s) / frame_s))


def block_orders(sides: int, blocks: int, seed: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Return the order in which sides run in each block: random and balanced.

    The next block runs in the reversed order, so that within a pair of blocks no side gains by a steady drift. Over
    `2 · sides` blocks, every side has every place twice.

    Args:
        sides: How many sides.
        blocks: How many blocks per side.
        seed: Seed of the random choice.

    Returns:
        For each block, the sides' numbers in the order in which they run it.
    """
    rng = np.random.default_rng(seed)
    orders: list[tuple[int, ...]] = []
    while len(orders) < blocks:
        first = rng.permutation(sides)
        for shift in rng.permutation(sides).tolist():
            order = tuple(np.roll(first, shift).tolist())
            orders += [order, order[::-1]]
    return tuple(orders[:blocks])


def _rounded_up(seconds: float) -> int:
    # With a margin, so that the next estimate, which scatters like this one, is also below it; in steps of 5 s.
    return math.ceil(seconds * 1.4 / 5) * 5
