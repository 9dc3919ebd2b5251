"""Who looks on at a measurement of sides."""

from __future__ import annotations

from collections.abc import Sequence

from walkerbench.interleaved.round_plan import Plan
from walkerbench.interleaved.sides import Side


class MeasurementObserver:
    """Told how a measurement goes; a subclass overrides what it wants to know.

    Every method is called outside timed sections. What one raises ends the measurement.
    """

    def started(self, sides: Sequence[Side]) -> None:
        """These sides are going to be measured, the base first; no session has been started yet."""

    def planned(self, plan: Plan) -> None:
        """How much is going to be measured is fixed; the first round comes next."""

    def round_done(self, rounds_done: int, rounds: int, remaining_s: float) -> None:
        """So many of the rounds are done, and the others take about so long."""
