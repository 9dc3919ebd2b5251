"""Runs `python -m walkerbench` as the user does: a process of its own, and whatever it starts."""

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
    """What a process ended with."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The last line of stderr: the error, where there is one."""
        return self.err.splitlines()[-1] if self.err else ""


class Started:
    """A process that goes on; the leader of a process group and session of its own, as a shell's job is.

    Args:
        process: With stdout and stderr as pipes.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._err: list[str] = []

    def wait_for_line(self, start: str) -> str:
        """Read stderr up to a line that starts like this, and return it."""
        stderr = _stream(self.process.stderr)
        while not (line := stderr.readline()).startswith(start):
            assert line, f"{start!r} never came, but {self._err}"
            self._err.append(line)
        self._err.append(line)
        return line

    def wait_for_sleep(self) -> None:
        """Wait until its main thread does nothing, for longer than a frame ever lets it."""
        leader = psutil.Process(self.process.pid)

        def sleeps() -> bool:
            pause()
            return bool(leader.status() == psutil.STATUS_SLEEPING)

        until(lambda: all(sleeps() for _ in range(20)))

    def signal(self, number: int) -> None:
        """Signal the whole group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def workers(self) -> list[psutil.Process]:
        """The living worker processes, in the order in which they were started."""
        children = psutil.Process(self.process.pid).children()
        return sorted(filter(_is_worker, children), key=lambda child: (child.create_time(), child.pid))

    def end(self, deadline_s: float = DEADLINE_S) -> Ended:
        """Wait for the end, and for nothing to be left."""
        out, err = self.process.communicate(timeout=deadline_s)
        until(lambda: not self.left())
        return Ended(self.process.returncode, out, "".join(self._err) + err)

    def left(self) -> list[int]:
        """Living processes of the session."""
        return [process.pid for process in psutil.process_iter() if self._is_left(process)]

    def _is_left(self, process: psutil.Process) -> bool:
        try:
            ours = os.getsid(process.pid) == self.process.pid
            return ours and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, psutil.NoSuchProcess):
            return False


class WholeProcess:
    """Starts commands in a directory, and says what they left behind.

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
        """Run a command to its end."""
        with self.start(*arguments, command=command, **options) as started:
            return started.end(deadline_s)

    @contextmanager
    def start(self, *arguments: str, command: tuple[str, ...] = COMMAND, **options: Any) -> Iterator[Started]:
        """Start a command; whatever of it still runs at the end of the block is killed."""
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
        """Temporary files, shared memory and half-written files of all commands so far."""
        shared = Path("/dev/shm")
        blocks = [path for path in (shared.iterdir() if shared.is_dir() else ()) if self._made(path.name)]
        return [str(path) for path in (*self.temporary.iterdir(), *blocks, *self.cwd.rglob("*.tmp"))]

    def _made(self, name: str) -> bool:
        return any(f"-{pid}-" in name for pid in self._pids)  # multiprocessing names blocks by their process


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens in another process, without a line to wait for."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        pause()


def pause() -> None:
    """Let other processes get on."""
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
    except psutil.NoSuchProcess:  # such as git, which is asked for the revision and has gone again
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
    """What `show` printed, less the pictures that `run` does not print."""
    return "\n\n".join(part for part in shown.split("\n\n") if not part.startswith(_PICTURES))
