"""Checks the declaration of a mode when the mode is looked up."""

from __future__ import annotations

import inspect

from walkerbench.modes.contract import ExecutionMode
from walkerbench.modes.traits import ModeTraits


def mode_problem(name: str, mode: object) -> str | None:
    """Return what is wrong with a mode's declaration, or None.

    Args:
        name: The name that it is registered by.
        mode: What was registered.
    """
    if not (isinstance(mode, type) and issubclass(mode, ExecutionMode)):
        return f"it is {mode!r}; allowed: a subclass of ExecutionMode"
    if inspect.isabstract(mode):
        return f"it does not define {', '.join(sorted(mode.__abstractmethods__))}"
    declared_name, traits = getattr(mode, "name", None), getattr(mode, "traits", None)
    if declared_name != name:
        return f"its name is {declared_name!r}; allowed: the name that it is registered by"
    if not isinstance(traits, ModeTraits):
        return f"its traits are {traits!r}; allowed: ModeTraits"
    if not (isinstance(mode.fewest_agents, int) and mode.fewest_agents >= 1):
        return f"its fewest_agents is {mode.fewest_agents!r}; allowed: at least 1"
    return None
