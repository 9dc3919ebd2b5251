"""Calls of a function as frames: a frame makes so many calls that they take far longer than measuring the frame does.

Two settings say how many calls a frame makes, and whether digests cover what the calls return. Where a profile leaves a
setting open, its value is found once before anything is measured, and recorded in the profile, so that every side makes
the same calls. See `running.found_settings`.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any

from annotated_types import Interval

from walkerbench.workloads.agent_class import NothingToSettle
from walkerbench.workloads.contract import Field, FrameBuffers, Settler, Workload
from walkerbench.workloads.main_phase import MainPhase
from walkerbench.workloads.value_digests import digest_value

__tracebackhide__ = True  # where a test fails, pytest leaves out the lines of this module

FRAME_NS = 1_000_000
"""The least time of a frame of calls, ns: about a hundred times the time of a frame without calls."""

MOST_CALLS = 10_000_000
"""The most calls that a frame makes: no call takes less than 0.1 ns."""

CALL_PHASE = "calls"

CALL_LENGTH: Mapping[str, int] = MappingProxyType({"frames": 320, "warmup": 20})
"""The default numbers of frames of a run of calls: few, because a call may take seconds, and calls do not learn."""

_TIMING_TRIES = 3  # the shortest time is the least disturbed
_CALLS, _DIGESTIBLE = "calls_per_frame", "digest_result"


@dataclass(frozen=True)
class CallSettings:
    """The settings of a workload whose frames are calls.

    Attributes:
        calls_per_frame: How many calls a frame makes; None to find the number that takes about `FRAME_NS`.
        digest_result: Whether digests cover what the last call of a frame returned; None to find out whether that can
            be digested.
    """

    calls_per_frame: Annotated[int, Interval(ge=1, le=MOST_CALLS)] | None = None
    digest_result: bool | None = None


class CallWorkload(Workload):
    """A workload of one agent, whose frames are calls of one function; subclasses make the shard.

    Args:
        name: The workload's SPEC.
        settings: How many calls a frame makes.
    """

    phases: tuple[str, ...] = (CALL_PHASE,)
    main_phase = MainPhase(CALL_PHASE, "calls")
    settings_class = CallSettings
    counters = (CALL_PHASE,)
    num_agents = 1
    why_no_digest = "returns what is not digested"
    default_criteria = ("emergency_shutdowns == 0",)

    def __init__(self, name: str, settings: CallSettings) -> None:
        self.name = name
        self.settings = settings
        # The setting is None only while settings are being found: then nothing is digested.
        self.digest_fields = ("calls", "result") if settings.digest_result else ()

    @abstractmethod
    def code_modules(self) -> tuple[str, ...]:
        """Return the names of the modules whose code is measured."""

    def fields(self) -> tuple[Field, ...]:
        """Return the arrays into which the shard writes the settings that it found."""
        return (Field("current", _CALLS, "int64"), Field("current", _DIGESTIBLE, "bool"))

    def make_settler(self, buffers: FrameBuffers) -> Settler:
        """Return a settler that does nothing."""
        return NothingToSettle()

    def open_settings(self) -> tuple[str, ...]:
        """Return the names of the settings that the profile leaves open."""
        return tuple(name for name in (_CALLS, _DIGESTIBLE) if getattr(self.settings, name) is None)

    def found_settings(self, buffers: FrameBuffers) -> Mapping[str, Any]:
        """Return the values that the shard found for the open settings when it was built."""
        found = {_CALLS: int(buffers.current[_CALLS][0]), _DIGESTIBLE: bool(buffers.current[_DIGESTIBLE][0])}
        return {name: found[name] for name in self.open_settings()}


class CallBatch:
    """Makes the calls of each frame, and digests what the last call returned.

    Where settings are left open, the constructor calls the function to find them; otherwise the first frame makes the
    first call.

    Args:
        call: Makes one call, without arguments.
        settings: The workload's settings.
        buffers: Holds the counters, the digests and the settings that were found.
        worker: The number of the shard's worker.
    """

    def __init__(self, call: Callable[[], Any], settings: CallSettings, buffers: FrameBuffers, worker: int) -> None:
        self._call = call
        self._counters = buffers.counters[worker]
        self._digests = buffers.digests[0]
        self._made = 0
        self.result: Any = None
        digestible = settings.digest_result
        if digestible is None:
            digestible = is_digestible(call())
        self._calls = find_calls_per_frame(call) if settings.calls_per_frame is None else settings.calls_per_frame
        buffers.current[_CALLS][0], buffers.current[_DIGESTIBLE][0] = self._calls, digestible

    def run(self, frame: int) -> None:
        """Make the calls of a frame, and keep what the last call returned."""
        call = self._call
        result = None
        for _ in range(self._calls):
            result = call()
        self.result = result
        self._made += self._calls
        self._counters[0] += self._calls

    def digest(self) -> None:
        """Digest the number of calls so far and what the last call returned, where digests cover them.

        Raises:
            TypeError: What the last call returned cannot be digested.
        """
        if len(self._digests):
            self._digests[0], self._digests[1] = self._made, digest_value(self.result)


def find_calls_per_frame(call: Callable[[], Any]) -> int:
    """Return how many calls make a frame that takes at least `FRAME_NS`: 1, 2, 5, 10, 20, 50 and so on.

    Few numbers are possible, so that one function mostly gets the same number again.

    Args:
        call: Makes one call, without arguments; it is called for some milliseconds, or a few times.
    """
    calls = 1
    for calls in _numbers_of_calls():
        fastest_ns = _time_ns(call, calls)
        for _ in range(_TIMING_TRIES - 1):
            if fastest_ns < FRAME_NS:
                break
            fastest_ns = min(fastest_ns, _time_ns(call, calls))
        if fastest_ns >= FRAME_NS:
            break
    return calls


def is_digestible(value: Any) -> bool:
    """Return whether `digest_value` can digest a value."""
    try:
        digest_value(value)
    except (TypeError, RecursionError):
        return False
    return True


def _time_ns(call: Callable[[], Any], calls: int) -> int:
    begun = time.perf_counter_ns()
    for _ in range(calls):
        call()
    return time.perf_counter_ns() - begun


def _numbers_of_calls() -> tuple[int, ...]:
    numbers = (digit * 10**power for power in range(8) for digit in (1, 2, 5))
    return tuple(number for number in numbers if number <= MOST_CALLS)
