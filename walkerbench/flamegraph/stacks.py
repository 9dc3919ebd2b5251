"""What samples tell: which worker and phase they fell into, and which functions they were in. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MAIN = "main"
"""The track of the parent's main thread: starting, settling, the barrier, and in sequential mode the one shard."""

WAITING = "waiting"
"""The phase of a worker that has nothing to do."""

MEASURING = "measuring"
"""The phase of a worker that takes its own times."""

OTHER = "other"
"""The phase of everything else: imports, building, recording."""

_RUNNER = "modes/shard_runner.py"
_MEASURING_PLACES = ("walkerbench/recording/", f"walkerbench/{_RUNNER}")
_PARENTS_PHASES = frozenset({"dispatch", "wait", "settle"})
_MOST_OF_IT = 0.75  # a function that spends this share of its time in one callee is but a way to it


@dataclass(frozen=True)
class Call:
    """A function in a stack.

    Attributes:
        function: Its qualified name.
        file: Its path, from the package on.
        line: Where it was, 0 where unknown.
    """

    function: str
    file: str
    line: int = 0

    @property
    def place(self) -> tuple[str, str]:
        """The function, whichever line it was at."""
        return self.function, self.file

    def named(self, function: str, file: str) -> bool:
        """Whether it is this function of walkerbench, by the last part of its name."""
        return self.file == f"walkerbench/{file}" and _last_part(self.function) == function


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


def short_path(path: str) -> str:
    """A source file's path from its package on, so that it names no machine: `walkerbench/running/runner.py`."""
    match = re.fullmatch(r"(?:.*[/\\])?(?:site-packages|dist-packages|python3\.\d+t?)[/\\](.+)", path) or re.fullmatch(
        r".*[/\\](walkerbench[/\\].+)", path
    )
    return (match[1] if match else path).replace("\\", "/")


def split(stack: Stack) -> tuple[str, Stack]:
    """The phase that a stack is in, and the part of the stack that belongs to it.

    A phase is called as its function: in a worker, what the shard's runner calls for a frame, or `digest`; in the
    parent `dispatch`, `wait`, `settle`, and `step` for a frame's bookkeeping.
    """
    for number, call in enumerate(stack):
        if call.named("run", _RUNNER):
            below = stack[number + 1 :]
            if not below or below[0].file.startswith(_MEASURING_PLACES):
                return MEASURING, stack[number:]
            return _last_part(below[0].function), below
        if call.named("digest", _RUNNER):
            return "digest", stack[number:]
    for number, call in enumerate(stack):
        if call.named("step", "running/training_environment.py"):
            below = stack[number + 1 :]
            name = _last_part(below[0].function) if below else "step"
            return (name, below) if name in _PARENTS_PHASES else ("step", stack[number:])
    if any(call.named("_next_request", "modes/process.py") for call in stack):
        return WAITING, ()
    return (WAITING if stack and stack[-1].named("run", "modes/thread_pool.py") else OTHER), ()


def phases(track: Track) -> Counter[str]:
    """How many samples of a track fell into each phase."""
    return Counter(split(stack)[0] for stack in track.samples)


def within(tracks: Iterable[Track], phase: str) -> list[Stack]:
    """The stacks of a phase, of every track, each from the phase's function on."""
    parts = (split(stack) for track in tracks for stack in track.samples)
    return [below for name, below in parts if name == phase and below]


def functions(stacks: Sequence[Stack]) -> list[FunctionTime]:
    """Every function in stacks, the one with the most samples of its own first."""
    own = Counter(stack[-1].place for stack in stacks)
    # A set: a function that calls itself is in the stack, however often.
    total = Counter(place for stack in stacks for place in {call.place for call in stack})
    times = [FunctionTime(*place, own=own[place], total=total[place]) for place in total]
    return sorted(times, key=lambda time: (-time.own, -time.total, time.function, time.file))


def parts(stacks: Sequence[Stack]) -> list[tuple[str, int]]:
    """What a phase consists of: the functions below it where its time first divides, and their samples, most first.

    Args:
        stacks: Each from the phase's function on.
    """
    depth = 1
    while True:
        level = Counter(stack[depth].place for stack in stacks if len(stack) > depth)
        common = level.most_common(1)
        if not common or common[0][1] < _MOST_OF_IT * len(stacks):
            ranked = sorted(level.items(), key=lambda item: (-item[1], item[0]))
            return [(_last_part(function), count) for (function, _), count in ranked]
        depth += 1


def collapsed(track: Track) -> str:
    """A track as collapsed stacks: a line a stack, its functions from the outermost on, and how often it was seen.

    The format of https://github.com/brendangregg/FlameGraph, read by speedscope too.
    """
    counts = Counter(";".join(_label(call) for call in stack) for stack in track.samples if stack)
    return "".join(f"{stack} {count}\n" for stack, count in sorted(counts.items()))


def speedscope(track: Track, rate_hz: int, name: str) -> Mapping[str, object]:
    """A track in speedscope's file format, https://www.speedscope.app/file-format-schema.json, in seconds.

    Args:
        track: The samples.
        rate_hz: How many were taken a second.
        name: What the file is called in the viewer.
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


def _last_part(function: str) -> str:
    return function.rpartition(".")[2]
