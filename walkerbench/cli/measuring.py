"""Measuring sides for a command: with progress on stderr, to the comparison that is printed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from walkerbench.cli.bar import TransientBar
from walkerbench.cli.output import note, write_out
from walkerbench.cli.progress import LINE_EVERY_S, clock_face
from walkerbench.cli.result import to_text

if TYPE_CHECKING:
    from walkerbench.compared import Compared
    from walkerbench.sessions.planning import Plan
    from walkerbench.sessions.sides import Side


def measure_and_judge(
    sides: Sequence[Side],
    *,
    budget_s: float | None,
    rounds: int | None,
    tolerance: float,
    alpha: float,
    allow_different_work: bool,
    quiet: bool,
) -> Compared:
    """Measure sides now, the base first, and judge the others against it."""
    from walkerbench.sessions.judging import judge
    from walkerbench.sessions.measuring import measure
    from walkerbench.sessions.planning import Request
    from walkerbench.verdicts.comparison import check_decidable

    check_decidable(tolerance, alpha)
    request = Request(budget_s=budget_s, rounds=rounds, alpha=alpha)
    with open_progress(sys.stderr, quiet=quiet) as progress:
        progress.begin([side.label for side in sides])
        measured = measure(sides, request, allow_different_work=allow_different_work, listener=progress)
    return judge(measured, tolerance=tolerance)


def print_compared(compared: Compared, exit_code: int, *, as_json: bool, advice: str | None = None) -> None:
    """Print a comparison: as JSON and nothing else, with the exit code that the process will end with, or as tables."""
    from walkerbench.reports import comparison

    if as_json:
        plain = compared.as_dict() | {"exit_code": exit_code} | ({} if advice is None else {"advice": advice})
        write_out(json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    else:
        write_out(to_text(comparison.report(compared, advice=advice)))


class QuietRounds:
    """Shows nothing; a context manager around the measurement, and its listener."""

    def begin(self, sides: Sequence[str]) -> None:
        """Say what is about to be measured."""

    def planned(self, plan: Plan) -> None:
        """Say how much is going to be measured."""

    def progress(self, rounds_done: int, rounds: int, remaining_s: float) -> None:
        """Show how far it is."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class PlainRounds(QuietRounds):
    """Lines, those of the rounds at least `LINE_EVERY_S` seconds apart.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_s: float | None = None

    def begin(self, sides: Sequence[str]) -> None:
        """Print the sides."""
        note(f"measuring {', '.join(sides)}")

    def planned(self, plan: Plan) -> None:
        """Print the plan."""
        note(describe_plan(plan))

    def progress(self, rounds_done: int, rounds: int, remaining_s: float) -> None:
        """Print a line, if the last one is long enough ago."""
        now_s = self._clock()
        if self._last_s is None or now_s - self._last_s >= LINE_EVERY_S:
            self._last_s = now_s
            note(describe(rounds_done, rounds, remaining_s))


class LiveRounds(PlainRounds):
    """The plan as a line, and a bar for the rounds.

    Args:
        stream: A terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._bar = TransientBar(stream)

    def planned(self, plan: Plan) -> None:
        """Print the plan, and draw the bar."""
        super().planned(plan)
        self._bar.start()

    def progress(self, rounds_done: int, rounds: int, remaining_s: float) -> None:
        """Draw the bar anew."""
        facts = describe(rounds_done, rounds, remaining_s)
        self._bar.show(description="", facts=facts, completed=rounds_done, total=rounds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()


def open_progress(stream: TextIO | None, *, quiet: bool) -> QuietRounds:
    """The progress that suits stderr.

    Args:
        stream: The process's stderr.
        quiet: Whether nothing is wanted.
    """
    if quiet or stream is None:
        return QuietRounds()
    return LiveRounds(stream) if stream.isatty() else PlainRounds()


def describe_plan(plan: Plan) -> str:
    """What is going to be measured, in a line."""
    duration = clock_face(plan.rounds * plan.round_s)
    return f"{plan.rounds} rounds of {plan.blocks} blocks of {plan.frames_per_block} frames a side, about {duration}"


def describe(rounds_done: int, rounds: int, remaining_s: float) -> str:
    """How far it is, in a line."""
    return f"round {rounds_done}/{rounds}  {clock_face(remaining_s)} left"
