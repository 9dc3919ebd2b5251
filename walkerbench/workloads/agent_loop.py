"""An existing loop over agents as a workload: an object with `agents`, each of which has a method `step(dt)`.

::

    def make(num_agents: int, seed: int) -> Any: ...   # returns an object `loop` with these members

    loop.agents                        # a sequence of num_agents agents
    agent.step(dt)                     # one frame of an agent; dt in seconds
    agent.step_physics_only(dt)        # optional: called instead of step where [environment] step_every is above 1
    agent.state()                      # optional: what the digest covers; or loop.state(number)
    loop.step_world(dt)                # optional: the world that the agents share

The object is built once, and shards of one process step its agents, because no other process has the object. A
function that takes `agents=range(lo, hi)` builds only those agents, and can run in every mode: each shard then has its
own object and its own world.

The order is that of the threading guide: in each frame the world is stepped, then the agents. Where the agents of
several shards share a world, only the parent steps it: once when the object is built, then after the agents of each
frame.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Interval

from walkerbench.errors import RAISED_BY_OTHERS, UsageError
from walkerbench.workloads.contract import Field, FrameBuffers, Settler, Shards, Workload
from walkerbench.workloads.first_errors import FIRST_ERROR_FIELDS, FirstError, first_error
from walkerbench.workloads.main_phase import MainPhase
from walkerbench.workloads.user_code import import_user_object
from walkerbench.workloads.value_digests import digest_value

_FAMILY = "agents"
_WORLD, _AGENTS = "world", "agents"
_ERRORS = "agent_errors"
_HAS_STATE = "digest_state"


@dataclass(frozen=True)
class AgentLoopSettings:
    """The settings of an agent loop.

    Attributes:
        frames_per_second: Frames in a second of simulated time; `dt` is what one of them takes.
        step_every: An agent's `step` is called in one of this many frames, its `step_physics_only` in the others.
        errors: What happens when an agent raises: `count` counts the error and goes on, `fail` ends the run.
        digest_state: Whether digests cover the agents' states; None to find out whether all agents have a state.
    """

    frames_per_second: Annotated[float, Interval(ge=0.001, le=1_000_000)] = 60.0
    step_every: Annotated[int, Interval(ge=1, le=10_000)] = 1
    errors: Literal["count", "fail"] = "count"
    digest_state: bool | None = None


def make_factory(rest: str, arguments: Mapping[str, Any]) -> AgentLoopFactory:
    """Return the factory of the workload `agents:MODULE:FUNCTION`.

    Raises:
        UsageError: There is no such function, or it takes other arguments.
    """
    what = _what(rest)
    made_by = _import(rest)
    if not callable(made_by):
        raise UsageError(f"{what}: it is a {type(made_by).__name__}; give a function that makes an object with agents")
    factory = AgentLoopFactory(rest, dict(arguments), _taken(made_by, what))
    try:
        inspect.signature(made_by).bind(**factory.call_arguments(range(1), 1, 1))
    except TypeError as error:
        raise UsageError(
            f"{what}: cannot be called with {', '.join(factory.taken)} and its arguments: {error}"
        ) from None
    return factory


@dataclass(frozen=True)
class AgentLoopFactory:
    """Makes the workload of an agent loop.

    Attributes:
        rest: `MODULE:FUNCTION`.
        arguments: Keyword arguments of the function, besides those in `taken`.
        taken: Which of `num_agents`, `agents` and `seed` the function takes.
    """

    rest: str
    arguments: Mapping[str, Any]
    taken: tuple[str, ...]
    settings_class = AgentLoopSettings

    def __call__(self, num_agents: int, seed: int, settings: AgentLoopSettings) -> AgentLoopWorkload:
        """Make the workload; builds no agent."""
        return AgentLoopWorkload(self, num_agents, seed, settings)

    @property
    def builds_slices(self) -> bool:
        """Whether the function builds only the agents of a given range."""
        return "agents" in self.taken

    def call_arguments(self, agents: range, num_agents: int, seed: int) -> dict[str, Any]:
        """Return the keyword arguments of a call of the user's function.

        Args:
            agents: The agents to build.
            num_agents: The number of all agents.
            seed: The seed of every random stream.
        """
        offered = {"agents": agents, "num_agents": num_agents, "seed": seed}
        return {name: offered[name] for name in self.taken} | {**self.arguments}

    def build(self, agents: range, num_agents: int, seed: int) -> AgentLoop:
        """Call the user's function, and return the object that it builds; takes the arguments of `call_arguments`.

        Raises:
            TypeError: The function returned an object that is not an agent loop.
            Exception: The function raised.
        """
        return AgentLoop(_import(self.rest)(**self.call_arguments(agents, num_agents, seed)), agents)


class AgentLoop:
    """An object with agents, as the user's function makes it.

    Args:
        made: The object.
        numbers: The numbers of its agents.

    Raises:
        TypeError: The object has no agents or another number of them, or an agent has no `step`.
    """

    def __init__(self, made: Any, numbers: range) -> None:
        self.made = made
        self.numbers = numbers
        agents = getattr(made, "agents", None)
        if agents is None:
            raise TypeError(f"a {type(made).__name__} has no agents: the function must return an object with agents")
        if len(agents) != len(numbers):
            raise TypeError(f"the object has {len(agents)} agents in place of {len(numbers)}")
        for number, agent in zip(numbers, agents, strict=True):
            if not callable(getattr(agent, "step", None)):
                raise TypeError(f"agent {number}, a {type(agent).__name__}, has no method step(dt)")
        self._state_of_loop = getattr(made, "state", None)
        self.step_world: Callable[[float], object] | None = getattr(made, "step_world", None)

    def agents(self, lo: int, hi: int) -> Any:
        """Return the current agents `lo:hi`: the user's code may have replaced one since the last call."""
        return self.made.agents[lo - self.numbers.start : hi - self.numbers.start]

    @property
    def has_state(self) -> bool:
        """Whether the object, or else every agent, has a `state` to digest."""
        return callable(self._state_of_loop) or all(callable(getattr(each, "state", None)) for each in self.made.agents)

    def state(self, number: int) -> Any:
        """Return the state of an agent."""
        if callable(self._state_of_loop):
            return self._state_of_loop(number)
        return self.made.agents[number - self.numbers.start].state()

    def advance_world(self, dt: float) -> None:
        """Step the world, where there is one."""
        if self.step_world is not None:
            self.step_world(dt)


class _SharedLoop:
    """The one object whose agents all shards of a process share; it is built with the first shard."""

    def __init__(self, build: Callable[[], AgentLoop], dt: float) -> None:
        self._build = build
        self._dt = dt
        self._loop: AgentLoop | None = None

    def get(self) -> AgentLoop:
        if self._loop is None:
            self._loop = self._build()
            self._loop.advance_world(self._dt)
        return self._loop

    def settle(self, frame: int) -> None:
        """Step the world that the agents of the next frame see."""
        self.get().advance_world(self._dt)

    def statistics(self) -> dict[str, float]:
        return {}


class _NoSharedLoop:
    """The settler where each shard has its own object: it does nothing."""

    def settle(self, frame: int) -> None: ...

    def statistics(self) -> dict[str, float]:
        return {}


class AgentLoopWorkload(Workload):
    """The agents of an object that a user's function builds.

    Args:
        factory: Builds the object.
        num_agents: How many agents.
        seed: Given to the function, where it takes one.
        settings: How the agents are stepped.
    """

    main_phase = MainPhase(_AGENTS, "agent processing")
    settings_class = AgentLoopSettings
    counters = (_ERRORS,)
    frame_counters = (_ERRORS,)
    event_counters = (_ERRORS,)
    why_no_digest = "has agents without a digested state()"

    def __init__(self, factory: AgentLoopFactory, num_agents: int, seed: int, settings: AgentLoopSettings) -> None:
        self.name = f"{_FAMILY}:{factory.rest}"
        self.num_agents = num_agents
        self.seed = seed
        self.settings = settings
        self.shards: Shards = "any" if factory.builds_slices else "same process"
        self.phases = (_WORLD, _AGENTS) if factory.builds_slices else (_AGENTS,)
        self.settle_phase = "settle" if factory.builds_slices else _WORLD
        self.digest_fields = ("state", "errors") if settings.digest_state else ()
        self._factory = factory
        self._shared: _SharedLoop | None = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_shared": None}

    def fields(self) -> tuple[Field, ...]:
        """Return the arrays into which shards write whether agents have a state, and each worker's first error."""
        return (Field("current", _HAS_STATE, "bool"), *FIRST_ERROR_FIELDS)

    def make_settler(self, buffers: FrameBuffers) -> Settler:
        """Return the settler, which steps a world that shards share."""
        if self._factory.builds_slices:
            return _NoSharedLoop()
        self._shared = _SharedLoop(lambda: self._build(range(self.num_agents)), self._dt)
        return self._shared

    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> AgentLoopShard:
        """Return the shard of agents `lo:hi`; where shards share an object, the first call builds all agents."""
        if self._factory.builds_slices:
            loop = self._build(range(lo, hi))
        else:
            assert self._shared is not None  # noqa: S101  the settler is made first
            loop = self._shared.get()
        buffers.current[_HAS_STATE][lo:hi] = loop.has_state
        return AgentLoopShard(loop, (lo, hi), self.settings, self._dt, buffers, worker, self.phases)

    def frames_per_second(self) -> float:
        """Return the frames in a second of simulated time."""
        return self.settings.frames_per_second

    def code_modules(self) -> tuple[str, ...]:
        """Return the module of the function."""
        return (self._factory.rest.partition(":")[0],)

    def open_settings(self) -> tuple[str, ...]:
        """Return `digest_state` where the profile leaves it open."""
        return (_HAS_STATE,) if self.settings.digest_state is None else ()

    def found_settings(self, buffers: FrameBuffers) -> Mapping[str, Any]:
        """Return whether all agents have a state."""
        return {name: bool(buffers.current[_HAS_STATE].all()) for name in self.open_settings()}

    def remarks(self, buffers: FrameBuffers) -> tuple[str, ...]:
        """Return a line about the first error that was counted; nothing where none was."""
        error = first_error(buffers)
        return () if error is None else (f"the first of the {_ERRORS}: {error}",)

    @property
    def _dt(self) -> float:
        return 1.0 / self.settings.frames_per_second

    def _build(self, agents: range) -> AgentLoop:
        return self._factory.build(agents, self.num_agents, self.seed)


class AgentLoopShard:
    """Steps agents `lo:hi` of an object.

    Args:
        loop: The object; other shards may step its other agents.
        agents: `(lo, hi)`.
        settings: How the agents are stepped.
        dt: Simulated time of a frame, s.
        buffers: Holds counters, digests and the first error.
        worker: The number of the shard's worker.
        phases: Names of the phases.

    Raises:
        TypeError: An agent lacks `step_physics_only`, which the settings need.
    """

    def __init__(
        self,
        loop: AgentLoop,
        agents: tuple[int, int],
        settings: AgentLoopSettings,
        dt: float,
        buffers: FrameBuffers,
        worker: int,
        phases: tuple[str, ...],
    ) -> None:
        self._loop = loop
        self._lo, self._hi = agents
        self._dt = dt
        self._every = settings.step_every
        self._counts_errors = settings.errors == "count"
        self._digests = buffers.digests
        self._counters = buffers.counters[worker]
        self._errors = [0] * (self._hi - self._lo)
        self._first_error = FirstError(buffers, worker)
        self._phases = phases
        if self._every > 1:
            self._check_physics()

    def phases(self) -> Mapping[str, Callable[[int], None]]:
        """Return the phases: one that steps the shard's own world, where it has one, then one for its agents."""
        both = {_WORLD: self._step_world, _AGENTS: self._step_agents}
        return {name: both[name] for name in self._phases}

    def digest(self) -> None:
        """Digest every agent's state, and how many errors it raised."""
        if not self._digests.shape[1]:
            return
        for number in range(self._lo, self._hi):
            self._digests[number] = digest_value(self._loop.state(number)), self._errors[number - self._lo]

    def snapshot(self) -> None:
        """Do nothing: there is nothing to draw."""

    def _step_world(self, frame: int) -> None:
        self._loop.advance_world(self._dt)

    def _step_agents(self, frame: int) -> None:
        dt, every = self._dt, self._every
        for number, agent in enumerate(self._loop.agents(self._lo, self._hi), self._lo):
            try:
                if every == 1 or (frame + number) % every == 0:
                    agent.step(dt)
                else:
                    agent.step_physics_only(dt)
            except RAISED_BY_OTHERS as error:
                if not self._counts_errors:
                    error.add_note(f"raised by agent {number} in frame {frame}")
                    raise
                self._counters[0] += 1
                self._errors[number - self._lo] += 1
                self._first_error.note(frame, number, error)

    def _check_physics(self) -> None:
        for number, agent in enumerate(self._loop.agents(self._lo, self._hi), self._lo):
            if not callable(getattr(agent, "step_physics_only", None)):
                raise TypeError(
                    f"agent {number}, a {type(agent).__name__}, has no method step_physics_only(dt), which "
                    f"step_every = {self._every} needs"
                )


def _taken(made_by: Callable[..., Any], what: str) -> tuple[str, ...]:
    """Return which of `num_agents`, `agents` and `seed` a function takes.

    Raises:
        UsageError: The function takes neither `num_agents` nor `agents`.
    """
    try:
        parameters = inspect.signature(made_by).parameters
    except (TypeError, ValueError):
        return ("num_agents",)
    taken = tuple(name for name in ("num_agents", "agents", "seed") if name in parameters)
    if not {"num_agents", "agents"} & {*taken}:
        raise UsageError(f"{what}: takes neither num_agents nor agents; give a function that takes one of them")
    return taken


def _import(rest: str) -> Any:
    module, _, name = rest.partition(":")
    return import_user_object(module, name, _what(rest))


def _what(rest: str) -> str:
    return f"workload '{_FAMILY}:{rest}'"
