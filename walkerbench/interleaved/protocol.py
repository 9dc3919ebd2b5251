"""What a session and its parent say to one another: one JSON object a line.

::

    parent                          session
                                    Hello                    at once, unasked
    ListProfileKeys           →     KnownProfileKeys
    Prepare                   →     Prepared                 built, started, warmed up
    RunBlock                  →     BlockDone                as often as wanted
    TakeDigest                →     Digest
    ListDigests               →     Digests
    ListFacts                 →     Facts
    Close, or its end of file →                              the session ends

Instead of any answer, `Failed` may come. A new version is needed when either side could misunderstand the other; of
`Hello`, the keys `type` and `protocol` mean the same in every version.
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
"""Of the messages below, and of what they make a session do."""

_Count = Annotated[int, Ge(0)]


class _Message:
    """Strict: no key that is unknown, no string for a number, no number that is not finite."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True)
class ListProfileKeys(_Message):
    """Give the keys of a profile that the session's code knows for a workload.

    Attributes:
        workload: The workload's name.
    """

    workload: str
    type: Literal["list_profile_keys"] = "list_profile_keys"


@dataclass(frozen=True, kw_only=True)
class Prepare(_Message):
    """Build the environment of a profile's only stage, start it, and run the warm-up.

    Attributes:
        profile: As returned by `Profile.as_dict`.
    """

    profile: dict[str, Any]
    type: Literal["prepare"] = "prepare"


@dataclass(frozen=True, kw_only=True)
class RunBlock(_Message):
    """Run the next frames.

    Attributes:
        frames: How many.
    """

    frames: Annotated[int, Ge(1)]
    type: Literal["run_block"] = "run_block"


@dataclass(frozen=True, kw_only=True)
class TakeDigest(_Message):
    """Digest every agent as it is now."""

    type: Literal["take_digest"] = "take_digest"


@dataclass(frozen=True, kw_only=True)
class ListDigests(_Message):
    """Give the single digests that the last `Digest` was folded from."""

    type: Literal["list_digests"] = "list_digests"


@dataclass(frozen=True, kw_only=True)
class ListFacts(_Message):
    """Give the facts of the machine, as they are while frames run, and of the code."""

    type: Literal["list_facts"] = "list_facts"


@dataclass(frozen=True, kw_only=True)
class Close(_Message):
    """Let every worker go, and end."""

    type: Literal["close"] = "close"


@dataclass(frozen=True, kw_only=True)
class Hello(_Message):
    """The session has imported all that it needs.

    Attributes:
        package: Directory that walkerbench was imported from.
        protocol: The version that it speaks.
    """

    package: str
    protocol: int = PROTOCOL_VERSION
    type: Literal["hello"] = "hello"


@dataclass(frozen=True, kw_only=True)
class KnownProfileKeys(_Message):
    """The keys of a profile that the session's code knows.

    Attributes:
        keys: Sections dotted, as returned by `profile_keys.known_keys`.
    """

    keys: tuple[str, ...]
    type: Literal["known_profile_keys"] = "known_profile_keys"


@dataclass(frozen=True, kw_only=True)
class Prepared(_Message):
    """The warm-up is done.

    Attributes:
        mode_used: The mode that really runs the shards.
        traits: Where it runs them.
        main_phase: The workload's.
        fallback: Why it is not the one asked for, or None.
        workers: How many shards.
        imported: Package whose code is measured → the file that it was imported from, or None.
        found_settings: What was found of the workload's settings that the profile leaves open.
        same_work_not_proven: As the workload says it.
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
        main_phase_ns: Each frame's time in the workload's main phase, of its slowest worker.
        cpu_s: CPU seconds of the session and its workers over the block.
        elapsed_s: From the block's beginning to its end, recording between frames included.
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
    """The trajectory so far, folded.

    Attributes:
        frame: The last frame that it covers; -1 before the first.
        digest: 64 hexadecimal digits; None where nothing is digested.
        remarks: What the workload says of how it went so far.
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
        rows: A row an agent, a number of 64 bits a field.
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
    """The request was not carried out; only the end is left.

    Attributes:
        message: What happened, in a line or several.
        exit_code: Of the error, as in `walkerbench.errors`.
        user_traceback: The lines of the workload's own code that it came from, as text; empty where there are none.
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
    """Return a message as a line, with its newline.

    Raises:
        ValueError: It holds what JSON cannot, such as a number that is not finite.
    """
    plain = dataclasses.asdict(message)
    return json.dumps(plain, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def decode_request(line: bytes) -> Request:
    """Read what the parent says.

    Raises:
        ValueError: It is no request; says why.
    """
    return _decode(_REQUESTS, line)


def decode_answer(line: bytes) -> Answer:
    """Read what a session says.

    Raises:
        ValueError: It is no answer; says why.
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
