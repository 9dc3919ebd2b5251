"""The observer of a measurement of sides."""

from __future__ import annotations

from collections.abc import Sequence

from walkerbench.interleaved.round_plan import Plan
from walkerbench.interleaved.sides import Side


class MeasurementObserver:
    """Is told how a measurement goes; a subclass overrides the methods that it needs.

    Every method is called outside timed sections. An error that a method raises ends the measurement.
    """

    def started(self, sides: Sequence[Side]) -> None:
        """Take note that these sides will be measured, the base first; no session has been started yet."""

    def planned(self, plan: Plan) -> None:
        """Take note of the plan, which is now fixed; the first round comes next."""

    def round_done(self, rounds_done: int, rounds: int, remaining_s: float) -> None:
        """Take note of how many rounds are done, and of about how long the others will take, s."""
