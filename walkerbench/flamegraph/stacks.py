"""Assign sampled stacks to phases, and find the functions that took the time. Only pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from walkerbench.system.stack_markers import StackMarker, last_part

MAIN = "main"
"""The track of the parent's main thread: starting, settling, the barrier, and in sequential mode the one shard."""

STEP = "step"
"""The phase of the parent in a frame, outside the next three."""

DISPATCH = "dispatch"
"""The phase of the parent as it sets the workers to work."""

WAIT = "wait"
"""The phase of the parent at the barrier."""

SETTLE = "settle"
"""The phase of the parent's part of the workload."""

DIGEST = "digest"
"""The phase of a worker at a checkpoint."""

WAITING = "waiting"
"""The phase of a worker that has nothing to do."""

MEASURING = "measuring"
"""The phase of a worker that takes its own times."""

OTHER = "other"
"""The phase of everything else: imports, building, recording."""

OVERHEAD_PHASES = (DISPATCH, WAIT, STEP, DIGEST, MEASURING, WAITING, OTHER)
"""The phases that are walkerbench's own, and not the workload's."""

_SHARE_OF_ONE_CALLEE = (
    0.75  # a function that spends this share of its time in one callee is not listed: its callees are
)


@dataclass(frozen=True)
class Call:
    """A function in a stack.

    Attributes:
        function: Its qualified name.
        file: Its path as returned by `short_path`.
        line: The line that it had reached, 0 where unknown.
    """

    function: str
    file: str
    line: int = 0

    @property
    def place(self) -> tuple[str, str]:
        """The function without the line."""
        return self.function, self.file

    def is_marked(self, *markers: StackMarker) -> bool:
        """Return whether one of the markers marks the function."""
        return any(marker.marks(self.function, self.file) for marker in markers)


Stack = tuple[Call, ...]
"""Calls from the outermost to the innermost."""


@dataclass(frozen=True)
class Track:
    """The samples of one thread.

    Attributes:
        name: `main`, or `worker-N`.
        samples: Stacks in the order in which they were taken.
    """

    name: str
    samples: tuple[Stack, ...]


@dataclass(frozen=True)
class PhaseMarkers:
    """Marks for the phases of a run.

    Attributes:
        run: A worker runs a frame; what it calls is a phase of the workload, or measuring.
        measuring: A worker takes its times, directly below `run`.
        in_test: A worker runs a phase within a test, on a stack of the test's own; what it calls is the phase.
        digest: A worker digests its shard.
        step: The parent runs a frame.
        dispatch: The parent sets the workers to work, directly below `step`.
        wait: The parent waits at the barrier, directly below `step`.
        settle: The parent settles, directly below `step`.
        waiting: A worker waits for its next request.
    """

    run: StackMarker
    measuring: StackMarker
    in_test: StackMarker
    digest: StackMarker
    step: StackMarker
    dispatch: StackMarker
    wait: StackMarker
    settle: StackMarker
    waiting: tuple[StackMarker, ...]


@dataclass(frozen=True)
class FunctionTime:
    """How often samples fell into a function.

    Attributes:
        function: Its qualified name.
        file: Its path.
        own: Samples with the function innermost.
        total: Samples with the function anywhere in the stack.
    """

    function: str
    file: str
    own: int
    total: int


def split(stack: Stack, markers: PhaseMarkers) -> tuple[str, Stack]:
    """Return the phase that a stack is in, and the part of the stack that belongs to the phase.

    A shard's phase has the name of the function that the shard's runner calls, followed by "(shard)" where one of the
    names above is the same.
    """
    for number, call in enumerate(stack):
        if call.is_marked(markers.run, markers.in_test):
            return _in_worker(stack[number:], markers)
        if call.is_marked(markers.digest):
            return DIGEST, stack[number:]
    for number, call in enumerate(stack):
        if call.is_marked(markers.step):
            return _in_parent(stack[number:], markers)
    return (WAITING if any(call.is_marked(*markers.waiting) for call in stack) else OTHER), ()


def phases(track: Track, markers: PhaseMarkers) -> Counter[str]:
    """Return how many samples of a track fell into each phase."""
    return Counter(split(stack, markers)[0] for stack in track.samples)


def within(tracks: Iterable[Track], phase: str, markers: PhaseMarkers) -> list[Stack]:
    """Return the stacks of a phase in all tracks, each from the phase's function on."""
    parts = (split(stack, markers) for track in tracks for stack in track.samples)
    return [below for name, below in parts if name == phase and below]


def functions(stacks: Sequence[Stack]) -> list[FunctionTime]:
    """Return the times of every function in the stacks; the one most often at a stack's end comes first."""
    own = Counter(stack[-1].place for stack in stacks)
    # A set counts a function that calls itself only once for each stack.
    total = Counter(place for stack in stacks for place in {call.place for call in stack})
    times = [FunctionTime(*place, own=own[place], total=total[place]) for place in total]
    return sorted(times, key=lambda time: (-time.own, -time.total, time.function, time.file))


def inner_parts(stacks: Sequence[Stack]) -> list[tuple[str, int]]:
    """Return the parts of a phase: the functions below it where its time first divides, and their samples, most first.

    Args:
        stacks: Stacks of the phase, each from the phase's function on.
    """
    depth = 1
    while True:
        level = Counter(stack[depth].place for stack in stacks if len(stack) > depth)
        common = level.most_common(1)
        if not common or common[0][1] < _SHARE_OF_ONE_CALLEE * len(stacks):
            ranked = sorted(level.items(), key=lambda item: (-item[1], item[0]))
            return [(last_part(function), count) for (function, _), count in ranked]
        depth += 1


def collapsed(track: Track) -> str:
    """Return a track as collapsed stacks: one line per stack, its functions from the outermost on, then its samples.

    This is the format of https://github.com/brendangregg/FlameGraph, which speedscope reads, too.
    """
    counts = Counter(";".join(_label(call) for call in stack) for stack in track.samples if stack)
    return "".join(f"{stack} {count}\n" for stack, count in sorted(counts.items()))


def speedscope(track: Track, rate_hz: int, name: str) -> Mapping[str, object]:
    """Return a track in speedscope's file format, https://www.speedscope.app/file-format-schema.json, in seconds.

    Args:
        track: The samples.
        rate_hz: Samples per second.
        name: The title that the viewer shows.
    """
    frames = {call: number for number, call in enumerate(dict.fromkeys(c for stack in track.samples for c in stack))}
    seconds = [1 / rate_hz] * len(track.samples)
    return {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "name": name,
        "exporter": "walkerbench",
        "activeProfileIndex": 0,
        "shared": {
            "frames": [{"name": call.function, "file": call.file, "line": call.line} for call in frames],
        },
        "profiles": [
            {
                "type": "sampled",
                "name": track.name,
                "unit": "seconds",
                "startValue": 0,
                "endValue": len(track.samples) / rate_hz,
                "samples": [[frames[call] for call in stack] for stack in track.samples],
                "weights": seconds,
            }
        ],
    }


def _label(call: Call) -> str:
    return f"{call.function} ({call.file}:{call.line})".replace(";", ":")


def _in_worker(frame: Stack, markers: PhaseMarkers) -> tuple[str, Stack]:
    """Split a stack that begins where a worker runs a frame."""
    below = frame[1:]
    # A comprehension in the runner is a function of its own, in the runner's file.
    if not below or below[0].is_marked(markers.measuring) or below[0].file == frame[0].file:
        return MEASURING, frame
    name = last_part(below[0].function)
    if name == "__init__":  # a shard that is built within a test
        return OTHER, ()
    return (f"{name} (shard)" if name in (*OVERHEAD_PHASES, SETTLE) else name), below


def _in_parent(frame: Stack, markers: PhaseMarkers) -> tuple[str, Stack]:
    """Split a stack that begins where the parent runs a frame."""
    below = frame[1:]
    for phase, marker in ((DISPATCH, markers.dispatch), (WAIT, markers.wait), (SETTLE, markers.settle)):
        if below and below[0].is_marked(marker):
            return phase, below
    return STEP, frame
