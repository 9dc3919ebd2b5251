"""The request to a child process that runs a workload for a check, and its answer; each is a line of JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from walkerbench.workloads.contract import Shards

Treatment = Literal["plain", "slow", "perturbed", "restarted", "reversed", "growing"]
"""What a probe does besides stepping.

`plain`: nothing. `slow`: pauses between frames. `perturbed`: sets the global random streams to other states between
frames. `restarted`: runs the same workload once before. `reversed`: steps one agent alone, then steps all agents one by
one in the opposite order. `growing`: measures memory.
"""

Failing = Literal["unusable", "broke", "fault"]
"""How a probe failed: the workload cannot be run as asked, the workload broke, or walkerbench has a fault."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is checked, as the user named it; only child processes import it.

    Attributes:
        spec: The workload's SPEC.
        arguments: Keyword arguments of the user's code.
        agents: How many agents; None for a few, or for the number that the workload always has.
        seed: Root of every random stream; None for the profile's.
        profile: The name of a shipped profile, or a profile's path, for everything else.
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
        profile: The profile that the first probe made, as returned by `Profile.as_dict`; None for the first probe.
        mode: The mode that runs the shards.
        workers: How many workers; None for the mode's own number.
        frames: How many frames.
        treatment: What the probe does besides stepping.
    """

    subject: Subject
    profile: Mapping[str, Any] | None
    mode: str
    workers: int | None
    frames: int
    treatment: Treatment = "plain"


@dataclass(frozen=True, kw_only=True)
class ProcessChanges:
    """What a probe saw in the workload's process, besides digests.

    Attributes:
        clocks: Functions of the clock that the workload's code called, such as `time.time`.
        random_streams: Global random streams that it drew from: `random`, `numpy.random`.
        nan: Whether its state, or the arrays that cross shards, held NaN.
        threads: How many threads it started and left running.
        children: How many child processes it left running.
        left_changed: What it changed in its process and did not restore, in words.
        growth_bytes: By how much its memory grows per frame; 0 where the memory does not grow without end.
        alone_changed: Number of an agent that changed although only another agent was stepped; None for none.
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
        profile: The profile made for the subject, as returned by `Profile.as_dict`, with the settings that were found.
        agents: How many agents there are.
        shards: How the agents may be split into shards.
        fixed: Whether the workload always has this number of agents.
        unproven: Why nothing is digested, or None.
    """

    profile: Mapping[str, Any]
    agents: int
    shards: Shards
    fixed: bool
    unproven: str | None


@dataclass(frozen=True, kw_only=True)
class ProbeAnswer:
    """The answer of a probe.

    Attributes:
        digests: For each frame, each agent's digests after it, one number per digest field.
        mode_used: The mode that really ran the workload.
        workers: How many shards there were.
        observed: What else was seen.
        declared: What the workload declares; None where it could not be made.
        failing: How the probe failed; None where it did not.
        message: The error, where the probe failed.
        problems: The parts of the request that are wrong, and what is wrong with each.
        user_traceback: The lines of the workload's own code that the error came from.
        printed_bytes: How much the workload printed; the parent counts it.
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
    """Return a request as a line of JSON."""
    return json.dumps(dataclasses.asdict(request)).encode() + b"\n"


def read_probe_request(line: bytes) -> ProbeRequest:
    """Return the request that a line of JSON holds.

    Raises:
        ValueError: The line is not a whole request.
    """
    return _REQUEST.validate_json(line)


def answer_line(answer: ProbeAnswer) -> bytes:
    """Return an answer as a line of JSON."""
    return json.dumps(dataclasses.asdict(answer)).encode() + b"\n"


def read_answer(content: bytes) -> ProbeAnswer | None:
    """Return the answer that a line of JSON holds; None where the child ended before it wrote the whole line."""
    return _ANSWER.validate_json(content) if content.endswith(b"\n") else None
