"""The simple contract: a class that holds some of the agents and steps them.

::

    class Herd:
        def __init__(self, agents: range, seed: int) -> None: ...   # builds these agents only
        def step(self, frame: int) -> None: ...                     # one frame of them
        def state(self, agent: int) -> Any: ...                     # optional: what the digest covers

Each object of the class is a shard. A function that returns such an object can be given in place of the class.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from walkerbench.errors import UsageError
from walkerbench.near_words import did_you_mean
from walkerbench.shown_text import MOST_IN_A_NAME, shortened
from walkerbench.workloads.contract import Field, FrameBuffers, NoSettings, Workload
from walkerbench.workloads.main_phase import MainPhase
from walkerbench.workloads.user_code import import_user_object
from walkerbench.workloads.value_digests import digest_value

_PHASE = "step"


def make_factory(spec: str, arguments: Mapping[str, Any]) -> AgentClassFactory:
    """Return the factory of the workload `MODULE:CLASS`.

    Raises:
        UsageError: There is no such class, or it takes other arguments.
    """
    module, _, name = spec.partition(":")
    what = f"workload {shortened(spec, MOST_IN_A_NAME)!r}"
    made_by = import_user_object(module, name, what)
    if not callable(made_by):
        kind = type(made_by).__name__
        raise UsageError(f"{what}: it is of the type {kind}; give a class, or a function that makes an object")
    _check_arguments(made_by, arguments, what)
    if isinstance(made_by, type) and not callable(getattr(made_by, "step", None)):
        raise UsageError(f"{what}: the class has no method step(frame)")
    return AgentClassFactory(spec, dict(arguments))


@dataclass(frozen=True)
class AgentClassFactory:
    """Makes the workload of a user's class.

    Attributes:
        spec: `MODULE:CLASS`.
        arguments: Keyword arguments of the class, besides `agents` and `seed`.
    """

    spec: str
    arguments: Mapping[str, Any]
    settings_class = NoSettings

    def __call__(self, num_agents: int, seed: int, settings: NoSettings) -> AgentClassWorkload:
        """Make the workload; builds no agent, but calls a function once to find out whether its agents have a state."""
        made_by = _import(self.spec)
        has_state = hasattr(made_by, "state")
        if not isinstance(made_by, type):
            has_state = hasattr(made_by(agents=range(1), seed=seed, **self.arguments), "state")
        return AgentClassWorkload(self.spec, self.arguments, num_agents, seed, has_state)


class AgentClassWorkload(Workload):
    """Agents that objects of a user's class hold and step.

    Args:
        spec: `MODULE:CLASS`.
        arguments: Keyword arguments of the class.
        num_agents: How many agents.
        seed: Given to every object.
        has_state: Whether the objects have a method `state`.
    """

    phases = (_PHASE,)
    main_phase = MainPhase(_PHASE, _PHASE)
    why_no_digest = "has no state()"

    def __init__(self, spec: str, arguments: Mapping[str, Any], num_agents: int, seed: int, has_state: bool) -> None:
        self.name = spec
        self.arguments = arguments
        self.num_agents = num_agents
        self.seed = seed
        self.digest_fields = ("state",) if has_state else ()

    def fields(self) -> tuple[Field, ...]:
        """Return no arrays: the objects share nothing."""
        return ()

    def make_settler(self, buffers: FrameBuffers) -> NothingToSettle:
        """Return a settler that does nothing."""
        return NothingToSettle()

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> AgentClassShard:
        """Build the object of agents `lo:hi`."""
        made = _import(self.name)(agents=range(lo, hi), seed=self.seed, **self.arguments)
        return AgentClassShard(made, (lo, hi), buffers if self.digest_fields else None)

    def code_modules(self) -> tuple[str, ...]:
        """Return the module of the class."""
        return (self.name.partition(":")[0],)


class AgentClassShard:
    """An object of the user's class, as a shard.

    Args:
        made: The object.
        agents: `(lo, hi)` of its agents.
        buffers: Holds the rows of digests; None where the object has no `state`.

    Raises:
        TypeError: The object has no method `step`.
    """

    def __init__(self, made: Any, agents: tuple[int, int], buffers: FrameBuffers | None) -> None:
        if not callable(getattr(made, "step", None)):
            raise TypeError(f"a {type(made).__name__} has no method step(frame)")
        self._made = made
        self._agents = agents
        self._buffers = buffers

    def phases(self) -> Mapping[str, Callable[[int], None]]:
        """Return the object's own `step`."""
        return {_PHASE: self._made.step}

    def digest(self) -> None:
        """Digest every agent's state."""
        if self._buffers is None:
            return
        for agent in range(*self._agents):
            self._buffers.digests[agent] = digest_value(self._made.state(agent))

    def snapshot(self) -> None:
        """Do nothing: there is nothing to draw."""


class NothingToSettle:
    """The settler of a workload whose shards share nothing."""

    def settle(self, frame: int) -> None:
        """Do nothing."""

    def statistics(self) -> dict[str, float]:
        """Return no statistics."""
        return {}


def _import(spec: str) -> Any:
    module, _, name = spec.partition(":")
    return import_user_object(module, name, f"workload {spec!r}")


_GIVEN_ARGUMENTS = ("agents", "seed")  # walkerbench passes them


def _describe_parameters(name: str, taken: Sequence[str]) -> str:
    if name in _GIVEN_ARGUMENTS:
        return "it must take both agents and seed, as in __init__(self, agents, seed)"
    others = [each for each in taken if each not in _GIVEN_ARGUMENTS]
    return f"{did_you_mean(name, others)}besides agents and seed it takes {', '.join(others) or 'nothing'}"


def _check_arguments(made_by: Callable[..., Any], arguments: Mapping[str, Any], what: str) -> None:
    """Refuse arguments that the class cannot be called with, before anything is built.

    Raises:
        UsageError: The class cannot be called with them.
    """
    try:
        signature = inspect.signature(made_by)
    except (TypeError, ValueError):
        return  # a class written in C, without a signature: a wrong call raises
    for name in _GIVEN_ARGUMENTS:
        if name in arguments:
            raise UsageError(f"{what}: the argument {name!r} is given by walkerbench: leave it out")
    taken = signature.parameters
    if not any(each.kind is each.VAR_KEYWORD for each in taken.values()):
        for name in (*_GIVEN_ARGUMENTS, *arguments):
            if name not in taken:
                raise UsageError(f"{what}: it takes no argument {name!r}; {_describe_parameters(name, tuple(taken))}")
    try:
        signature.bind(agents=range(1), seed=1, **arguments)
    except TypeError as error:
        raise UsageError(f"{what}: cannot be called with agents=range, seed=int and its arguments: {error}") from None
