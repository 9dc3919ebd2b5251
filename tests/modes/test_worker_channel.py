from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest

from walkerbench.modes.worker_channel import WorkerChannel, WorkerRequest

Ends = tuple[WorkerChannel, WorkerChannel]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """The parent's end of a channel, and the worker's."""
    parent, worker = (WorkerChannel(connection) for connection in multiprocessing.Pipe())
    yield parent, worker
    parent.close()
    worker.close()


@pytest.mark.parametrize("what", [WorkerRequest.RUN, WorkerRequest.DIGEST, WorkerRequest.SNAPSHOT])
@pytest.mark.parametrize("frame", [-1, 0, 2**63 - 1])
def test_a_request_arrives_as_it_was_sent(ends: Ends, what: bytes, frame: int) -> None:
    parent, worker = ends
    parent.request(what, frame)
    assert worker.next_request() == (what, frame)


@pytest.mark.parametrize("failure", [None, b"", b"+", b"x" * 1_000])
def test_an_answer_arrives_as_it_was_sent(ends: Ends, failure: bytes | None) -> None:
    parent, worker = ends
    for frame in range(2):  # nothing of an answer is left for the next one
        parent.request(WorkerRequest.RUN, frame)
        assert worker.next_request() == (WorkerRequest.RUN, frame)
        worker.answer(failure)
        assert parent.read_answer() == failure


def test_a_worker_leaves_when_told_to_or_when_the_parent_is_gone(ends: Ends) -> None:
    parent, worker = ends
    parent.request(WorkerRequest.LEAVE, 0)
    assert worker.next_request() is None
    parent.close()
    assert worker.next_request() is None


def test_a_worker_that_is_gone_is_an_error(ends: Ends) -> None:
    parent, worker = ends
    worker.close()
    with pytest.raises(EOFError):
        parent.read_answer()
    with pytest.raises(OSError, match="pipe"):
        parent.request(WorkerRequest.RUN, 0)


def test_a_closed_end_neither_sends_nor_receives(ends: Ends) -> None:
    parent, _ = ends
    parent.close()
    with pytest.raises(OSError, match="descriptor"):
        parent.request(WorkerRequest.RUN, 0)
    with pytest.raises(OSError, match="descriptor"):
        parent.read_answer()
