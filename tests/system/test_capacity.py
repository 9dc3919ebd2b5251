from __future__ import annotations

import errno
import tempfile
import threading

import pytest
from toy_workload import ToyWorkload

from walkerbench.errors import CapacityError
from walkerbench.modes.thread_pool import ThreadPoolManager
from walkerbench.recording.cpu import CpuSampler
from walkerbench.running.training_environment import TrainingEnvironment
from walkerbench.system.capacity import capacity_errors, capacity_problem
from walkerbench.system.child_processes import ChildProcess, interpreter_command
from walkerbench.system.temporary import temporary_directory


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "may open no more files: raise the limit"),
        (OSError(errno.ENFILE, "Too many open files in system"), "the system can open no more files: close"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "no more processes or threads"),
        (RuntimeError("can't start new thread"), "no more processes or threads"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "no memory is left"),
        (MemoryError(), "no memory is left"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), "set TMPDIR to one"),
        (OSError(errno.EROFS, "Read-only file system", "/dev/shm/pym-1"), "no file can be made in /dev/shm (Read-only"),
        (PermissionError(errno.EACCES, "Permission denied", "/dev/shm/pym-1"), "let this user write there"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/dev/shm"), "there is no /dev/shm"),
        (OSError(errno.ENOSPC, "No space left on device"), "no file can be made for temporary data (No space"),
    ],
)
def test_a_refusal_of_the_system_is_a_capacity_error_in_one_line(error: BaseException, told: str) -> None:
    with (
        pytest.raises(CapacityError, match=r"^it cannot be started: ") as caught,
        capacity_errors("it cannot be started"),
    ):
        raise error

    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("another"), FileNotFoundError(errno.ENOENT, "No such file"), OSError("no number"), ValueError("no")],
)
def test_any_other_error_is_not_changed(error: Exception) -> None:
    assert capacity_problem(error) is None
    with pytest.raises(type(error)) as caught, capacity_errors("it cannot be started"):
        raise error
    assert caught.value is error


@pytest.fixture
def refused_thread(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lets two threads start and refuses the others; holds how many may still start."""
    left, start = [2], threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if left[0] == 0:
            raise RuntimeError("can't start new thread")
        left[0] -= 1
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    return left


@pytest.mark.promise("left behind", "Where the system refuses a thread, those that were started before it are ended.")
def test_where_one_thread_is_refused_no_other_stays(refused_thread: list[int]) -> None:
    before = threading.active_count()

    with pytest.raises(CapacityError, match="threads of a thread pool cannot be started: no more processes or threads"):
        ThreadPoolManager(4)

    assert refused_thread == [0]
    assert threading.active_count() == before


def test_an_environment_whose_threads_are_refused_starts_nothing(refused_thread: list[int]) -> None:
    environment = TrainingEnvironment(mode="threaded", num_workers=4, workload=ToyWorkload(8))
    before = threading.active_count()

    with pytest.raises(CapacityError):
        environment.start()

    assert threading.active_count() == before


def test_a_sampler_whose_thread_is_refused_can_be_stopped(refused_thread: list[int]) -> None:
    refused_thread[0] = 0
    sampler = CpuSampler(lambda: ())

    with pytest.raises(CapacityError, match="samples the cores"):
        sampler.start()

    sampler.stop()


def test_a_missing_temporary_directory_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    monkeypatch.setattr(tempfile, "_gettempdir", none)

    with (
        pytest.raises(CapacityError, match=r"temporary directory cannot be made: .* set TMPDIR"),
        temporary_directory("x-"),
    ):
        raise AssertionError
    with pytest.raises(CapacityError, match=r"^a temporary file cannot be made: .* set TMPDIR"):
        ChildProcess(interpreter_command()).__enter__()
