"""Messages between this process and one that records a run, with real processes."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tiny_profile import TINY_FRAMES, profile_text

import walkerbench
from walkerbench.errors import ExitCode, Interrupted, RunBroken, UsageError, WalkerbenchError
from walkerbench.profile.loading import load_profile
from walkerbench.profile.overrides import ProfileOverrides, override
from walkerbench.run_directory import read_recorded
from walkerbench.running.run_process import (
    RunEnding,
    RunRequest,
    error_of,
    read_ending,
    read_request,
    run_in_process,
    write_ending,
    write_request,
)
from walkerbench.system.child_processes import ChildProcess

NO_UTF_8 = os.fsdecode(b"caf\xe9")

IMPORTED = {"walkerbench": str(Path(walkerbench.__file__).resolve())}


def wait(child: ChildProcess) -> int:
    return child.wait()


@pytest.fixture
def request_of(tmp_path: Path) -> Any:
    """Makes a request for the tiny profile, with changes."""

    def make(directory: Path = tmp_path / "run", *, progress: bool = False, **changes: Any) -> RunRequest:
        (tmp_path / "tiny.toml").write_text(profile_text(**changes))
        profile = load_profile(str(tmp_path / "tiny.toml"))
        return RunRequest(profile=profile, directory=directory, command_line=("walkerbench", "-x"), progress=progress)

    return make


def test_a_request_is_read_completely_or_not_at_all() -> None:
    overrides = ProfileOverrides(
        mode="process", workers=2, duration_s=0.00123, seed=0, warmup=0, pace="realtime", criteria=("meals >= 0",)
    )
    request = RunRequest(
        profile=override(load_profile("smoke"), overrides),
        directory=Path(f"-odd {NO_UTF_8}"),
        command_line=("walkerbench", "run", NO_UTF_8, "--criterion=a\n< 1"),
        progress=True,
        verbose=True,
    )
    pipe = io.BytesIO()
    write_request(pipe, request)
    assert read_request(io.BytesIO(pipe.getvalue())) == request
    for part in (b"", pipe.getvalue()[:-1]):
        assert read_request(io.BytesIO(part)) is None


def test_an_ending_is_read_as_it_was_written() -> None:
    for ending in (RunEnding(ExitCode.PASS, None, IMPORTED), RunEnding(ExitCode.BROKEN, f"two\nlines {NO_UTF_8}")):
        file = io.BytesIO()
        write_ending(file, ending)
        assert read_ending(io.BytesIO(file.getvalue())) == ending


@pytest.mark.parametrize("text", [b"", b"\xff", b'{"exit_code": 3', b"[]", b'{"exit_code": 5, "message": ""}'])
def test_text_that_is_no_ending_is_read_as_none(text: bytes) -> None:
    assert read_ending(io.BytesIO(text)) is None


@pytest.mark.parametrize(
    ("code", "kind"),
    [(2, UsageError), (3, RunBroken), (130, Interrupted), (70, WalkerbenchError), (9, WalkerbenchError)],
)
def test_an_exit_code_stands_for_an_error(code: int, kind: type[WalkerbenchError]) -> None:
    error = error_of(code, "why")  # type: ignore[arg-type]
    assert (type(error), str(error)) == (kind, "why")


def test_a_run_is_recorded_as_requested(request_of: Any) -> None:
    request = request_of(criteria={"meals": "< 0"})
    ended = run_in_process(request, wait)
    assert (ended.exit_status, ended.ending, ended.stderr_tail) == (1, RunEnding(ExitCode.FAIL, None, IMPORTED), "")
    recorded = read_recorded(request.directory)
    assert recorded.run.command_line == ("walkerbench", "-x")
    assert recorded.run.profile == json.loads(json.dumps(request.profile.as_dict()))
    assert len(recorded.frames) == TINY_FRAMES


def test_progress_goes_to_stderr_where_it_is_wanted(request_of: Any) -> None:
    request = request_of(progress=True)
    ended = run_in_process(request, wait)
    assert ended.stderr_tail.splitlines()[0] == f"recording into {request.directory}"


def test_an_error_has_its_exit_code_and_message(tmp_path: Path, request_of: Any) -> None:
    (tmp_path / "there").mkdir()
    ended = run_in_process(request_of(tmp_path / "there"), wait)
    message = f"{tmp_path / 'there'}: the output exists already: give a directory that does not"
    assert ended.ending == RunEnding(ExitCode.UNUSABLE, message)
    assert (ended.exit_status, ended.stderr_tail) == (2, f"walkerbench: {message}\n")


def test_an_unexpected_error_is_a_fault(request_of: Any) -> None:
    ended = run_in_process(request_of(), wait, wrapper=("/bin/sh", "-c", 'echo no | "$@"', "sh"))
    assert ended.ending == RunEnding(ExitCode.FAULT, "JSONDecodeError: Expecting value: line 1 column 1 (char 0)")
    assert (ended.exit_status, ended.stderr_tail) == (
        70,
        f"walkerbench: internal error: {ended.message}; run again with -v for the traceback\n",
    )


def test_a_wrappers_exit_status_does_not_hide_the_ending(request_of: Any) -> None:
    ended = run_in_process(request_of(), wait, wrapper=("/bin/sh", "-c", '"$@"; exit 42', "sh"))
    assert (ended.exit_status, ended.ending) == (42, RunEnding(ExitCode.PASS, None, IMPORTED))


def test_a_killed_process_reports_no_ending(request_of: Any) -> None:
    ended = run_in_process(request_of(), lambda child: child.kill_group())
    assert (ended.exit_status, ended.ending, ended.message) == (-9, None, None)
