"""A worker process that ends or stops, at each time of its life: a typed error, and nothing is left behind."""

from __future__ import annotations

import os
import signal
from typing import Any

import psutil
import pytest
from toy_workload import BUILDING, ToyWorkload, WorkerFault
from whole_process import until

from walkerbench.errors import WorkerCrashed, WorkerError, WorkerTimeout
from walkerbench.modes import process as process_module

DEADLINE_S = 30
SOON_S = 0.2
STATUS = 5

pytestmark = pytest.mark.usefixtures("impatient")
STOPPED = pytest.param(signal.SIGSTOP, id="stopped")
ENDED = [pytest.param(number, id=number.name) for number in (signal.SIGKILL, signal.SIGSEGV)]
EXITED = pytest.param(None, id="exited")


def faulty(number: signal.Signals | None, frame: int) -> ToyWorkload:
    """A workload in which agent 3's worker, worker 1 of 3, gets a signal or exits."""
    fault = WorkerFault("exit", 3, frame, STATUS) if number is None else WorkerFault("kill", 3, frame, number)
    return ToyWorkload(worker_faults=(fault,))


def run_frame(mode: Any, frame: int, number: signal.Signals | None) -> None:
    mode.dispatch(frame)
    mode.wait(frame, SOON_S if number is signal.SIGSTOP else DEADLINE_S)


def check(error: WorkerError, number: signal.Signals | None, frame: int) -> None:
    assert error.frame == frame
    if number is signal.SIGSTOP:
        assert type(error) is WorkerTimeout
    else:
        assert type(error) is WorkerCrashed
        status = STATUS if number is None else None
        assert (error.worker, error.agents, error.signal_number, error.exit_status) == (1, (2, 4), number, status)


EXITS_ON_REQUEST = ToyWorkload(worker_faults=(WorkerFault("exit on SIGUSR1", 3, BUILDING, STATUS),))


def signal_worker(mode: Any, number: signal.Signals | None) -> None:
    """Signal worker 1, or have it exit, and wait until that has taken effect."""
    worker = mode._workers[1].process
    os.kill(worker.pid, number or signal.SIGUSR1)
    if number is signal.SIGSTOP:
        until(lambda: psutil.Process(worker.pid).status() == psutil.STATUS_STOPPED)
    else:
        worker.join(DEADLINE_S)


@pytest.mark.parametrize("number", [STOPPED, *ENDED, EXITED])
def test_a_fault_while_starting(make_mode: Any, monkeypatch: pytest.MonkeyPatch, number: Any) -> None:
    if number is signal.SIGSTOP:
        monkeypatch.setattr(process_module, "START_TIMEOUT_S", SOON_S)
    mode = make_mode("process")
    with pytest.raises(WorkerError) as caught:
        mode.start(faulty(number, BUILDING), 3)
    check(caught.value, number, -1)


@pytest.mark.parametrize("number", [STOPPED, *ENDED, EXITED])
def test_a_fault_within_a_frame(make_mode: Any, number: Any) -> None:
    mode = make_mode("process")
    mode.start(faulty(number, 1), 3)
    run_frame(mode, 0, None)
    with pytest.raises(WorkerError) as caught:
        run_frame(mode, 1, number)
    check(caught.value, number, 1)


@pytest.mark.parametrize("number", [STOPPED, *ENDED, EXITED])
def test_a_fault_between_two_frames(make_mode: Any, number: Any) -> None:
    mode = make_mode("process")
    mode.start(EXITS_ON_REQUEST, 3)
    run_frame(mode, 0, None)
    signal_worker(mode, number)
    with pytest.raises(WorkerError) as caught:
        run_frame(mode, 1, number)
    check(caught.value, number, 1)


@pytest.mark.parametrize("number", [STOPPED, *ENDED, EXITED])
def test_a_fault_before_closing(make_mode: Any, number: Any) -> None:
    mode = make_mode("process")
    mode.start(EXITS_ON_REQUEST, 3)
    signal_worker(mode, number)
    pids = mode.worker_pids()
    mode.close()
    assert not any(map(psutil.pid_exists, pids))
