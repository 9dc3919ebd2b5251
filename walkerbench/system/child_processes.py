"""Starts child processes, waits for them, passes signals on to them, and ends them with all their own children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import IO, Any, Self

import walkerbench
from walkerbench.system import child_bootstrap
from walkerbench.system.capacity import capacity_errors
from walkerbench.system.deadlines import Deadline
from walkerbench.system.interrupts import SIGNALS, held_back_interrupts
from walkerbench.system.temporary import temporary_file

PACKAGE = Path(walkerbench.__file__).resolve().parents[1]
"""The directory that holds the running `walkerbench`."""

_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})

_KEEPER_PROGRAM = f"""
import os, signal, sys
for number in {[int(number) for number in SIGNALS]}:
    signal.signal(number, signal.SIG_IGN)
os.read(0, 1)
try:
    os.killpg(int(sys.argv[1]), signal.SIGKILL)
except OSError:
    pass
"""
"""The program of a child's keeper: it waits for the end of a pipe that only the parent holds open."""

_SLOWING_VARIABLES = ("COV_CORE_", "COVERAGE_PROCESS_")
"""Beginnings of the names of variables by which a coverage tool starts in every child, and slows it down."""


def interpreter_command(program: Path | None = None) -> list[str]:
    """Return the interpreter with the options that it was started with; a child inherits environment variables anyway.

    `-P` keeps the working directory off the path: a child must not import modules that happen to lie there.

    Args:
        program: The interpreter's file, such as that of another virtual environment; None for the running one.
    """
    # multiprocessing uses the same function to start its workers.
    flags = [flag for flag in subprocess._args_from_interpreter_flags() if flag != "-P"]  # type: ignore[attr-defined]  # noqa: SLF001
    return [sys.executable if program is None else str(program), *flags, "-P"]


OURS: Mapping[Path, Sequence[str]] = MappingProxyType({PACKAGE: (walkerbench.__name__,)})
"""Where a child finds the running `walkerbench`."""


def python_command(
    module: str, *arguments: str, places: Mapping[Path, Sequence[str]] = OURS, program: Path | None = None
) -> list[str]:
    """Return the command of a child that runs a module.

    Args:
        module: The module's name.
        arguments: The module's arguments.
        places: Folders, each with the top-level packages and modules that the child imports from it, if the folder
            holds them.
        program: As for `interpreter_command`.
    """
    folders = [[str(folder), list(packages)] for folder, packages in places.items()]
    bootstrap = [child_bootstrap.__file__, json.dumps(folders)]
    return [*interpreter_command(program), *bootstrap, module, *arguments]


def child_environment() -> dict[str, str]:
    """Return the environment variables of a child: this process's, without those that would slow it down."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_SLOWING_VARIABLES)}


class ChildProcess:
    """A child process with a process group of its own; a context manager, whose end kills the rest of the group.

    A terminal's Ctrl-C does not reach the child: the parent decides what an interrupt means, and sends it.

    Where the parent is killed, its children end with it. For that, each child has a keeper: a process that only waits
    for the parent's death, and then kills every process of the group, also stopped ones. The child's own code need not
    do anything for it: older revisions, git and py-spy are children, too. `parent_death` says why workers have no
    keeper.

    Args:
        command: The words of the command.
        variables: More environment variables to set.
        without: Environment variables that the child does not get.
        directory: The child's working directory; None for this process's.
        stdin: What the child reads, as for `subprocess.Popen`; by default nothing.
        stdout: Where the child writes, as for `subprocess.Popen`; by default nowhere.
        pass_fds: File descriptors of this process that the child gets under the same numbers.
        own_session: Whether the child also has a session of its own, and so no terminal to ask questions on.
        holds_back_interrupts: Whether the child begins with interrupts held back, and lets them come when it is ready;
            see `interrupts.leave_at_interrupts`.
        keep_stderr: Whether its stderr goes to a temporary file, for `stderr_tail`; otherwise to this process's.
            A file and not a pipe: no reader would empty a pipe while frames are measured.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        variables: Mapping[str, str] = _NO_VARIABLES,
        without: Collection[str] = (),
        directory: Path | None = None,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.DEVNULL,
        pass_fds: Collection[int] = (),
        own_session: bool = False,
        holds_back_interrupts: bool = False,
        keep_stderr: bool = True,
    ) -> None:
        self._command = command
        inherited = {name: value for name, value in child_environment().items() if name not in without}
        self._environment = {**inherited, **variables}
        self._directory = directory
        self._streams = stdin, stdout
        self._pass_fds = tuple(pass_fds)
        self._own_session = own_session
        self._starting = held_back_interrupts if holds_back_interrupts else nullcontext
        self._keep_stderr = keep_stderr
        self._killed = False
        self._keeper: subprocess.Popen[bytes] | None = None
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with capacity_errors("a child process cannot be started"), ExitStack() as closing:
            self._stderr = closing.enter_context(temporary_file()) if self._keep_stderr else None
            stdin, stdout = self._streams
            with self._starting():
                self._process = subprocess.Popen(  # noqa: S603  our own words, no shell
                    self._command, stdin=stdin, stdout=stdout, stderr=self._stderr,
                    cwd=self._directory, env=self._environment, pass_fds=self._pass_fds,
                    process_group=None if self._own_session else 0, start_new_session=self._own_session,
                )  # fmt: skip
            closing.callback(self._end)
            self._keeper = _start_keeper(self._process.pid)
            self._closing = closing.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @property
    def pid(self) -> int:
        """Process id of the child, and of its process group."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """The child's exit status, or minus the number of the signal that killed it; None before a wait for its end."""
        return self._process.returncode

    @property
    def stdin(self) -> IO[bytes]:
        """The pipe to the child's stdin, where the caller asked for one."""
        assert self._process.stdin is not None  # noqa: S101  the caller asked for a pipe
        return self._process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """The pipe from the child's stdout, where the caller asked for one."""
        assert self._process.stdout is not None  # noqa: S101  the caller asked for a pipe
        return self._process.stdout

    def wait(self) -> int:
        """Wait for the child's end.

        Returns:
            Its exit status, or minus the number of the signal that killed it.
        """
        return self._process.wait()

    def ended_within(self, timeout_s: float) -> bool:
        """Wait at most `timeout_s` for the child's end, and return whether it has ended."""
        deadline = Deadline(timeout_s)
        while self._process.returncode is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(deadline.next_slice_s())
            if deadline.passed:
                break
        return self._process.returncode is not None

    def output_within(self, timeout_s: float) -> bytes | None:
        """Wait for the end of the child and of its stdout.

        Returns:
            The text that it wrote to stdout; None where it did not end within `timeout_s`.
        """
        deadline = Deadline(timeout_s)
        while not deadline.passed:
            with suppress(subprocess.TimeoutExpired):
                output: bytes = self._process.communicate(timeout=deadline.next_slice_s())[0]
                return output
        return None

    def send_signal(self, number: int) -> None:
        """Send the child a signal, unless it has ended."""
        self._process.send_signal(number)

    def resume_group(self) -> None:
        """Resume stopped processes of the child's group, so that they can act on a signal."""
        if not self._killed:
            self._signal_group(signal.SIGCONT)

    def kill_group(self) -> int:
        """Kill the child and the rest of its group, and wait for the child's end.

        Returns:
            Its exit status, or minus the number of the signal that killed it.
        """
        if not self._killed:  # only once: later, other processes may form a group with this number
            self._signal_group(signal.SIGKILL)
            self._killed = True
            _end_keeper(self._keeper)
        return self._process.wait()

    def _signal_group(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def stderr_tail(self, most_bytes: int) -> str:
        """Return the end of the child's stderr; an empty text where stderr is not kept.

        Args:
            most_bytes: How many bytes to return at most.
        """
        if self._stderr is None:
            return ""
        return _read_end(self._stderr, most_bytes).decode(errors="replace")

    def _end(self) -> None:
        self.kill_group()
        for pipe in filter(None, (self._process.stdin, self._process.stdout)):
            with suppress(OSError):
                pipe.close()


def _start_keeper(group: int) -> subprocess.Popen[bytes] | None:
    """Start the keeper of a process group; None where the system has no room for it."""
    command = [sys.executable, "-I", "-S", "-c", _KEEPER_PROGRAM, str(group)]
    try:
        return subprocess.Popen(  # noqa: S603  our own words, no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
        )
    except OSError:
        return None


def _end_keeper(keeper: subprocess.Popen[bytes] | None) -> None:
    if keeper is not None:
        keeper.kill()  # first: at its pipe's end it would kill a group, which may be another one by now
        if keeper.stdin is not None:
            keeper.stdin.close()
        keeper.wait()


def _read_end(file: IO[bytes], most_bytes: int) -> bytes:
    """Return the end of a file that a child may be writing."""
    start = max(0, os.fstat(file.fileno()).st_size - most_bytes)
    if hasattr(os, "pread"):  # does not move the offset, at which the child writes
        return os.pread(file.fileno(), most_bytes, start)
    file.seek(start)
    return file.read(most_bytes)


class PassedOnSignals:
    """A context manager that passes signals that ask this process to end on to the running child.

    The child gets every signal once, and closes its work in order; a stopped child is resumed. Signals that were
    ignored before stay ignored. Outside the main thread, where Python delivers no signals, it passes on nothing.

    Args:
        deadline_s: How long a child may take before it is killed with its group; None for as long as it takes.

    Attributes:
        received: The number of the last signal, or None.
    """

    def __init__(self, deadline_s: float | None = None) -> None:
        self._deadline_s = deadline_s
        self.received: int | None = None
        self._pending: int | None = None
        self._child: ChildProcess | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            wanted = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
            self._before = {number: signal.signal(number, self._pass_on) for number in wanted}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def wait(self, child: ChildProcess) -> int:
        """Wait for a child's end; kill the child after `deadline_s`.

        Returns:
            Its exit status, or minus the number of the signal that killed it.
        """
        try:
            self._child = child
            if self._pending is not None:  # the signal came after the child's start, and before this call
                self._send(child, self._pending)
            if self._deadline_s is not None and not child.ended_within(self._deadline_s):
                child.kill_group()
            return child.wait()
        finally:
            self._child = None

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        if self._child is None:
            self._pending = number
        else:
            self._send(self._child, number)

    @staticmethod
    def _send(child: ChildProcess, number: int) -> None:
        child.send_signal(number)
        child.resume_group()
