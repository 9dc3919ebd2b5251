"""Runs a profile in a process of its own: sends the process a request, and reads how it ended.

Request and ending are each one line of JSON. The request goes through a pipe, the process's stdin. The ending goes into
a file without a name; the process gets the number of its descriptor. So a parent that is killed leaves no file behind::

    this process                                          walkerbench.cli.recorded_run DESCRIPTOR
      writes the request ────────────────────────────────▶  reads it, runs the profile, records it
      reads the ending   ◀────────────────────────────────  writes the ending, as the last thing it does

The ending cannot go through stdout, stderr or the exit code: a profiler that starts the process writes to them and
exits in its own way.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO

from walkerbench.errors import ExitCode, Interrupted, RunBroken, UsageError, WalkerbenchError
from walkerbench.profile.model import Profile
from walkerbench.profile.table import profile_from_dict
from walkerbench.recorded_value import differing
from walkerbench.recording.code_facts import imported_files
from walkerbench.system.child_processes import ChildProcess, python_command
from walkerbench.system.temporary import temporary_file

_MODULE = "walkerbench.cli.recorded_run"  # not imported: it shows progress, which belongs to the command line
_TAIL_BYTES = 16384
_END_OF_REQUEST = b"\n"
_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """A request to a process: what to run and record.

    Attributes:
        profile: What to run.
        directory: The run directory to create; if relative, to the working directory, which both processes share.
        command_line: The words of the command that the user typed, for the record.
        progress: Whether the process shows on stderr how far the run is.
        verbose: Whether errors come with their tracebacks on stderr.
    """

    profile: Profile
    directory: Path
    command_line: tuple[str, ...]
    progress: bool
    verbose: bool = False


@dataclass(frozen=True)
class RunEnding:
    """How a process that was to record a run ended, by its own report.

    Attributes:
        exit_code: The exit code of the process.
        message: Its error message, one or more lines; None where the run has a verdict.
        imported: Package whose code was measured → the file that it was imported from; empty where there is no verdict.
    """

    exit_code: ExitCode
    message: str | None
    imported: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class EndedProcess:
    """A process that was to record a run, once it has ended.

    Attributes:
        exit_status: Its exit status, or minus the number of the signal that killed it; the wrapper's, if there is one.
        ending: How it ended, by its own report; None where it was killed, or ended before it could report.
        stderr_tail: The end of its stderr, and of the wrapper's, where that was kept.
    """

    exit_status: int
    ending: RunEnding | None
    stderr_tail: str

    @property
    def message(self) -> str | None:
        """Its own error message, or None."""
        return None if self.ending is None else self.ending.message


def run_in_process(
    request: RunRequest,
    wait: Callable[[ChildProcess], int],
    *,
    wrapper: Sequence[str] = (),
    variables: Mapping[str, str] = _NO_VARIABLES,
    keep_stderr: bool = True,
) -> EndedProcess:
    """Run and record a profile in a process of its own, which writes to stderr and never to stdout.

    Args:
        request: What the process runs and records.
        wait: Waits for the process's end, and returns its exit status.
        wrapper: Words of a command that starts the process, such as a profiler's; the process's own words follow.
        variables: More environment variables to set.
        keep_stderr: Whether stderr is kept; otherwise it goes to this process's own.

    Raises:
        UsageError: The process measured other code than this process has imported.
    """
    packages = request.profile.code_packages()
    with temporary_file() as ending:
        command = [*wrapper, *python_command(_MODULE, str(ending.fileno()))]
        with ChildProcess(
            command, variables=variables, keep_stderr=keep_stderr, stdin=subprocess.PIPE, pass_fds=[ending.fileno()],
            holds_back_interrupts=True,
        ) as child:  # fmt: skip
            with suppress(BrokenPipeError):  # it has ended by itself
                write_request(child.stdin, request)
                child.stdin.close()
            status = wait(child)
            ending.seek(0)
            ended = EndedProcess(status, read_ending(ending), child.stderr_tail(_TAIL_BYTES))
    _check_imports(ended, imported_files(packages))
    return ended


def _check_imports(ended: EndedProcess, expected: Mapping[str, str | None]) -> None:
    """Raise an error where the process measured other code than this process would.

    Raises:
        UsageError: The process imported other files.
    """
    if ended.ending is None or ended.ending.message is not None:
        return  # no verdict
    for package, (wanted, found) in differing(expected, ended.ending.imported).items():
        raise UsageError(
            f"the run's process imported {package} from {found}, and not from {wanted}: something in its start-up, "
            "such as PYTHONPATH or a .pth file, leads it to another copy; remove one of them"
        )


def error_of(code: ExitCode, message: str) -> WalkerbenchError:
    """Return the error that a process's exit code means.

    Args:
        code: An exit code that is no verdict.
        message: The text of the error, one line for each problem.
    """
    kinds: dict[ExitCode, type[WalkerbenchError]] = {
        kind.exit_code: kind for kind in (UsageError, RunBroken, Interrupted)
    }
    return kinds.get(code, WalkerbenchError)(*message.split("\n"))


def write_request(pipe: IO[bytes], request: RunRequest) -> None:
    """Write a request to the process's stdin."""
    plain = vars(request) | {"profile": request.profile.as_dict(), "directory": str(request.directory)}
    pipe.write(json.dumps(plain).encode() + _END_OF_REQUEST)


def read_request(pipe: IO[bytes]) -> RunRequest | None:
    """Return the request read from a pipe; None where its end is missing, because its writer is gone.

    Raises:
        ProfileError: This version of walkerbench does not know all of its profile.
    """
    line = pipe.readline()
    if not line.endswith(_END_OF_REQUEST):
        return None
    plain = json.loads(line)
    return RunRequest(
        profile=profile_from_dict(plain["profile"]),
        directory=Path(plain["directory"]),
        command_line=tuple(plain["command_line"]),
        progress=plain["progress"],
        verbose=plain["verbose"],
    )


def ending_with_verdict(request: RunRequest, exit_code: ExitCode) -> RunEnding:
    """Return the ending of a process whose run has a verdict, with the files that it measured.

    Args:
        request: The request to the process; its code has been imported.
        exit_code: The exit code of the process.
    """
    return RunEnding(exit_code, None, imported_files(request.profile.code_packages()))


def write_ending(file: IO[bytes], ending: RunEnding) -> None:
    """Write the ending of this process to a file, as JSON that `read_ending` reads."""
    file.write(json.dumps(asdict(ending)).encode())


def read_ending(file: IO[bytes]) -> RunEnding | None:
    """Return how a process ended; None where its report is missing or incomplete."""
    try:
        plain = json.loads(file.read())
        return RunEnding(ExitCode(plain["exit_code"]), plain["message"], plain["imported"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
