"""A simulation that does nothing: what a frame of it takes is the harness's."""

from __future__ import annotations


class Nothing:
    """Holds no agents."""

    def __init__(self, agents: range, seed: int) -> None:
        pass

    def step(self, frame: int) -> None:
        """Do nothing."""
