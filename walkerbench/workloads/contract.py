"""The contract between a workload and the modes that run it.

A workload's agents are split into shards. A shard is the only code that steps its agents; it knows no clock, mode or
file. Everything that crosses shards lies in `FrameBuffers`: shards write *current*, and after the barrier the settler,
in the parent, turns it into *published*, which every shard reads in the next frame.
"""

from __future__ import annotations

import dataclasses
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from walkerbench.workloads.main_phase import MainPhase
from walkerbench.workloads.picture import Picture

WORKER_COLUMNS = (
    *("completed_frame", "start_ns", "busy_ns", "cpu_ns", "gc_ns"),
    *("core_wait_ns", "core_wait_before_ns", "system_ns", "minor_faults", "major_faults"),
    *("involuntary_switches", "voluntary_switches"),
)
"""Columns of a worker's row, before those of its phases' nanoseconds; -1 where the system does not provide a figure."""

Shards = Literal["any", "same process", "one"]
"""How a workload's agents may be split into shards.

`any`: freely. `same process`: among threads of one process, because the agents share objects. `one`: not at all.
"""

SAME_WORK = {"same_work": True}
"""Metadata of a settings field that changes how the work is done, and not what is computed."""

_ALIGNMENT = 64  # bytes: a cache line, so that no two fields share one


@dataclass(frozen=True)
class Field:
    """One array of the frame buffers.

    Attributes:
        group: `current` and `snapshot` (written by shards) or `published` (written by the settler).
        name: Key within the group.
        dtype: NumPy's name of the element type.
        shape: Shape of one agent's entry, or the whole shape where not per agent.
        per_agent: Whether the first axis, added in front of `shape`, is the agents'.
    """

    group: Literal["current", "published", "snapshot"]
    name: str
    dtype: str
    shape: tuple[int, ...] = ()
    per_agent: bool = True


class Shard(Protocol):
    """Agents `lo:hi`, and the only code that steps them."""

    def phases(self) -> Mapping[str, Callable[[int], None]]:
        """Return each phase's function by name, in the order in which they run; it takes the number of the frame."""
        ...

    def digest(self) -> None:
        """Write each agent's digests into its row of `FrameBuffers.digests`."""
        ...

    def snapshot(self) -> None:
        """Write what can be drawn of each agent into its rows of `FrameBuffers.snapshot`, and change nothing else.

        Called between frames, and only where the workload has snapshot fields and an observer asks.
        """
        ...


class Settler(Protocol):
    """The parent's part of a frame, run after the barrier over all agents."""

    def settle(self, frame: int) -> None:
        """Turn *current* into *published*."""
        ...

    def statistics(self) -> dict[str, float]:
        """Return the population's statistics after the last settled frame, by name; units are in the names."""
        ...


@dataclass(frozen=True)
class NoSettings:
    """The settings of a workload that has none."""


class Workload(ABC):
    """A simulation of agents; picklable, so that a worker process can build its shard.

    Attributes are the same for every instance of a class; what depends on settings is a method.

    Attributes:
        name: Its name in a recorded run.
        num_agents: The number of agents.
        settings_class: A frozen dataclass, each field with a default, which holds a profile's table `[environment]`. A
            field whose metadata is `SAME_WORK` changes how the work is done and not what is computed: two sides of a
            measurement may differ in it.
        phases: Names of a shard's phases, in order.
        main_phase: The phase whose time is judged, and shown beside the frame's time.
        settle_phase: Name of the settler's phase.
        counters: Names of what is counted in a frame, in the order of the columns of `FrameBuffers.counters`.
        frame_counters: The counters that are recorded for every frame.
        event_counters: The frame counters that count rare events; a timeline marks these events.
        digest_fields: Names of an agent's digests, in the order of the columns of `FrameBuffers.digests`. Empty where
            nothing is digested: then two runs cannot be shown to have done the same work.
        why_no_digest: Why there are no digest fields, in words that follow the workload's name.
        shards: How its agents may be split.
        default_criteria: The criteria of a run whose profile has no list of its own, such as
            `frame_ms.max < 200`.
    """

    name: str
    num_agents: int
    settings_class: ClassVar[type] = NoSettings
    phases: tuple[str, ...]
    main_phase: MainPhase
    settle_phase: str = "settle"
    counters: tuple[str, ...] = ()
    frame_counters: tuple[str, ...] = ()
    event_counters: tuple[str, ...] = ()
    digest_fields: tuple[str, ...]
    why_no_digest: str = "declares no digest fields"
    shards: Shards = "any"
    default_criteria: tuple[str, ...] = ("emergency_shutdowns == 0", "frame_ms.max < 200")

    @property
    def same_work_not_proven(self) -> str | None:
        """Why two runs cannot be shown to have done the same work, such as `mysim:Herd has no state()`; or None."""
        return None if self.digest_fields else f"{self.name} {self.why_no_digest}"

    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """Return the arrays that cross shards."""

    @abstractmethod
    def make_settler(self, buffers: FrameBuffers) -> Settler:
        """Return the settler; called before any shard is made.

        Args:
            buffers: The arrays that cross shards; the settler fills `published` for the first frame.
        """

    @abstractmethod
    def make_shard(self, lo: int, hi: int, buffers: FrameBuffers, worker: int) -> Shard:
        """Return a shard with its agents built.

        Args:
            lo: Number of its first agent.
            hi: One more than the number of its last agent.
            buffers: The arrays that cross shards; the shard writes the rows of its agents.
            worker: Number of its worker; the shard counts into this row of `FrameBuffers.counters`.
        """

    def frames_per_second(self) -> float:
        """Return the frames in a second of simulated time; real-time pace runs as many in a second."""
        return 60.0

    def bytes_per_agent(self) -> int:
        """Return the memory that one agent takes, in bytes; 0 where it is not known."""
        return 0

    def resource_limits(self) -> Mapping[str, float]:
        """Return limits of the settler's statistics, by name, beyond which the environment stops itself."""
        return {}

    def snapshot_fields(self) -> tuple[Field, ...]:
        """Return the arrays of the group `snapshot` that `Shard.snapshot` fills; none where nothing can be drawn."""
        return ()

    def picture(self) -> Picture | None:
        """Return the picture that draws the agents from a snapshot; None where nothing can be drawn."""
        return None

    def code_modules(self) -> tuple[str, ...]:
        """Return the names of the imported modules whose code is measured, without those of the harness."""
        return (type(self).__module__,)

    def open_settings(self) -> tuple[str, ...]:
        """Return the names of settings that the profile leaves open, and that a shard finds when it is built."""
        return ()

    def found_settings(self, buffers: FrameBuffers) -> Mapping[str, Any]:
        """Return the values that were found for the open settings, by name; called after all shards are built.

        Args:
            buffers: The arrays that cross shards.
        """
        return {}

    def remarks(self, buffers: FrameBuffers) -> tuple[str, ...]:
        """Return what a reader of the run should know about it, as lines of text; called between frames.

        Args:
            buffers: The arrays that cross shards.
        """
        return ()


def same_work_settings(settings: Any) -> tuple[str, ...]:
    """Return the names of the settings that change how the work is done, and not what is computed.

    Args:
        settings: An instance of a workload's `settings_class`.
    """
    fields = dataclasses.fields(settings)
    return tuple(each.name for each in fields if SAME_WORK.items() <= each.metadata.items())


class WorkloadFactory(Protocol):
    """Makes a workload; a subclass of `Workload` is a factory, if its constructor takes these arguments.

    A factory whose workloads always have the same number of agents has that number as an attribute `fixed_agents`. A
    factory whose frames may be long has an attribute `default_length`: the numbers of `frames` and of `warmup` frames
    for a profile that gives none.
    """

    @property
    def settings_class(self) -> type:
        """The dataclass of the workload's own settings, each with a default."""
        ...

    def __call__(self, num_agents: int, seed: int, settings: Any) -> Workload:
        """Make a workload of `num_agents` agents.

        Args:
            num_agents: At least 1.
            seed: The seed of every random stream, at least 0.
            settings: An instance of `settings_class`.
        """
        ...


def shard_bounds(num_agents: int, num_workers: int) -> tuple[tuple[int, int], ...]:
    """Split agents into contiguous shards whose sizes differ by at most one.

    Returns:
        `(lo, hi)` of every worker's shard, `hi` excluded.

    Raises:
        ValueError: Not `1 <= num_workers <= num_agents`.
    """
    if not 1 <= num_workers <= num_agents:
        raise ValueError(f"{num_workers} workers for {num_agents} agents: give between 1 and {num_agents}")
    edges = [num_agents * worker // num_workers for worker in range(num_workers + 1)]
    return tuple(itertools.pairwise(edges))


@dataclass(frozen=True)
class BufferLayout:
    """Where each array of the frame buffers lies in one block of memory; picklable.

    Attributes:
        arrays: `(group, name, dtype, shape, offset)` of every array.
        nbytes: Size of the block.
    """

    arrays: tuple[tuple[str, str, str, tuple[int, ...], int], ...]
    nbytes: int

    @classmethod
    def of(cls, workload: Workload, num_workers: int) -> BufferLayout:
        """Return the layout of the buffers of a workload that `num_workers` workers run."""
        agents = workload.num_agents
        wanted: list[tuple[str, str, str, tuple[int, ...]]] = [
            (field.group, field.name, field.dtype, (agents, *field.shape) if field.per_agent else field.shape)
            for field in (*workload.fields(), *workload.snapshot_fields())
        ]
        wanted += [
            ("mode", "workers", "int64", (num_workers, len(WORKER_COLUMNS) + len(workload.phases))),
            ("mode", "counters", "int64", (num_workers + 1, len(workload.counters))),
            ("mode", "digests", "uint64", (agents, len(workload.digest_fields))),
        ]
        arrays = []
        offset = 0
        for group, name, dtype, shape in wanted:
            arrays.append((group, name, dtype, shape, offset))
            size = int(np.prod(shape)) * np.dtype(dtype).itemsize
            offset += -(-size // _ALIGNMENT) * _ALIGNMENT
        return cls(tuple(arrays), offset)


class FrameBuffers:
    """Every array that crosses the border between the parent and the shards, preallocated, agent-major.

    ============== ======= ============================ ====================== =====================================
    array          dtype   shape                        written by, when       read by, when
    ============== ======= ============================ ====================== =====================================
    `current[…]`   field's `(agents, …)`                its shard, in a frame  settler, after the barrier
    `published[…]` field's `(agents, …)` or as declared settler, after barrier every shard, in the next frame
    `snapshot[…]`  field's `(agents, …)`                its shard, on request  parent, before the next frame
    `workers`      int64   `(workers, columns)`         its worker, last       parent, after the barrier
    `counters`     int64   `(workers + 1, counters)`    shards; settler: last  parent, after settling, which zeroes
    `digests`      uint64  `(agents, digest fields)`    its shard, checkpoint  parent, after the checkpoint
    ============== ======= ============================ ====================== =====================================

    The columns of `workers` are `WORKER_COLUMNS` (the frame that the worker completed last, when it began in
    `perf_counter_ns`, then nanoseconds and counts), followed by one column of nanoseconds per phase. A row of
    `counters` adds up the counts of one frame. The workload's `fields` describes its own arrays.

    Args:
        layout: Where each array lies.
        memory: A writable block of at least `layout.nbytes` bytes; None to allocate zeroed memory in this process.
    """

    def __init__(self, layout: BufferLayout, memory: memoryview | bytearray | None = None) -> None:
        block = bytearray(layout.nbytes) if memory is None else memory
        self.layout = layout
        self.current: dict[str, NDArray[Any]] = {}
        self.published: dict[str, NDArray[Any]] = {}
        self.snapshot: dict[str, NDArray[Any]] = {}
        own: dict[str, NDArray[Any]] = {}
        groups = {"current": self.current, "published": self.published, "snapshot": self.snapshot, "mode": own}
        for group, name, dtype, shape, offset in layout.arrays:
            groups[group][name] = np.ndarray(shape, dtype=dtype, buffer=block, offset=offset)
        self.workers: NDArray[np.int64] = own["workers"]
        self.counters: NDArray[np.int64] = own["counters"]
        self.digests: NDArray[np.uint64] = own["digests"]
