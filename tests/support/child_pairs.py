"""Two processes that a benchmark compares the modes of two workers with."""

from __future__ import annotations

import multiprocessing
import os
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from warm_environments import frame_s, started, stopping

from walkerbench.modes.worker_channel import WorkerChannel, WorkerRequest


@contextmanager
def two_halves(agents: int) -> Iterator[Callable[[int], float]]:
    """Run two sequential environments of half of the agents, each in a process of its own.

    They share nothing and do not wait for each other: no mode of two workers can be faster on this machine.

    Yields:
        Runs so many frames of both, side by side, and returns the mean time of a frame of the slower half, s.
    """
    with _two_processes(_run_half, agents // 2) as pair:
        for connection in pair:
            connection.recv()

        def slower_frame_s(frames: int) -> float:
            for connection in pair:
                connection.send(frames)
            return max(float(connection.recv()) for connection in pair)

        yield slower_frame_s


@contextmanager
def two_echoes() -> Iterator[Callable[[int], list[float]]]:
    """Run two processes that answer each request at once, by the same means as the workers of process mode.

    Yields:
        Sends a request to both and waits for both answers, so many times; returns the time of each round, s.
    """
    with _two_processes(_echo) as pair:
        channels = {connection.fileno(): WorkerChannel(connection) for connection in pair}
        poll = select.poll()
        for number in channels:
            poll.register(number, select.POLLIN)

        def rounds_s(rounds: int) -> list[float]:
            return [_round_s(channels, poll) for _ in range(rounds)]

        yield rounds_s


def _round_s(channels: dict[int, WorkerChannel], poll: Any) -> float:
    begun = time.perf_counter()
    for channel in channels.values():
        channel.request(WorkerRequest.RUN, 0)
    left = len(channels)
    while left:
        for number, _ in poll.poll():
            channels[number].read_answer()
            left -= 1
    return time.perf_counter() - begun


@contextmanager
def _two_processes(target: Callable[..., None], *arguments: Any) -> Iterator[list[Connection]]:
    """Start a function in two processes, each with a connection to this process as its first argument."""
    context = multiprocessing.get_context("spawn")
    pair, processes = [], []
    for _ in range(2):
        ours, theirs = context.Pipe()
        process = context.Process(target=target, args=(theirs, *arguments), daemon=True)
        process.start()
        theirs.close()
        pair.append(ours)
        processes.append(process)
    try:
        yield pair
    finally:
        for connection in pair:
            connection.close()  # which ends the process
        for process in processes:
            process.join()


def _run_half(connection: Connection, agents: int) -> None:
    environment = started(agents)
    with stopping(environment), suppress(EOFError, OSError):
        connection.send(None)
        while True:
            connection.send(frame_s(environment, connection.recv()))


def _echo(connection: Connection) -> None:
    # As the workers of process mode, so that the parent can send the second request before the first is answered.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    channel = WorkerChannel(connection)
    with suppress(OSError):
        while channel.next_request() is not None:
            channel.answer()
