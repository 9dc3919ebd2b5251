"""The messages between a session and its parent: one JSON object per line.

::

    parent                          session
                                    Hello                    at once, without a request
    ListProfileKeys           →     KnownProfileKeys
    Prepare                   →     Prepared                 built, started, warmed up
    RunBlock                  →     BlockDone                any number of times
    TakeDigest                →     Digest
    ListDigests               →     Digests
    ListFacts                 →     Facts
    Close, or end of file     →                              the session ends

A session may send `Failed` in place of any answer. A new version is needed when either process could misunderstand the
other. The keys `type` and `protocol` of `Hello` mean the same in every version.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from annotated_types import Ge, Len
from pydantic import ConfigDict, Discriminator, TypeAdapter, ValidationError

from walkerbench.modes.traits import ModeTraits
from walkerbench.recording.code_facts import CodeFacts
from walkerbench.slow_frames.attribution import TimePart
from walkerbench.workloads.main_phase import MainPhase

PROTOCOL_VERSION = 5
"""Version of the messages below, and of what a session does on each."""

_Count = Annotated[int, Ge(0)]


class _Message:
    """A message that is checked strictly: unknown keys, strings for numbers and non-finite numbers are refused."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True)
class ListProfileKeys(_Message):
    """Request the keys of a profile that the session's code knows for a workload.

    Attributes:
        workload: The workload's name.
    """

    workload: str
    type: Literal["list_profile_keys"] = "list_profile_keys"


@dataclass(frozen=True, kw_only=True)
class Prepare(_Message):
    """Request that the session builds the environment of a profile's only stage, starts it, and runs the warm-up.

    Attributes:
        profile: As returned by `Profile.as_dict`.
    """

    profile: dict[str, Any]
    type: Literal["prepare"] = "prepare"


@dataclass(frozen=True, kw_only=True)
class RunBlock(_Message):
    """Request that the session runs the next frames.

    Attributes:
        frames: How many frames.
    """

    frames: Annotated[int, Ge(1)]
    type: Literal["run_block"] = "run_block"


@dataclass(frozen=True, kw_only=True)
class TakeDigest(_Message):
    """Request the digest of all agents as they are now."""

    type: Literal["take_digest"] = "take_digest"


@dataclass(frozen=True, kw_only=True)
class ListDigests(_Message):
    """Request the digests of the single agents that the last `Digest` was computed from."""

    type: Literal["list_digests"] = "list_digests"


@dataclass(frozen=True, kw_only=True)
class ListFacts(_Message):
    """Request the facts of the machine, as they are while frames run, and of the code."""

    type: Literal["list_facts"] = "list_facts"


@dataclass(frozen=True, kw_only=True)
class Close(_Message):
    """Request that the session stops its workers and ends."""

    type: Literal["close"] = "close"


@dataclass(frozen=True, kw_only=True)
class Hello(_Message):
    """The session has imported all that it needs.

    Attributes:
        package: Directory that walkerbench was imported from.
        protocol: The protocol version that the session uses.
    """

    package: str
    protocol: int = PROTOCOL_VERSION
    type: Literal["hello"] = "hello"


@dataclass(frozen=True, kw_only=True)
class KnownProfileKeys(_Message):
    """The keys of a profile that the session's code knows.

    Attributes:
        keys: As returned by `profile_keys.known_keys`.
    """

    keys: tuple[str, ...]
    type: Literal["known_profile_keys"] = "known_profile_keys"


@dataclass(frozen=True, kw_only=True)
class Prepared(_Message):
    """The warm-up is done.

    Attributes:
        mode_used: The mode that really runs the shards.
        traits: Where that mode runs them.
        main_phase: The workload's main phase.
        fallback: Why that mode is not the requested one, or None.
        workers: How many shards.
        imported: Package whose code is measured → the file that it was imported from, or None.
        found_settings: The values that were found for the workload's settings that the profile leaves open.
        same_work_not_proven: Why digests cannot prove the work, in the workload's words, or None.
    """

    mode_used: str
    traits: ModeTraits
    main_phase: MainPhase
    fallback: str | None
    workers: _Count
    imported: dict[str, str | None]
    found_settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    same_work_not_proven: str | None
    type: Literal["prepared"] = "prepared"


@dataclass(frozen=True, kw_only=True)
class BlockDone(_Message):
    """A block has been run.

    Attributes:
        wall_ns: Each frame's wall time.
        main_phase_ns: Each frame's time in the workload's main phase, taken from its slowest worker.
        cpu_s: CPU seconds of the session and its workers over the block.
        elapsed_s: Seconds from the block's beginning to its end, including the recording between frames.
        parts_ns: Where the frames' time went, as returned by `attribution.nanoseconds`; None where not known.
    """

    wall_ns: Annotated[tuple[Annotated[int, Ge(1)], ...], Len(1)]
    main_phase_ns: tuple[_Count, ...]
    cpu_s: Annotated[float, Ge(0)]
    elapsed_s: Annotated[float, Ge(0)]
    parts_ns: dict[TimePart, _Count | None] | None
    type: Literal["block_done"] = "block_done"


@dataclass(frozen=True, kw_only=True)
class Digest(_Message):
    """The digest of the trajectory so far.

    Attributes:
        frame: The last frame that it covers; -1 before the first.
        digest: 64 hexadecimal digits; None where nothing is digested.
        remarks: Remarks of the workload about the frames so far.
    """

    frame: Annotated[int, Ge(-1)]
    digest: str | None
    remarks: tuple[str, ...] = ()
    type: Literal["digest"] = "digest"


@dataclass(frozen=True, kw_only=True)
class Digests(_Message):
    """Every agent's digests.

    Attributes:
        fields: What each column covers.
        rows: One row per agent, with one number of 64 bits per field.
    """

    fields: tuple[str, ...]
    rows: tuple[tuple[_Count, ...], ...]
    type: Literal["digests"] = "digests"


@dataclass(frozen=True, kw_only=True)
class Facts(_Message):
    """Facts of the machine and the code.

    Attributes:
        machine: As returned by `recording.machine.machine_facts`.
        code: Which code runs.
    """

    machine: dict[str, Any]
    code: CodeFacts
    type: Literal["facts"] = "facts"


@dataclass(frozen=True, kw_only=True)
class Failed(_Message):
    """The request failed, and the session ends.

    Attributes:
        message: What happened, in one or more lines.
        exit_code: The error's exit code, as in `walkerbench.errors`.
        user_traceback: The lines of the workload's own code that raised the error, as text; empty where there are none.
    """

    message: str
    exit_code: int
    user_traceback: str = ""
    type: Literal["failed"] = "failed"


Request = ListProfileKeys | Prepare | RunBlock | TakeDigest | ListDigests | ListFacts | Close
Answer = Hello | KnownProfileKeys | Prepared | BlockDone | Digest | Digests | Facts | Failed

_REQUESTS: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Discriminator("type")])
_ANSWERS: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Discriminator("type")])
_M = TypeVar("_M", Request, Answer)


def encode(message: Request | Answer) -> bytes:
    """Return a message as one line, with its newline.

    Raises:
        ValueError: The message holds a value that JSON cannot hold, such as a number that is not finite.
    """
    plain = dataclasses.asdict(message)
    return json.dumps(plain, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def decode_request(line: bytes) -> Request:
    """Return the request in a line from the parent.

    Raises:
        ValueError: The line is not a request; the error says why.
    """
    return _decode(_REQUESTS, line)


def decode_answer(line: bytes) -> Answer:
    """Return the answer in a line from a session.

    Raises:
        ValueError: The line is not an answer; the error says why.
    """
    return _decode(_ANSWERS, line)


def version_of(line: bytes) -> int | None:
    """Return the protocol version of a `Hello` of any version; None where the line is no `Hello`."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("type") != "hello":
        return None
    version = message.get("protocol")
    return version if isinstance(version, int) and not isinstance(version, bool) else None


def _decode(adapter: TypeAdapter[_M], line: bytes) -> _M:
    try:
        return adapter.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from None
