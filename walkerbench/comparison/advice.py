"""Advice on which mode to use, in one sentence, from a comparison of modes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from walkerbench.comparison.comparison_result import Compared
from walkerbench.comparison.speed_up import speed_up_in_words
from walkerbench.comparison.verdicts import Comparison
from walkerbench.modes.registry import BASE_MODE
from walkerbench.modes.traits import ModeTraits


@dataclass(frozen=True)
class Candidate:
    """A mode that was compared with the base mode, which steps all agents in one thread.

    Attributes:
        mode: Its name.
        traits: Where it runs its shards.
        workers: How many workers it had.
        comparison: Its comparison with the base mode.
    """

    mode: str
    traits: ModeTraits
    workers: int
    comparison: Comparison

    @property
    def speed_up(self) -> float:
        """Return how many times as fast as the base mode it is."""
        return 1 / self.comparison.time_ratio

    @property
    def is_faster(self) -> bool:
        """Return whether its verdict is "faster": it is faster by more than the tolerance."""
        return self.comparison.verdict == "faster"

    @property
    def is_slower(self) -> bool:
        """Return whether the whole interval lies on the slow side."""
        return self.comparison.low > 1

    @property
    def may_differ_by_chance(self) -> bool:
        """Return whether the interval holds 1."""
        return self.comparison.low <= 1 <= self.comparison.high


def advise(candidates: Sequence[Candidate], *, gil_enabled: bool | None) -> str:
    """Return which mode to use on this machine, and how the other modes compare with the base mode.

    A mode is advised only where its verdict is "faster": a smaller gain does not matter, or may be chance.

    Args:
        candidates: The modes compared with sequential; may be empty.
        gil_enabled: Whether the interpreter's global lock was on; None where that is not known.
    """
    faster = sorted((each for each in candidates if each.is_faster), key=lambda each: -each.speed_up)
    if faster:
        best = faster[0]
        rest = [each for each in candidates if each is not best]
        speed_up = speed_up_in_words(best.comparison, "it", BASE_MODE)
        first = f"on this machine use {best.mode} with {_workers(best)}: {speed_up}"
    else:
        rest = list(candidates)
        all_slower = bool(rest) and all(each.is_slower for each in rest)
        because = "it is the fastest" if all_slower else "no mode is faster for certain"
        if not all_slower and any(each.comparison.high < 1 for each in rest):
            because = f"no mode is faster by more than {rest[0].comparison.tolerance * 100:g} % for certain"
        first = f"on this machine stay with {BASE_MODE}: {because}"
    return "; ".join([first, *(_remark(each, gil_enabled) for each in rest)])


def advise_on(compared: Compared) -> str:
    """Return the advice that follows from a comparison of modes with the base mode, see `advise`."""
    candidates = [
        Candidate(side.mode, side.traits, side.workers, comparison)
        for side, comparison in zip(compared.sides[1:], compared.comparisons, strict=True)
    ]
    return advise(candidates, gil_enabled=compared.machine.get("python", {}).get("gil_enabled"))


def _remark(candidate: Candidate, gil_enabled: bool | None) -> str:
    text = f"{candidate.mode} is {candidate.speed_up:.2f} times as fast"
    if candidate.may_differ_by_chance:
        return f"{text}, which may be chance"
    if candidate.traits.can_wait_for_gil and gil_enabled and candidate.is_slower:
        return f"{text}: this Python holds the GIL"
    return text


def _workers(candidate: Candidate) -> str:
    return f"{candidate.workers} worker{'' if candidate.workers == 1 else 's'}"
