"""Starts child processes, waits for them, passes signals on to them, and ends them with all their own children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import IO, Any, Self

import walkerbench
from walkerbench.system.interrupts import SIGNALS

PACKAGE = Path(walkerbench.__file__).resolve().parents[1]
"""The directory that holds the `walkerbench` that runs now."""

_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


def interpreter_command() -> list[str]:
    """Return the interpreter with the `-X` options that it was started with; environment variables pass anyway.

    `-P` keeps the working directory off the path: a child must not import what happens to lie there.
    """
    options: Mapping[str, str | bool] = getattr(sys, "_xoptions", {})
    flags = [f"-X{name}" if value is True else f"-X{name}={value}" for name, value in options.items()]
    return [sys.executable, *flags, "-P"]


def child_environment(package: Path = PACKAGE) -> dict[str, str]:
    """Return the environment variables of a child that imports `walkerbench` from a directory.

    Args:
        package: The directory that holds it.
    """
    path = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


class ChildProcess:
    """A child with a process group of its own; a context manager, whose end kills what is left of the group.

    A terminal's Ctrl-C does not reach it: the parent decides what an interrupt means, and sends it.

    Args:
        command: Its words.
        package: The directory that holds the `walkerbench` that it imports.
        variables: Environment variables to set besides.
        directory: Its working directory; None for this process's.
        piped: Whether its stdin and stdout are pipes; otherwise both are empty.
        keep_stderr: Whether its stderr goes to a temporary file, for `stderr_tail`; otherwise to this process's.
            A file and not a pipe: no reader would empty a pipe while frames are measured.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        package: Path = PACKAGE,
        variables: Mapping[str, str] = _NO_VARIABLES,
        directory: Path | None = None,
        piped: bool = False,
        keep_stderr: bool = True,
    ) -> None:
        self._command = command
        self._environment = {**child_environment(package), **variables}
        self._directory = directory
        self._piped = piped
        self._keep_stderr = keep_stderr
        self._killed = False
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as closing:
            self._stderr = closing.enter_context(tempfile.TemporaryFile()) if self._keep_stderr else None
            standard = subprocess.PIPE if self._piped else subprocess.DEVNULL
            self._process = subprocess.Popen(  # noqa: S603  our own words, no shell
                self._command, stdin=standard, stdout=standard, stderr=self._stderr,
                cwd=self._directory, env=self._environment, process_group=0,
            )  # fmt: skip
            closing.callback(self._end)
            self._closing = closing.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @property
    def pid(self) -> int:
        """Process id, which is that of the process group, too."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """Its exit status, or minus the number of the signal that killed it; None before its end was waited for."""
        return self._process.returncode

    @property
    def stdin(self) -> IO[bytes]:
        """Where to write to a child that is piped."""
        assert self._process.stdin is not None  # noqa: S101  the caller asked for pipes
        return self._process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """Where to read what a child that is piped writes."""
        assert self._process.stdout is not None  # noqa: S101  the caller asked for pipes
        return self._process.stdout

    def wait(self) -> int:
        """Wait for its end.

        Returns:
            Its exit status, or minus the number of the signal that killed it.
        """
        return self._process.wait()

    def ended_within(self, timeout_s: float) -> bool:
        """Wait for its end for some seconds, and return whether it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        return self._process.returncode is not None

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        self._process.send_signal(number)

    def kill_group(self) -> int:
        """Kill it and every process of its group that is left, and wait for its own end.

        Returns:
            Its exit status, or minus the number of the signal that killed it.
        """
        if not self._killed:  # once: afterwards, the number may become that of a group of other processes
            with suppress(ProcessLookupError, PermissionError):
                if hasattr(os, "killpg"):
                    os.killpg(self._process.pid, signal.SIGKILL)
                else:
                    self._process.kill()
            self._killed = True
        return self._process.wait()

    def stderr_tail(self, most_bytes: int) -> str:
        """Return the end of what it wrote to stderr; an empty text where stderr is not kept.

        Args:
            most_bytes: How many bytes of it at most.
        """
        if self._stderr is None:
            return ""
        return _read_end(self._stderr, most_bytes).decode(errors="replace")

    def _end(self) -> None:
        self.kill_group()
        for pipe in filter(None, (self._process.stdin, self._process.stdout)):
            with suppress(OSError):
                pipe.close()


def _read_end(file: IO[bytes], most_bytes: int) -> bytes:
    """Return the end of a file that a child may be writing."""
    start = max(0, os.fstat(file.fileno()).st_size - most_bytes)
    if hasattr(os, "pread"):  # leaves alone the offset, at which the child writes
        return os.pread(file.fileno(), most_bytes, start)
    file.seek(start)
    return file.read(most_bytes)


class PassedOnSignals:
    """Passes signals that ask this process to end on to the child that runs, while it is entered.

    The child gets every signal once, and closes its work in order. What was ignored before stays ignored. Outside the
    main thread, where Python delivers no signals, it passes on nothing.

    Attributes:
        received: The number of the last one, or None.
    """

    def __init__(self) -> None:
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
        """Wait for a child to end.

        Returns:
            Its exit status, or minus the number of the signal that killed it.
        """
        try:
            self._child = child
            if self._pending is not None:  # the signal came after the child's start, and before this call
                child.send_signal(self._pending)
            return child.wait()
        finally:
            self._child = None

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        if self._child is None:
            self._pending = number
        else:
            self._child.send_signal(number)
