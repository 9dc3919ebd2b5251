"""The modes by their names. A mode is one file with a subclass of `ExecutionMode`, and one line here.

An installed package adds its own by an entry point of the group `walkerbench.modes`, whose object is the class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from walkerbench.system.registry import Registry

if TYPE_CHECKING:
    from walkerbench.modes.contract import ExecutionMode
    from walkerbench.workloads.contract import Shards


def _problem(name: str, mode: object) -> str | None:
    from walkerbench.modes.declaration import mode_problem  # imports NumPy, which the names alone do not need

    return mode_problem(name, mode)


MODES: Registry[type[ExecutionMode]] = Registry(
    "mode",
    "walkerbench.modes",
    {
        "sequential": "walkerbench.modes.sequential:SequentialMode",
        "threaded": "walkerbench.modes.threaded:ThreadedMode",
        "process": "walkerbench.modes.process:ProcessMode",
    },
    _problem,
)

BASE_MODE = "sequential"
"""The mode that others are compared with, and that runs where another one falls back."""


def mode_that_runs(name: str, num_agents: int) -> type[ExecutionMode]:
    """Return the mode of a name, or `BASE_MODE` where there are too few agents for it.

    Raises:
        UsageError: There is no such mode.
    """
    mode = MODES.find(name)
    return mode if num_agents >= mode.fewest_agents else MODES.find(BASE_MODE)


def refusal(shards: Shards, mode: type[ExecutionMode]) -> str | None:
    """Return why a mode cannot run a workload's agents, or None.

    Args:
        shards: How the agents may be split.
        mode: The mode that is to run them.
    """
    if shards == "any" or mode.traits.in_caller_process:
        return None
    return "its agents share objects of one process, and this mode runs them in others"
