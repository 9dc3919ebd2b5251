"""Decides how many workers a mode gets."""

from __future__ import annotations

from walkerbench.errors import UsageError
from walkerbench.modes.registry import mode_that_runs, refusal
from walkerbench.system.resources import allowed_cores
from walkerbench.workloads.contract import Shards


def choose_workers(mode: str, num_workers: int | None, num_agents: int, shards: Shards = "any") -> int:
    """Return how many workers a mode gets.

    Args:
        mode: The mode's name.
        num_workers: How many workers are asked for; None for the cores that this process may use.
        num_agents: How many agents there are.
        shards: How the agents may be split.

    Raises:
        UsageError: There is no such mode, it cannot run agents that may only be split in this way, or the number of
            workers is below 1 or above the number of possible shards.
    """
    reason = refusal(shards, mode_that_runs(mode, num_agents))
    if reason is not None:
        raise UsageError(f"{mode} mode cannot run this workload: {reason}")
    if shards == "one" and num_workers not in (None, 1):
        raise UsageError(f"{num_workers} workers for agents that cannot be split: give 1")
    if num_workers is None:
        if shards == "one":
            return 1
        side_by_side = mode_that_runs(mode, num_agents).traits.side_by_side
        return min(allowed_cores(), num_agents) if side_by_side else 1
    if not 1 <= num_workers <= num_agents:
        raise UsageError(f"{num_workers} workers for {num_agents} agents: give between 1 and {num_agents}")
    return num_workers
