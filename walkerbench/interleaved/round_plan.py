"""How much is measured: rounds, blocks and frames, fixed before the first round; and in which order."""

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
"""How long a block of the base is to take: long beside a frame, short beside the drift of a machine."""

BLOCKS = (12, 10, 8, 6)
"""How many blocks a round may have: the first that leaves enough rounds. Even, as each order is also run reversed."""


@dataclass(frozen=True, kw_only=True)
class MeasurementRequest:
    """How much may be measured.

    Attributes:
        budget_s: How long it may take altogether, s, calibration included; None for `BUDGET_S`, or what it takes.
        rounds: How many rounds, whatever they take; None to derive them from the budget.
        block_s: How long a block of the base is to take, s; None for `BLOCK_S`.
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
    """What an unjudged round taught.

    Attributes:
        spent_s: What of the budget is gone.
        overhead_s: A round without its blocks: starting, warming up, digests, closing.
        frame_s: Mean frame time of each side, the base first.
    """

    spent_s: float
    overhead_s: float
    frame_s: tuple[float, ...]


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        rounds: How many rounds.
        blocks: Blocks of each side in a round.
        frames_per_block: Frames of a block, on every side.
        round_s: What a round is expected to take.
    """

    rounds: int
    blocks: int
    frames_per_block: int
    round_s: float

    def __str__(self) -> str:
        """`12 rounds of 6 blocks of 50 frames a side`."""
        return f"{self.rounds} rounds of {self.blocks} blocks of {self.frames_per_block} frames a side"


def make_plan(request: MeasurementRequest, calibration: Calibration, alpha: float) -> Plan:
    """Fix what is measured.

    Args:
        request: How much may be measured.
        calibration: What an unjudged round taught.
        alpha: The family-wise error rate that the verdicts are to reach.

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
        TooFewRounds: It is.
    """
    needed = rounds_needed(alpha, family=candidates * request.family)
    if request.rounds is not None and request.rounds < needed:
        raise TooFewRounds(
            f"with {request.rounds} rounds, an error rate of {alpha * 100:g} % would hang on every single one: "
            f"give {needed} or more",
            needed=needed,
        )


def frames_per_block(frame_s: float, block_s: float | None = None) -> int:
    """Return the number of frames whose time is nearest to a block's; at least one.

    Args:
        frame_s: Time of a frame.
        block_s: How long a block is to take; None for `BLOCK_S`.
    """
    return max(1, round((BLOCK_S if block_s is None else block_s) / frame_s))


def block_orders(sides: int, blocks: int, seed: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    """Return the order in which sides run in each block: random, yet balanced.

    Each order is run reversed in the next block, so that within a pair of blocks no side gains by a steady drift.
    Over `2 · sides` blocks, every side has every place twice.

    Args:
        sides: How many.
        blocks: How many blocks a side.
        seed: Of the choice.

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
    # With enough to spare that the next estimate, which scatters as this one does, is within; as people choose numbers.
    return math.ceil(seconds * 1.4 / 5) * 5
