"""Starts the server's process, and stops it."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection

from walkerbench.errors import UsageError, WalkerbenchError
from walkerbench.running.run_control import RunControl
from walkerbench.serving.address import Address, Serving
from walkerbench.serving.relay import Relay
from walkerbench.system.capacity import capacity_errors

_START_TIMEOUT_S = 60.0  # to import what it needs
_END_TIMEOUT_S = 2.0
_M_ARENA_MAX = -8  # of glibc's malloc.h


@contextmanager
def server_process(address: Address, control: RunControl) -> Iterator[tuple[Serving, Relay]]:
    """Serve a run until the end of the block.

    Args:
        address: Where to serve.
        control: The run's control, which carries out clients' requests.

    Yields:
        Where the run is served; and the observer to give to the run.

    Raises:
        UsageError: The run cannot be served at the address, or a package that serving needs is not installed.
        CapacityError: The system refuses another process.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_serve, args=(theirs, address, os.getpid()), name="walkerbench-server", daemon=True
    )
    with capacity_errors("the server cannot be started"):
        process.start()
    theirs.close()
    try:
        serving = _read_first_message(ours)
        relay = Relay(ours, control)
        relay.start()
        try:
            yield serving, relay
        finally:
            relay.close()
    finally:
        ours.close()
        process.join(timeout=_END_TIMEOUT_S)
        process.kill()
        process.join()


def _read_first_message(connection: Connection) -> Serving:
    message: Serving | str | None = None
    with suppress(EOFError, OSError):
        if connection.poll(_START_TIMEOUT_S):
            message = connection.recv()
    if isinstance(message, Serving):
        return message
    if isinstance(message, str):
        raise UsageError(message)
    raise WalkerbenchError("the server's process ended before it served")


def _serve(connection: Connection, address: Address, parent: int) -> None:
    """Run the server, as the main function of its process."""
    from walkerbench.system.interrupts import ignore_interrupts
    from walkerbench.system.parent_death import die_with_parent

    _share_memory_arenas()
    ignore_interrupts()  # an interrupt goes to the whole process group, and the run's process ends this one
    die_with_parent(parent)
    try:
        from walkerbench.serving.server import serve_http
    except ModuleNotFoundError as error:
        connection.send(f"{error.name} is not installed: pip install 'walkerbench[web]'")
        return
    serve_http(connection, address)


def _share_memory_arenas() -> None:
    """Have all threads share two arenas of glibc's allocator: those of a hundred threads fill up one after another."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_ARENA_MAX, 2)
