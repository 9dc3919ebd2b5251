"""A run in a process of its own: the request that the process is given, and how it reports its ending.

The request and the ending are two small JSON files, whose names the process is given::

    this process                                          python -m walkerbench.cli.recorded_run REQUEST ENDING
      writes the request ────────────────────────────────▶  reads it, runs the profile, records it
      reads the ending   ◀────────────────────────────────  writes the ending, as the last thing it does

Neither stderr nor the exit code can be used: a profiler that starts the process writes and exits in its own way.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from walkerbench.errors import ExitCode, Interrupted, RunBroken, UsageError, WalkerbenchError
from walkerbench.profile.model import Profile
from walkerbench.profile.table import profile_from_dict
from walkerbench.system.child_processes import PACKAGE, ChildProcess, interpreter_command

_MODULE = "walkerbench.cli.recorded_run"  # named and not imported: it shows progress, which is the command line's
_TAIL_BYTES = 16384
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
    """

    exit_code: ExitCode
    message: str | None


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
    package: Path = PACKAGE,
) -> EndedProcess:
    """Run and record a profile in a process of its own, which prints nothing but what goes to stderr.

    Args:
        request: What it is to do.
        wait: Waits for the process's end, whatever happens in the meantime, and returns its exit status.
        wrapper: Words of a command that starts the process, such as a profiler's; the process's own follow.
        variables: Environment variables to set besides.
        keep_stderr: Whether stderr is kept; otherwise it goes to this process's own.
        package: The directory that holds the `walkerbench` to run.
    """
    with tempfile.TemporaryDirectory(prefix="walkerbench-") as place:
        asked, ending = Path(place) / "request.json", Path(place) / "ending.json"
        write_request(asked, request)
        command = [*wrapper, *interpreter_command(), "-m", _MODULE, str(asked), str(ending)]
        with ChildProcess(command, package=package, variables=variables, keep_stderr=keep_stderr) as child:
            status = wait(child)
            return EndedProcess(status, read_ending(ending), child.stderr_tail(_TAIL_BYTES))


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


def write_request(path: Path, request: RunRequest) -> None:
    """Write a request to a file."""
    plain = vars(request) | {"profile": request.profile.as_dict(), "directory": str(request.directory)}
    path.write_text(json.dumps(plain), encoding="utf-8")


def read_request(path: Path) -> RunRequest:
    """Read a request.

    Raises:
        ProfileError: This version of walkerbench does not know all of its profile.
    """
    plain = json.loads(path.read_text(encoding="utf-8"))
    return RunRequest(
        profile=profile_from_dict(plain["profile"]),
        directory=Path(plain["directory"]),
        command_line=tuple(plain["command_line"]),
        progress=plain["progress"],
        verbose=plain["verbose"],
    )


def write_ending(path: Path, ending: RunEnding) -> None:
    """Write to a file how the process ends."""
    path.write_text(json.dumps(asdict(ending)), encoding="utf-8")


def read_ending(path: Path) -> RunEnding | None:
    """Read how a process ended; None where it did not say so, or not to the end."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return RunEnding(ExitCode(plain["exit_code"]), plain["message"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
