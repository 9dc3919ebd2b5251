"""A simulation that does nothing: the time of its frames is that of the harness."""

from __future__ import annotations


class Nothing:
    """Holds no agents."""

    def __init__(self, agents: range, seed: int) -> None:
        pass

    def step(self, frame: int) -> None:
        """Do nothing."""
