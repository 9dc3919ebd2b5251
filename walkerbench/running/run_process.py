"""A run in a process of its own: the request that the process is given, and how it reports its ending.

Both are a line of JSON. The request goes through a pipe, the process's stdin. The ending goes into a file that has no
name, and of which the process is given the descriptor's number: so a parent that is killed leaves no file behind::

    this process                                          walkerbench.cli.recorded_run DESCRIPTOR
      writes the request ────────────────────────────────▶  reads it, runs the profile, records it
      reads the ending   ◀────────────────────────────────  writes the ending, as the last thing it does

Neither stdout nor stderr nor the exit code can be used for the ending: a profiler that starts the process writes and
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

_MODULE = "walkerbench.cli.recorded_run"  # named and not imported: it shows progress, which is the command line's
_TAIL_BYTES = 16384
_END = b"\n"
_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What a process is to run and record.

    Attributes:
        profile: What to run.
        directory: The run directory to create; if relative, to the working directory, which both processes share.
        command_line: The words of the command that the user typed, for the record.
        progress: Whether it says on stderr how far the run is.
        verbose: Whether errors come with their tracebacks on stderr.
    """

    profile: Profile
    directory: Path
    command_line: tuple[str, ...]
    progress: bool
    verbose: bool = False


@dataclass(frozen=True)
class RunEnding:
    """How a process that was to record a run ended, as it says itself.

    Attributes:
        exit_code: What it ends with.
        message: Its error in a line or several; None where the run has a verdict.
        imported: Package whose code was measured → the file that it was imported from; empty where there is no verdict.
    """

    exit_code: ExitCode
    message: str | None
    imported: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class EndedProcess:
    """A process that was to record a run, once it has ended.

    Attributes:
        exit_status: Its own, or minus the number of the signal that killed it; of the wrapper where there is
            one.
        ending: How it ended, as it says; None where it was killed, or ended before it could say so.
        stderr_tail: The last of its stderr, and the wrapper's, where that was kept.
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
    """Run and record a profile in a process of its own, which prints nothing but what goes to stderr.

    Args:
        request: What it is to do.
        wait: Waits for the process's end, whatever happens in the meantime, and returns its exit status.
        wrapper: Words of a command that starts the process, such as a profiler's; the process's own follow.
        variables: Environment variables to set besides.
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
    """Refuse a verdict on other code than is meant.

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
    """Return the error that a process's exit code stands for.

    Args:
        code: One that is no verdict.
        message: What the error says, a line for each problem.
    """
    kinds: dict[ExitCode, type[WalkerbenchError]] = {
        kind.exit_code: kind for kind in (UsageError, RunBroken, Interrupted)
    }
    return kinds.get(code, WalkerbenchError)(*message.split("\n"))


def write_request(pipe: IO[bytes], request: RunRequest) -> None:
    """Write a request."""
    plain = vars(request) | {"profile": request.profile.as_dict(), "directory": str(request.directory)}
    pipe.write(json.dumps(plain).encode() + _END)


def read_request(pipe: IO[bytes]) -> RunRequest | None:
    """Read a request; None where its end is missing: the process that was writing it is gone.

    Raises:
        ProfileError: This version of walkerbench does not know all of its profile.
    """
    line = pipe.readline()
    if not line.endswith(_END):
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
        request: What the process was given; its code has been imported.
        exit_code: What it ends with.
    """
    return RunEnding(exit_code, None, imported_files(request.profile.code_packages()))


def write_ending(file: IO[bytes], ending: RunEnding) -> None:
    """Write how the process ends."""
    file.write(json.dumps(asdict(ending)).encode())


def read_ending(file: IO[bytes]) -> RunEnding | None:
    """Read how a process ended; None where it did not say so, or not to the end."""
    try:
        plain = json.loads(file.read())
        return RunEnding(ExitCode(plain["exit_code"]), plain["message"], plain["imported"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
