"""Finds the workload that a SPEC names: a registered one, or one made of the user's own code."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from walkerbench.errors import UsageError
from walkerbench.shown_text import MOST_IN_A_NAME, shortened
from walkerbench.workloads.registry import WORKLOADS

if TYPE_CHECKING:
    from walkerbench.workloads.contract import WorkloadFactory

_NO_ARGUMENTS: Mapping[str, Any] = MappingProxyType({})

FAMILIES = {
    "gymnasium": "walkerbench.workloads.gymnasium_environments",
    "agents": "walkerbench.workloads.agent_loop",
    "function": "walkerbench.workloads.function_calls",
    "pytest": "walkerbench.workloads.pytest_tests",
}
"""Text before a SPEC's first colon → the module whose `make_factory` takes the text after that colon."""

_AGENT_CLASS = "walkerbench.workloads.agent_class"
"""The module of every other SPEC with a colon, `MODULE:CLASS`."""


_OWN_CODE_HINT = "code of your own is MODULE:NAME, such as mysim:Herd"


def find_factory(spec: str, arguments: Mapping[str, Any] = _NO_ARGUMENTS) -> WorkloadFactory:
    """Return the factory of the workload that a SPEC names.

    Args:
        spec: A registered name, `FAMILY:…` or `MODULE:CLASS`.
        arguments: Keyword arguments of the user's code.

    Raises:
        UsageError: There is no such workload, it cannot be imported, or it takes other arguments.
    """
    family, colon, rest = spec.partition(":")
    if not colon:
        if arguments:
            raise UsageError(f"workload {spec!r} takes no arguments: its settings are keys of [environment]")
        if not spec:
            raise UsageError(f"workload '': no name; {WORKLOADS.suggest(spec)}; {_OWN_CODE_HINT}")
        if spec not in WORKLOADS.names():
            raise UsageError(
                f"no such workload: {shortened(spec, MOST_IN_A_NAME)!r}; {WORKLOADS.suggest(spec)}; {_OWN_CODE_HINT}"
            )
        return WORKLOADS.find(spec)
    module, rest = (FAMILIES[family], rest) if family in FAMILIES else (_AGENT_CLASS, spec)
    make_factory: Callable[[str, Mapping[str, Any]], WorkloadFactory] = importlib.import_module(module).make_factory
    return make_factory(rest, arguments)


def fixed_agents(factory: WorkloadFactory) -> int | None:
    """Return the only number of agents that a factory's workloads may have; None where any number may be asked for."""
    return getattr(factory, "fixed_agents", None)


def default_length(factory: WorkloadFactory) -> Mapping[str, int]:
    """Return the factory's default numbers of `frames` and of `warmup` frames; empty where it has none."""
    return getattr(factory, "default_length", _NO_ARGUMENTS)
