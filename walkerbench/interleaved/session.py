"""The parent's handle of one session: a child process that holds one side."""

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
"""How long a session may take to answer, to import and to build; each frame adds the time of a slow one."""

_CLOSE_S = 10.0  # how long a session may take to end in order before it is killed
_TAIL_BYTES = 4096
_MOST_LINE_BYTES = 1 << 28  # far above the digests of as many agents as memory holds

_A = TypeVar("_A", bound=Answer)


@dataclass(frozen=True)
class Place:
    """A side and its code, in a round.

    Attributes:
        side: What is measured.
        checkout: Its code.
        round_number: From 1; 0 while calibrating.
    """

    side: Side
    checkout: Checkout
    round_number: int


@contextmanager
def open_sessions(places: Sequence[Place], interrupts: InterruptWatch) -> Iterator[tuple[Session, ...]]:
    """Start, prepare and warm up a session of every side, all at the same time; close them in any case.

    Raises:
        SideError: A side's code does not start here, or its profile is refused.
        SessionError: A session broke.
        Interrupted: The user ended it.
    """
    with ExitStack() as closing:
        sessions = tuple(closing.enter_context(Session(place, interrupts)) for place in places)
        for session in sessions:
            session.greet()
        for session in sessions:
            session.begin_preparing()
        for session in sessions:
            session.finish_preparing()
        yield sessions
        for session in sessions:
            session.leave()
        for session in sessions:
            session.hear_last_words()


class Session:
    """One child process; use it as a context manager, which leaves no process behind.

    Args:
        place: What it holds.
        interrupts: Checked while waiting.

    Attributes:
        label: The side's.
        prepared: How the environment was built, once it was.
    """

    def __init__(self, place: Place, interrupts: InterruptWatch) -> None:
        self.label = place.side.label
        self.prepared: Prepared | None = None
        self._place = place
        self._profile = place.side.profile
        self._interrupts = interrupts
        self._block: int | None = None
        self._leaving = False
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
        """Process id of the child."""
        return self._child.pid

    def greet(self) -> None:
        """Wait until the child has imported its code, and check that it is the side's and speaks this protocol.

        Raises:
            SideError: It does not start with the dependencies that are installed, or speaks another version.
        """
        try:
            line = self._line(ANSWER_TIMEOUT_S)
        except SessionCrashed as error:
            raise SideError(
                f"side {self.label!r} does not start with the interpreter and dependencies of today: "
                f"{self._last_stderr_line() or error}"
            ) from error
        spoken = version_of(line)
        if spoken is not None and spoken != PROTOCOL_VERSION:
            raise SideError(
                f"side {self.label!r} speaks version {spoken} of the session protocol, this walkerbench version "
                f"{PROTOCOL_VERSION}: compare revisions that speak the same"
            )
        try:
            hello = self._understood(line, Hello)
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
        """Have the environment built, started and warmed up."""
        plain = self._profile.as_dict()
        if self._place.checkout.harness != PACKAGE:
            known = self._ask(ListProfileKeys(workload=self._profile.workload), KnownProfileKeys).keys
            plain = fitted(self._profile, known)
        # Name and criteria have no effect on a measurement; sessions that take turns cannot hold a real-time pace.
        plain |= {"name": ascii(self._profile.name), "source": "", "criteria": [], "pace": "max"}
        self._send(Prepare(profile=plain))

    def finish_preparing(self) -> None:
        """Wait for the end of the warm-up, and check that the code under test was imported from where it belongs.

        Raises:
            SideError: It was not: the side would measure other code than its own.
        """
        self.prepared = self._receive(Prepared, self._timeout_s(self._profile.warmup))
        wrong = self._place.checkout.wrong_imports(self.prepared.imported)
        if wrong:
            raise SideError(f"side {self.label!r}: its session imports {wrong[0]}")

    def run_block(self, block: int, frames: int) -> BlockDone:
        """Run the next frames.

        Args:
            block: Its number from 1, for messages.
            frames: How many.
        """
        self._block = block
        self._send(RunBlock(frames=frames))
        done = self._receive(BlockDone, self._timeout_s(frames))
        self._block = None
        if not len(done.wall_ns) == len(done.main_phase_ns) == frames:
            raise self._not_understood(f"{len(done.wall_ns)} frames in place of {frames}")
        return done

    def take_digest(self) -> Digest:
        """Digest every agent as it is now."""
        return self._ask(TakeDigest(), Digest)

    def list_digests(self) -> Digests:
        """Return the single digests that the last digest was folded from."""
        return self._ask(ListDigests(), Digests)

    def list_facts(self) -> Facts:
        """Return the facts of the machine as they are while frames run."""
        return self._ask(ListFacts(), Facts)

    def leave(self) -> None:
        """Ask the child to end in order, without waiting for it."""
        self._leaving = True
        with suppress(OSError):
            self._write(Close())

    def hear_last_words(self) -> None:
        """Wait for the end of what the child says, and raise what failed in it while it closed its environment.

        Raises:
            SessionFailed: Something did; a child that says nothing within some seconds is ended as any other.
        """
        with suppress(SessionTimeout, SessionCrashed):
            self._understood(self._line(_CLOSE_S), Failed)

    def _ask(self, request: Request, kind: type[_A]) -> _A:
        self._send(request)
        return self._receive(kind, ANSWER_TIMEOUT_S)

    def _send(self, request: Request) -> None:
        try:
            self._write(request)
        except OSError as error:
            raise self._crashed() from error

    def _write(self, request: Request) -> None:
        self._child.stdin.write(encode(request))
        self._child.stdin.flush()

    def _receive(self, kind: type[_A], timeout_s: float) -> _A:
        return self._understood(self._line(timeout_s), kind)

    def _line(self, timeout_s: float) -> bytes:
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
                raise self._crashed()
            return line

    def _understood(self, line: bytes, kind: type[_A]) -> _A:
        try:
            answer = decode_answer(line)
        except ValueError as error:
            raise self._not_understood(str(error)) from error
        if isinstance(answer, Failed):
            raise self._reported(answer)
        if not isinstance(answer, kind):
            raise self._not_understood(f"{type(answer).__name__} in place of {kind.__name__}")
        return answer

    def _reported(self, failed: Failed) -> Exception:
        """Return the error for a failure of the child, of the kind that its exit code tells."""
        if failed.exit_code == UsageError.exit_code:
            lines = (f"side {self.label!r} refuses: {line}" for line in failed.message.split("\n"))
            return SideError(*lines, *self._absent())
        told = "; ".join((f"reports: {failed.message}", *self._absent()))
        error = SessionFailed(self.label, self._place.round_number, self._block, told)
        error.user_traceback = failed.user_traceback
        return EmergencyShutdown(str(error)) if failed.exit_code == EmergencyShutdown.exit_code else error

    def _absent(self) -> list[str]:
        """Return what its worktree lacks of the revision, which may be the reason for a failure."""
        worktree = self._place.checkout.worktree
        if worktree is None or not worktree.absent:
            return []
        return [f"side {self.label!r} lacks, as the working tree does: {', '.join(first_of(worktree.absent))}"]

    def _not_understood(self, what: str) -> ProtocolError:
        return ProtocolError(self.label, self._place.round_number, self._block, f"broke the session protocol: {what}")

    def _crashed(self) -> SessionCrashed:
        return SessionCrashed(self.label, self._place.round_number, self._block, self._reap(), self._last_stderr_line())

    def _timeout_s(self, frames: int) -> float:
        safeguards = self._profile.safeguards
        return ANSWER_TIMEOUT_S + safeguards.hung_after_s + frames * safeguards.slow_frame_s

    def _last_stderr_line(self) -> str:
        """Return the last line that the child wrote to stderr."""
        lines = self._child.stderr_tail(_TAIL_BYTES).split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _end(self) -> None:
        """End the child and its workers: in order where it was asked to end, else at once."""
        if not self._leaving:
            with suppress(OSError):
                self._child.stdin.close()
        self._reap()

    def _reap(self) -> int:
        """Wait for the child's end, kill what is left of its process group, and return its exit status."""
        if self._child.exit_status is None:
            timeout_s = 0.0 if self._interrupts.received is not None else _CLOSE_S
            self._reader.join(timeout_s)  # its pipe is the last that it closes
            self._child.ended_within(0.0 if self._reader.is_alive() else timeout_s)
        return self._child.kill_group()


def _read(answers: IO[bytes], inbox: SimpleQueue[bytes]) -> None:
    """Pass the child's lines on; an empty one says that no more will come."""
    with suppress(OSError, ValueError):
        # A line of any length would be kept in memory; one that is cut is no message.
        while line := answers.readline(_MOST_LINE_BYTES):
            inbox.put(line)
            if not line.endswith(b"\n"):
                break
    inbox.put(b"")
