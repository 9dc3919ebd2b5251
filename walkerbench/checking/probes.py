"""What a child process that tries a workload is asked for, and what it answers; both are a line of JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from walkerbench.workloads.contract import Shards

Treatment = Literal["plain", "slow", "perturbed", "restarted", "reversed", "growing"]
"""What is done besides stepping.

Nothing; a pause between frames; other states of the global random streams between frames; a whole run before it, of the
same workload; agents stepped one by one in the opposite order, after one was stepped alone; memory counted.
"""

Failing = Literal["unusable", "broke", "fault"]
"""How a probe failed: it cannot be run as asked, the workload broke, or walkerbench did."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is checked, as a user names it; only a child process looks what it is.

    Attributes:
        spec: The workload's SPEC.
        arguments: Keyword arguments of the user's code.
        agents: How many agents; None for a few, or for as many as the workload has always.
        seed: Root of every random stream; None for the profile's.
        profile: A shipped profile's name, or the path of one, for all else.
    """

    spec: str
    arguments: Mapping[str, Any]
    agents: int | None
    seed: int | None
    profile: str


@dataclass(frozen=True, kw_only=True)
class ProbeRequest:
    """How a workload is to be run.

    Attributes:
        subject: What is checked.
        profile: What the first probe made of it, as returned by `Profile.as_dict`; None for the first one.
        mode: Where shards run.
        workers: How many; None for the mode's own number.
        frames: How many.
        treatment: What is done besides.
    """

    subject: Subject
    profile: Mapping[str, Any] | None
    mode: str
    workers: int | None
    frames: int
    treatment: Treatment = "plain"


@dataclass(frozen=True, kw_only=True)
class ProcessChanges:
    """What was seen of a workload's process, beyond its digests.

    Attributes:
        clocks: Functions of the clock that its code called, such as `time.time`.
        random_streams: Global random streams that it drew from: `random`, `numpy.random`.
        nan: Whether its state, or what crosses its shards, held a number that is not one.
        threads: How many threads it started and left running.
        children: How many processes it left.
        left_changed: What it changed of its process, in words.
        growth_bytes: Memory that it takes more with each frame; 0 where it does not grow without end.
        alone_changed: An agent that changed though only another one was stepped; None for none.
    """

    clocks: tuple[str, ...] = ()
    random_streams: tuple[str, ...] = ()
    nan: bool = False
    threads: int = 0
    children: int = 0
    left_changed: tuple[str, ...] = ()
    growth_bytes: int = 0
    alone_changed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a workload declares.

    Attributes:
        profile: What was made of the subject, as returned by `Profile.as_dict`, with the settings that were found.
        agents: How many agents there are.
        shards: How they may be split.
        fixed: Whether there are always so many.
        unproven: Why nothing is digested, or None.
    """

    profile: Mapping[str, Any]
    agents: int
    shards: Shards
    fixed: bool
    unproven: str | None


@dataclass(frozen=True, kw_only=True)
class ProbeAnswer:
    """What came of a probe.

    Attributes:
        digests: After each frame, of each agent, a number a field.
        mode_used: The mode that really ran it.
        workers: How many shards there were.
        observed: What was seen besides.
        declared: What the workload declares; None where it could not be made.
        failing: How it failed; None where it did not.
        message: The error, where it failed.
        problems: Parts of what was asked for, and what is wrong with each, where that is why it failed.
        user_traceback: The lines of the workload's own code that it came from.
        printed_bytes: How much it printed; counted by the parent.
    """

    digests: tuple[tuple[tuple[int, ...], ...], ...] = ()
    mode_used: str = ""
    workers: int = 0
    observed: ProcessChanges = ProcessChanges()
    declared: Declared | None = None
    failing: Failing | None = None
    message: str = ""
    problems: tuple[tuple[str, str], ...] = ()
    user_traceback: str = ""
    printed_bytes: int = 0


_REQUEST = TypeAdapter(ProbeRequest)
_ANSWER = TypeAdapter(ProbeAnswer)


def request_line(request: ProbeRequest) -> bytes:
    """Return a request as a line."""
    return json.dumps(dataclasses.asdict(request)).encode() + b"\n"


def read_probe_request(line: bytes) -> ProbeRequest:
    """Read a request.

    Raises:
        ValueError: It is no whole line of JSON.
    """
    return _REQUEST.validate_json(line)


def answer_line(answer: ProbeAnswer) -> bytes:
    """Return an answer as a line."""
    return json.dumps(dataclasses.asdict(answer)).encode() + b"\n"


def read_answer(content: bytes) -> ProbeAnswer | None:
    """Read an answer; None where it is not whole: the child ended before."""
    return _ANSWER.validate_json(content) if content.endswith(b"\n") else None
