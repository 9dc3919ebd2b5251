"""Runs `python -m walkerbench` as a user does: in a process of its own, which starts further processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import psutil

DEADLINE_S = 60.0
COMMAND = (sys.executable, "-m", "walkerbench")


@dataclass(frozen=True)
class Ended:
    """The exit code and the output of a process that has ended."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """Return the last line of stderr, which is the error if there is one."""
        return self.err.splitlines()[-1] if self.err else ""


class Started:
    """A running process that leads a process group and session of its own, as a shell's job does.

    Args:
        process: With stdout and stderr as pipes.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._err: list[str] = []

    def wait_for_line(self, start: str) -> str:
        """Read stderr up to a line with this beginning, and return the line."""
        stderr = _stream(self.process.stderr)
        while not (line := stderr.readline()).startswith(start):
            assert line, f"{start!r} never came, but {self._err}"
            self._err.append(line)
        self._err.append(line)
        return line

    def wait_for_sleep(self) -> None:
        """Wait until the process's main thread has slept for longer than it does in any frame."""
        leader = psutil.Process(self.process.pid)

        def sleeps() -> bool:
            pause()
            return bool(leader.status() == psutil.STATUS_SLEEPING)

        until(lambda: all(sleeps() for _ in range(20)))

    def signal(self, number: int) -> None:
        """Send a signal to the whole process group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def workers(self) -> list[psutil.Process]:
        """Return the living worker processes, in the order of their starts."""
        children = psutil.Process(self.process.pid).children()
        return sorted(filter(_is_worker, children), key=lambda child: (child.create_time(), child.pid))

    def end(self, deadline_s: float = DEADLINE_S) -> Ended:
        """Wait until the process and all processes of its session have ended, and return how it ended."""
        out, err = self.process.communicate(timeout=deadline_s)
        until(lambda: not self.left())
        return Ended(self.process.returncode, out, "".join(self._err) + err)

    def left(self) -> list[int]:
        """Return the living processes of the session."""
        return [process.pid for process in psutil.process_iter() if self._is_left(process)]

    def _is_left(self, process: psutil.Process) -> bool:
        try:
            ours = os.getsid(process.pid) == self.process.pid
            return ours and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, psutil.NoSuchProcess):
            return False


class WholeProcess:
    """Starts commands in a directory, and finds what they left behind.

    Args:
        cwd: Their working directory.
        temporary: Where their temporary files go.
    """

    def __init__(self, cwd: Path, temporary: Path) -> None:
        self.cwd = cwd
        self.temporary = temporary
        self._pids: list[int] = []

    def __call__(
        self, *arguments: str, command: tuple[str, ...] = COMMAND, deadline_s: float = DEADLINE_S, **options: Any
    ) -> Ended:
        """Run a command to its end, and return how it ended."""
        with self.start(*arguments, command=command, **options) as started:
            return started.end(deadline_s)

    @contextmanager
    def start(self, *arguments: str, command: tuple[str, ...] = COMMAND, **options: Any) -> Iterator[Started]:
        """Start a command; at the end of the block, kill its processes that still run."""
        dropped = ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "COLUMNS")
        environment = {name: value for name, value in os.environ.items() if name not in dropped}
        environment |= {"TMPDIR": str(self.temporary)} | options.pop("env", {})
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        with subprocess.Popen(
            [*command, *arguments], cwd=options.pop("cwd", self.cwd), env=environment, text=True, encoding="utf-8",
            start_new_session=True, **{**pipes, **options},
        ) as process:  # fmt: skip
            self._pids.append(process.pid)
            started = Started(process)
            try:
                yield started
            finally:
                for pid in started.left():
                    os.kill(pid, signal.SIGKILL)

    def leftovers(self) -> list[str]:
        """Return temporary files, shared memory and half-written files that all commands so far left."""
        shared = Path("/dev/shm")
        blocks = [path for path in (shared.iterdir() if shared.is_dir() else ()) if self._made(path.name)]
        return [str(path) for path in (*self.temporary.iterdir(), *blocks, *self.cwd.rglob("*.tmp"))]

    def _made(self, name: str) -> bool:
        return any(f"-{pid}-" in name for pid in self._pids)  # multiprocessing names blocks by their process


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds that another process fulfils without printing a line."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        pause()


def pause() -> None:
    """Wait a moment, so that other processes can go on."""
    time.sleep(0.005)


def rows(directory: Path, array: str = "frames") -> int:
    """Return the rows that NumPy finds in an array's file; 0 while the file is missing or its header is unwritten."""
    try:
        return len(np.load(directory / f"{array}.npy", allow_pickle=False))
    except (FileNotFoundError, EOFError):
        return 0


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "--multiprocessing-fork" in process.cmdline()
    except psutil.NoSuchProcess:  # a short-lived process, such as git
        return False


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


_PICTURES = (
    "The slowest judged frames",
    "Frame times over the run",
    "Judged frames by their time",
    "Cores, mean and highest load",
)


def without_pictures(shown: str) -> str:
    """Return what `show` printed, without the pictures that `run` does not print."""
    return "\n\n".join(part for part in shown.split("\n\n") if not part.startswith(_PICTURES))
