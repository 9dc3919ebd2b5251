"""Workers that raise, die or hang, in real threads and processes."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
from leftovers import open_handles
from toy_workload import BUILDING, DIGESTING, ToyWorkload, WorkerFault

from walkerbench.errors import RunBroken, UsageError, WorkerCrashed, WorkerError, WorkerFailed, WorkerTimeout

ALL_MODES = pytest.mark.parametrize("name", ["sequential", "threaded", "process"])
SOON_S = 0.2
DEADLINE_S = 30
NEVER_S = 1e6


def workload(what: Any, frame: int, argument: int = 0) -> ToyWorkload:
    """Six agents; agent 3, in worker 1 of 3, misbehaves."""
    return ToyWorkload(worker_faults=(WorkerFault(what, 3, frame, argument),))


def run_until_error(mode: Any, workload: Any, timeout_s: float = DEADLINE_S) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        run_four_frames(mode, workload, timeout_s)
    mode.close()
    return caught.value


def run_four_frames(mode: Any, workload: Any, timeout_s: float) -> None:
    mode.start(workload, 3)
    for frame in range(4):
        run_frame(mode, frame, timeout_s)
    mode.checkpoint(3, timeout_s)


def run_frame(mode: Any, frame: int, timeout_s: float = DEADLINE_S) -> None:
    mode.dispatch(frame)
    mode.wait(frame, timeout_s)


@ALL_MODES
@pytest.mark.parametrize(
    ("frame", "named", "when", "inside"),
    [
        (BUILDING, -1, "while starting", "in __init__"),
        (2, 2, "in frame 2", "in mix"),
        (DIGESTING, 3, "in frame 3", "in digest"),
    ],
)
def test_a_worker_that_raises(make_mode: Any, name: str, frame: Any, named: int, when: str, inside: str) -> None:
    error = run_until_error(make_mode(name), workload("raise", frame))
    assert type(error) is WorkerFailed
    assert (error.worker, error.agents, error.frame) == (1, (2, 4), named)
    assert str(error) == f"worker 1 (agents 2 to 3) raised ArithmeticError: agent 3 cannot go on {when}"
    assert "toy_workload.py" in error.traceback_text
    assert inside in error.traceback_text
    assert error.traceback_text.endswith("ArithmeticError: agent 3 cannot go on\n")


@pytest.mark.parametrize(("frame", "named", "when"), [(BUILDING, -1, "while starting"), (2, 2, "in frame 2")])
@pytest.mark.parametrize(
    ("number", "manner"), [(signal.SIGKILL, "SIGKILL (out of memory?)"), (signal.SIGSEGV, "SIGSEGV")]
)
def test_a_worker_process_that_is_killed(
    make_mode: Any, frame: Any, named: int, when: str, number: Any, manner: str
) -> None:
    error = run_until_error(make_mode("process"), workload("kill", frame, number))
    assert type(error) is WorkerCrashed
    assert (error.worker, error.agents, error.frame) == (1, (2, 4), named)
    assert (error.signal_number, error.exit_status) == (number, None)
    assert str(error) == f"worker 1 (agents 2 to 3) was killed by {manner} {when}"


@pytest.mark.parametrize("status", [0, 5])
def test_a_worker_process_that_exits(make_mode: Any, status: int) -> None:
    error = run_until_error(make_mode("process"), workload("exit", 2, status))
    assert type(error) is WorkerCrashed
    assert (error.worker, error.frame) == (1, 2)
    assert (error.signal_number, error.exit_status) == (None, status)
    assert str(error) == f"worker 1 (agents 2 to 3) exited with status {status} in frame 2"


def test_a_worker_process_killed_from_outside_within_a_frame(make_mode: Any) -> None:
    mode = make_mode("process")
    mode.start(workload("hang", 0), 3)
    mode.dispatch(0)
    os.kill(mode.worker_pids()[1], signal.SIGKILL)
    with pytest.raises(WorkerCrashed, match=r"^worker 1 \(agents 2 to 3\) was killed by SIGKILL .* in frame 0$"):
        mode.wait(0, DEADLINE_S)


def test_a_worker_process_killed_between_frames(make_mode: Any) -> None:
    mode = make_mode("process")
    mode.start(ToyWorkload(), 3)
    victim = child(mode, 1)
    victim.kill()
    victim.join(DEADLINE_S)
    with pytest.raises(WorkerCrashed, match=r"^worker 1 \(agents 2 to 3\) was killed by SIGKILL .* in frame 0$"):
        run_frame(mode, 0)


def child(mode: Any, worker: int) -> BaseProcess:
    return next(each for each in multiprocessing.active_children() if each.pid == mode.worker_pids()[worker])


def test_a_worker_that_dies_after_its_answer_has_done_its_frame(make_mode: Any) -> None:
    mode = make_mode("process")
    mode.start(ToyWorkload(), 3)
    mode.dispatch(0)
    assert multiprocessing.connection.wait([mode._workers[1].channel.number], DEADLINE_S)
    victim = child(mode, 1)
    victim.kill()
    victim.join(DEADLINE_S)
    mode.wait(0, DEADLINE_S)
    assert mode.buffers.workers[:, 0].tolist() == [0, 0, 0]
    with pytest.raises(WorkerCrashed, match=r"^worker 1 .* in frame 1$"):
        run_frame(mode, 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", ["threaded", "process"])
def test_a_worker_that_hangs(make_mode: Any, name: str) -> None:
    error = run_until_error(make_mode(name), workload("hang", 0), SOON_S)
    assert type(error) is WorkerTimeout
    assert (error.worker, error.agents, error.frame, error.timeout_s) == (1, (2, 4), 0, SOON_S)
    assert str(error) == "worker 1 (agents 2 to 3) did not answer within 0.2 s in frame 0"


@pytest.mark.usefixtures("impatient")
def test_a_worker_process_that_hangs_in_its_digest(make_mode: Any) -> None:
    mode = make_mode("process")
    mode.start(workload("hang", DIGESTING), 3)
    with pytest.raises(WorkerTimeout):
        mode.checkpoint(-1, SOON_S)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", ["threaded", "process"])
def test_a_worker_that_raises_is_reported_though_another_hangs(make_mode: Any, name: str) -> None:
    deeds = (WorkerFault("hang", 0, 0), WorkerFault("raise", 5, 0))
    error = run_until_error(make_mode(name), ToyWorkload(worker_faults=deeds), NEVER_S)
    assert type(error) is WorkerFailed
    assert error.worker == 2


def test_ctrl_c_while_closing_leaves_no_worker(make_mode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mode = make_mode("process")
    mode.start(workload("hang", 0), 3)
    mode.dispatch(0)
    hung = mode._workers[1].process
    join = hung.join

    def interrupted(timeout: Any = None) -> None:
        monkeypatch.setattr(hung, "join", join)
        raise KeyboardInterrupt

    monkeypatch.setattr(hung, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mode.close()
    assert mode.worker_pids() == []
    assert multiprocessing.active_children() == []


def test_close_frees_the_memory_of_frames(make_mode: Any) -> None:
    def once() -> tuple[int, int]:
        mode = make_mode("process")
        mode.start(ToyWorkload(ballast_bytes=5_000_000), 2)  # more than multiprocessing keeps for later
        mode.close()
        return open_handles()

    assert once() == once()


@pytest.mark.parametrize(
    "error",
    [
        WorkerCrashed(1, (2, 4), 7, -9),
        WorkerCrashed(1, (2, 4), 7, 3),
        WorkerCrashed(1, (2, 4), 7, -64),
        WorkerFailed(1, (2, 4), -1, "ValueError: no", "Traceback …"),
        WorkerTimeout(1, (2, 4), 7, 30.0),
    ],
    ids=str,
)
def test_a_worker_error_survives_pickling(error: Any) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, RunBroken)
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_a_workload_that_cannot_be_pickled_is_refused(make_mode: Any) -> None:
    unpicklable = ToyWorkload()
    object.__setattr__(unpicklable, "callback", lambda: None)
    mode = make_mode("process")
    with pytest.raises(
        UsageError, match=r"it cannot be pickled \(.*lambda.*\), and worker processes receive it pickled"
    ):
        mode.start(unpicklable, 2)
    mode.close()
    assert multiprocessing.active_children() == []
