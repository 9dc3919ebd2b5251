"""A session as its parent sees it: starts a child process that holds one side, and sends requests to it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import IO, TypeVar

from walkerbench.errors import (
    EmergencyShutdown,
    Interrupted,
    ProtocolError,
    SessionCrashed,
    SessionFailed,
    SessionTimeout,
    SideError,
    UsageError,
)
from walkerbench.interleaved.profile_keys import fitted
from walkerbench.interleaved.protocol import (
    PROTOCOL_VERSION,
    Answer,
    BlockDone,
    Close,
    Digest,
    Digests,
    Facts,
    Failed,
    Hello,
    KnownProfileKeys,
    ListDigests,
    ListFacts,
    ListProfileKeys,
    Prepare,
    Prepared,
    Request,
    RunBlock,
    TakeDigest,
    decode_answer,
    encode,
    version_of,
)
from walkerbench.interleaved.sides import Side
from walkerbench.interleaved.worktrees import Checkout
from walkerbench.shown_text import first_of, shortened
from walkerbench.system.child_processes import PACKAGE, ChildProcess
from walkerbench.system.deadlines import Deadline
from walkerbench.system.imported_code import path_text
from walkerbench.system.interrupts import InterruptWatch

ANSWER_TIMEOUT_S = 120.0
"""How long a session may take to import, to build its environment or to answer; each frame adds a slow frame's time."""

_CLOSE_TIMEOUT_S = 10.0  # how long a session may take to end by itself before it is killed
_STDERR_TAIL_BYTES = 4096
_MOST_LINE_BYTES = 1 << 28  # far more than the digests of as many agents as memory holds

_A = TypeVar("_A", bound=Answer)


@dataclass(frozen=True)
class Place:
    """What a session holds: a side and its code, in one round.

    Attributes:
        side: The side that is measured.
        checkout: The side's code.
        round_number: From 1; 0 while calibrating.
    """

    side: Side
    checkout: Checkout
    round_number: int


@contextmanager
def open_sessions(places: Sequence[Place], interrupts: InterruptWatch) -> Iterator[tuple[Session, ...]]:
    """Start, prepare and warm up one session per side, all at the same time; yield them, and always close them.

    Raises:
        SideError: A side's code does not start here, or its profile is refused.
        SessionError: A session broke.
        Interrupted: The user ended the measurement.
    """
    with ExitStack() as closing:
        sessions = tuple(closing.enter_context(Session(place, interrupts)) for place in places)
        for session in sessions:
            session.await_hello()
        for session in sessions:
            session.begin_preparing()
        for session in sessions:
            session.finish_preparing()
        yield sessions
        for session in sessions:
            session.request_close()
        for session in sessions:
            session.raise_close_failure()


class Session:
    """One child process; use it as a context manager, which leaves no process behind.

    Args:
        place: What the session holds.
        interrupts: Checked while waiting.

    Attributes:
        label: The side's label.
        prepared: How the environment was built; None until it is.
    """

    def __init__(self, place: Place, interrupts: InterruptWatch) -> None:
        self.label = place.side.label
        self.prepared: Prepared | None = None
        self._place = place
        self._profile = place.side.profile
        self._interrupts = interrupts
        self._block: int | None = None
        self._close_requested = False
        self._inbox: SimpleQueue[bytes] = SimpleQueue()
        self._closing = ExitStack()

    def __enter__(self) -> Session:
        with ExitStack() as closing:
            checkout = self._place.checkout
            self._child = closing.enter_context(
                ChildProcess(
                    checkout.command(), variables=checkout.variables(), directory=checkout.working_directory,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                )
            )  # fmt: skip
            closing.callback(self._end)
            self._reader = threading.Thread(target=_read, args=(self._child.stdout, self._inbox), daemon=True)
            self._reader.start()
            self._closing = closing.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @property
    def pid(self) -> int:
        """Return the process id of the child."""
        return self._child.pid

    def await_hello(self) -> None:
        """Wait until the child has imported its code, and check that this is the side's code and speaks this protocol.

        Raises:
            SideError: The code does not start with the installed dependencies, is not the side's, or speaks another
                version of the protocol.
        """
        try:
            line = self._next_line(ANSWER_TIMEOUT_S)
        except SessionCrashed as error:
            raise SideError(
                f"side {self.label!r} does not start with the installed interpreter and dependencies: "
                f"{self._last_stderr_line() or error}"
            ) from error
        spoken = version_of(line)
        if spoken is not None and spoken != PROTOCOL_VERSION:
            raise SideError(
                f"side {self.label!r} speaks version {spoken} of the session protocol, this walkerbench version "
                f"{PROTOCOL_VERSION}: compare revisions that speak the same"
            )
        try:
            hello = self._decoded(line, Hello)
        except ProtocolError as error:
            said = ascii(shortened(line.decode(errors="replace").strip()))
            raise SideError(
                f"side {self.label!r}: its session says {said} in place of hello: its code writes to stdout when it is "
                "imported, or is no walkerbench"
            ) from error
        expected = path_text(self._place.checkout.harness / "walkerbench")
        if hello.package != expected:
            # Otherwise both sides might measure the same code, and show no difference.
            raise SideError(f"side {self.label!r}: its session imports {hello.package} in place of {expected}")

    def begin_preparing(self) -> None:
        """Request that the child builds, starts and warms up its environment, without waiting for it."""
        # Sessions that take turns cannot hold a real-time pace.
        profile = self._profile.at_one_pace("max")
        plain = profile.as_dict()
        if self._place.checkout.harness != PACKAGE:
            known = self._ask(ListProfileKeys(workload=self._profile.workload), KnownProfileKeys).keys
            plain = fitted(profile, known)
        # Name and criteria have no effect on a measurement.
        plain |= {"name": ascii(profile.name), "source": "", "criteria": []}
        self._send(Prepare(profile=plain))

    def finish_preparing(self) -> None:
        """Wait for the end of the warm-up, and check that the code under test was imported from the side's own place.

        Raises:
            SideError: It was imported from another place: the side would measure code that is not its own.
        """
        self.prepared = self._receive(Prepared, self._timeout_s(self._profile.warmup))
        wrong = self._place.checkout.wrong_imports(self.prepared.imported)
        if wrong:
            raise SideError(f"side {self.label!r}: its session imports {wrong[0]}")

    def run_block(self, block: int, frames: int) -> BlockDone:
        """Run the next frames.

        Args:
            block: Number of the block from 1, for messages.
            frames: How many frames.
        """
        self._block = block
        self._send(RunBlock(frames=frames))
        done = self._receive(BlockDone, self._timeout_s(frames))
        self._block = None
        if not len(done.wall_ns) == len(done.main_phase_ns) == frames:
            raise self._protocol_error(f"{len(done.wall_ns)} frames in place of {frames}")
        return done

    def take_digest(self) -> Digest:
        """Return the digest of all agents as they are now."""
        return self._ask(TakeDigest(), Digest)

    def list_digests(self) -> Digests:
        """Return the digests of the single agents that the last digest was computed from."""
        return self._ask(ListDigests(), Digests)

    def list_facts(self) -> Facts:
        """Return the facts of the machine as they are while frames run."""
        return self._ask(ListFacts(), Facts)

    def request_close(self) -> None:
        """Request that the child stops its workers and ends, without waiting for it."""
        self._close_requested = True
        with suppress(OSError):
            self._write(Close())

    def raise_close_failure(self) -> None:
        """Wait until the child closes its environment, and raise the error that it reports.

        Raises:
            SessionFailed: The child failed while it closed. A child that reports nothing within some seconds is no
                error: it is ended later.
        """
        with suppress(SessionTimeout, SessionCrashed):
            self._decoded(self._next_line(_CLOSE_TIMEOUT_S), Failed)

    def _ask(self, request: Request, kind: type[_A]) -> _A:
        self._send(request)
        return self._receive(kind, ANSWER_TIMEOUT_S)

    def _send(self, request: Request) -> None:
        try:
            self._write(request)
        except OSError as error:
            raise self._crash_error() from error

    def _write(self, request: Request) -> None:
        self._child.stdin.write(encode(request))
        self._child.stdin.flush()

    def _receive(self, kind: type[_A], timeout_s: float) -> _A:
        return self._decoded(self._next_line(timeout_s), kind)

    def _next_line(self, timeout_s: float) -> bytes:
        deadline = Deadline(timeout_s)
        while True:
            if self._interrupts.received is not None:
                raise Interrupted(f"interrupted ({self._interrupts.received}): nothing is left of the measurement")
            try:
                line = self._inbox.get(timeout=deadline.next_slice_s())
            except Empty:
                if deadline.passed:
                    raise SessionTimeout(self.label, self._place.round_number, self._block, timeout_s) from None
                continue
            if not line:
                raise self._crash_error()
            return line

    def _decoded(self, line: bytes, kind: type[_A]) -> _A:
        try:
            answer = decode_answer(line)
        except ValueError as error:
            raise self._protocol_error(str(error)) from error
        if isinstance(answer, Failed):
            raise self._reported(answer)
        if not isinstance(answer, kind):
            raise self._protocol_error(f"{type(answer).__name__} in place of {kind.__name__}")
        return answer

    def _reported(self, failed: Failed) -> Exception:
        """Return the error for a failure that the child reports; the failure's exit code decides its class."""
        if failed.exit_code == UsageError.exit_code:
            lines = (f"side {self.label!r} refuses: {line}" for line in failed.message.split("\n"))
            return SideError(*lines, *self._absent_content())
        told = "; ".join((f"reports: {failed.message}", *self._absent_content()))
        error = SessionFailed(self.label, self._place.round_number, self._block, told)
        error.user_traceback = failed.user_traceback
        return EmergencyShutdown(str(error)) if failed.exit_code == EmergencyShutdown.exit_code else error

    def _absent_content(self) -> list[str]:
        """Return a line that names the content that its worktree lacks: that may have caused a failure."""
        worktree = self._place.checkout.worktree
        if worktree is None or not worktree.absent:
            return []
        return [f"side {self.label!r} lacks, as the working tree does: {', '.join(first_of(worktree.absent))}"]

    def _protocol_error(self, what: str) -> ProtocolError:
        return ProtocolError(self.label, self._place.round_number, self._block, f"broke the session protocol: {what}")

    def _crash_error(self) -> SessionCrashed:
        return SessionCrashed(self.label, self._place.round_number, self._block, self._reap(), self._last_stderr_line())

    def _timeout_s(self, frames: int) -> float:
        safeguards = self._profile.safeguards
        return ANSWER_TIMEOUT_S + safeguards.hung_after_s + frames * safeguards.slow_frame_s

    def _last_stderr_line(self) -> str:
        """Return the last line that the child wrote to stderr."""
        lines = self._child.stderr_tail(_STDERR_TAIL_BYTES).split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _end(self) -> None:
        """End the child and its workers: wait for it where it was asked to end, else end it at once."""
        if not self._close_requested:
            with suppress(OSError):
                self._child.stdin.close()
        self._reap()

    def _reap(self) -> int:
        """Wait for the child's end, kill what is left of its process group, and return its exit status."""
        if self._child.exit_status is None:
            timeout_s = 0.0 if self._interrupts.received is not None else _CLOSE_TIMEOUT_S
            self._reader.join(timeout_s)  # the child closes this pipe last
            self._child.ended_within(0.0 if self._reader.is_alive() else timeout_s)
        return self._child.kill_group()


def _read(answers: IO[bytes], inbox: SimpleQueue[bytes]) -> None:
    """Put the child's lines into the inbox; an empty line says that no more will come."""
    with suppress(OSError, ValueError):
        # The limit bounds the memory that a line takes; a line that is cut is no message.
        while line := answers.readline(_MOST_LINE_BYTES):
            inbox.put(line)
            if not line.endswith(b"\n"):
                break
    inbox.put(b"")
