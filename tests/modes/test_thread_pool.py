from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from leftovers import nothing_left_behind, pool_threads

from walkerbench.errors import CallOrderError
from walkerbench.modes import thread_pool
from walkerbench.modes.thread_pool import ThreadPoolManager

DEADLINE_S = 30


class Agent:
    """Records every step; raises in chosen ones."""

    def __init__(self, error: Exception | None = None) -> None:
        self.steps: list[tuple[float, str]] = []
        self._error = error

    def step(self, dt: float) -> None:
        self.steps.append((dt, threading.current_thread().name))
        if self._error is not None:
            raise self._error


class Gate:
    """A task that says when it runs, and runs until it is released."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self) -> str:
        self.reached.set()
        assert self.open.wait(DEADLINE_S)
        return threading.current_thread().name


@pytest.fixture
def pool() -> Iterator[Any]:
    with nothing_left_behind():
        pool = ThreadPoolManager(3)
        yield pool
        pool.shutdown()


def test_a_batch_is_handed_out_again_and_again(pool: Any) -> None:
    done: list[tuple[str, int]] = []
    batch = pool.repeated_batch([lambda frame: done.append(("a", frame)), lambda frame: done.append(("b", frame))])
    for frame in range(100):
        batch.hand_out(frame)
        assert batch.wait(DEADLINE_S)
        assert (batch.errors, list(batch.unfinished)) == ([None, None], [])
    assert sorted(done) == sorted((name, frame) for name in "ab" for frame in range(100))


def test_a_batch_ends_early_where_a_task_raises(pool: Any) -> None:
    gate = Gate()
    batch = pool.repeated_batch([lambda _: gate(), lambda _: 1 // 0])
    batch.hand_out(0)
    assert batch.wait(DEADLINE_S)
    assert isinstance(batch.errors[1], ZeroDivisionError)
    assert list(batch.unfinished) == [0]
    gate.open.set()


def test_a_batch_that_hangs_is_waited_for_no_longer_than_asked(pool: Any) -> None:
    gate = Gate()
    batch = pool.repeated_batch([lambda _: gate(), lambda _: None])
    batch.hand_out(0)
    assert not batch.wait(0.01)
    assert 0 in batch.unfinished
    gate.open.set()
    assert batch.wait(DEADLINE_S)
    assert list(batch.unfinished) == []


def test_a_batch_is_counted_and_refused_after_the_shutdown(pool: Any) -> None:
    batch = pool.repeated_batch([lambda _: None, lambda _: None])
    batch.hand_out(0)
    assert batch.wait(DEADLINE_S)
    assert pool.get_performance_metrics()["batches"] == 2
    pool.shutdown()
    with pytest.raises(CallOrderError, match="the thread pool was shut down"):
        batch.hand_out(1)


def test_a_batch_is_freed_without_a_garbage_collection(pool: Any) -> None:
    agents = Agent()
    batch = pool.repeated_batch([agents.step])
    gone = weakref.ref(agents)
    gc.disable()
    try:
        del batch, agents
        assert gone() is None
    finally:
        gc.enable()


def test_every_agent_is_stepped_once(pool: Any) -> None:
    agents = [Agent() for _ in range(7)]
    result = pool.parallel_agent_processing(agents, 0.25)
    assert set(result) == {"processed", "time", "fps", "batches", "errors"}
    assert (result["processed"], result["batches"], result["errors"]) == (7, 3, 0)
    assert result["time"] > 0
    assert result["fps"] == 7 / result["time"]
    assert [[dt for dt, _ in agent.steps] for agent in agents] == [[0.25]] * 7
    threads = {thread for agent in agents for _, thread in agent.steps}
    assert threads <= {f"walkerbench-worker-{number}" for number in range(3)}


@pytest.mark.parametrize(("agents", "batches"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3)])
def test_each_thread_gets_one_batch_and_no_batch_is_empty(pool: Any, agents: int, batches: int) -> None:
    result = pool.parallel_agent_processing([Agent() for _ in range(agents)], 0.1)
    assert (result["processed"], result["batches"], result["errors"]) == (agents, batches, 0)


def test_without_agents_the_speed_is_0(pool: Any) -> None:
    assert pool.parallel_agent_processing([], 0.1)["fps"] == 0


def test_an_agent_that_raises_is_counted_and_the_others_are_stepped(
    pool: Any, caplog: pytest.LogCaptureFixture
) -> None:
    agents = [Agent(ValueError("lame") if number in (0, 4) else None) for number in range(6)]
    with caplog.at_level(logging.WARNING):
        result = pool.parallel_agent_processing(agents, 0.1)
    assert (result["processed"], result["errors"]) == (4, 2)
    assert result["fps"] == 4 / result["time"]
    assert [len(agent.steps) for agent in agents] == [1] * 6
    assert [str(record.exc_info and record.exc_info[1]) for record in caplog.records] == ["lame", "lame"]


def test_batches_run_at_the_same_time(pool: Any) -> None:
    meeting = threading.Barrier(3, timeout=DEADLINE_S)

    class Sociable:
        def step(self, dt: float) -> None:
            meeting.wait()

    # Every step waits for two others: one thread, or two, would wait until the deadline and count errors.
    assert pool.parallel_agent_processing([Sociable()] * 3, 0.1)["errors"] == 0


def test_a_background_task_returns_its_result_or_its_error(pool: Any) -> None:
    def divide(a: int, b: int) -> float:
        return a / b

    assert pool.submit_background_task(divide, 6, 4).result(DEADLINE_S) == 1.5
    assert isinstance(pool.submit_background_task(divide, 6, 0).exception(DEADLINE_S), ZeroDivisionError)
    assert isinstance(pool.submit_background_task(exit).exception(DEADLINE_S), SystemExit)
    assert pool.submit_background_task(divide, 1, 1).result(DEADLINE_S) == 1


def test_a_cancelled_task_is_not_run() -> None:
    pool, gate = ThreadPoolManager(1), Gate()
    ran: list[int] = []
    pool.submit_background_task(gate)
    waiting = pool.submit_background_task(ran.append, 1)
    assert waiting.cancel()
    gate.open.set()
    pool.shutdown()
    assert ran == []


def test_a_waiting_thread_does_not_keep_its_finished_task(pool: Any) -> None:
    class Payload:
        pass

    payload, gone = Payload(), threading.Event()
    _ = weakref.finalize(payload, gone.set)
    assert pool.submit_background_task(len, [payload]).result(DEADLINE_S) == 1
    del payload
    assert gone.wait(DEADLINE_S)


def test_the_metrics() -> None:
    pool, gate = ThreadPoolManager(2), Gate()
    nothing = {
        "threads": 2,
        "utilisation": 0,
        "batches": 0,
        "queue": 0,
        "thread_cpu_s": [0, 0],
        "thread_busy_s": [0, 0],
    }
    assert pool.get_performance_metrics() == nothing
    gates = [gate, Gate()]
    for each in gates:
        pool.submit_background_task(each)
        assert each.reached.wait(DEADLINE_S)
    waiting = [pool.submit_background_task(len, ()) for _ in range(3)]
    amid = pool.get_performance_metrics()
    assert (amid["batches"], amid["queue"]) == (5, 3)
    for each in gates:
        each.open.set()
    assert [task.result(DEADLINE_S) for task in waiting] == [0, 0, 0]
    pool.parallel_agent_processing([Agent()] * 4, 0.1)
    pool.shutdown()
    after = pool.get_performance_metrics()
    assert (after["threads"], after["batches"]) == (2, 7)
    assert 0 < after["utilisation"] < 1
    assert all(busy > 0 for busy in after["thread_busy_s"])
    assert all(cpu >= 0 for cpu in after["thread_cpu_s"])
    assert sum(after["thread_cpu_s"]) > 0


def test_shutdown_finishes_what_was_submitted_and_is_final() -> None:
    before = pool_threads()
    pool, gate = ThreadPoolManager(1), Gate()
    first, second = pool.submit_background_task(gate), pool.submit_background_task(len, "abc")
    gate.open.set()
    pool.shutdown()
    assert (first.result(0), second.result(0)) == ("walkerbench-worker-0", 3)
    assert pool_threads() == before
    pool.shutdown()
    with pytest.raises(CallOrderError, match="the thread pool was shut down"):
        pool.submit_background_task(len, "abc")
    with pytest.raises(CallOrderError, match="the thread pool was shut down"):
        pool.parallel_agent_processing([Agent()], 0.1)


@pytest.mark.usefixtures("impatient")
def test_a_hung_task_does_not_delay_the_others() -> None:
    with nothing_left_behind():
        pool, gate = ThreadPoolManager(1), Gate()
        hung = pool.submit_background_task(gate)
        assert gate.reached.wait(DEADLINE_S)
        pool.shutdown()
        assert not hung.done()
        (thread,) = (each for each in threading.enumerate() if each.name == "walkerbench-worker-0")
        assert thread.daemon
        gate.open.set()
        thread.join(DEADLINE_S)


def test_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread_pool, "allowed_cores", lambda: 5)
    for wanted, given in ((None, 5), (1, 1), (9, 9)):
        pool = ThreadPoolManager(wanted)
        assert pool.num_threads == given == len(pool.get_performance_metrics()["thread_cpu_s"])
        pool.shutdown()
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"max_cores is {wrong}: give at least 1"):
            ThreadPoolManager(wrong)
