"""The server's process: an HTTP server in threads, and a loop that reads messages of the run's process."""

from __future__ import annotations

import errno
import itertools
import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import create_server

from walkerbench.errors import CallOrderError, UsageError
from walkerbench.serving.access import Access
from walkerbench.serving.address import Address, Serving
from walkerbench.serving.app import MOST_EVENT_CLIENTS, make_app
from walkerbench.serving.live_run import LiveRun
from walkerbench.serving.messages import Ask, Asked, EndServing, RunAnswer, WatchPictures

_THREADS = MOST_EVENT_CLIENTS + 8
_MOST_CONNECTIONS = 4 * _THREADS  # a connection that the client has left stays until something is sent
_MOST_UNSENT_BYTES = 1 << 18  # for a client that does not read: it is sent no more until it reads
_FINISH_S, _FINISH_POLL_S = 0.5, 0.01
_ANSWER_TIMEOUT_S = 60.0  # longer than a frame may take before the run counts as hung
_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  refused, because the header Host could not be checked
_REASONS = {
    errno.EADDRINUSE: "another program uses the port: give another one",
    errno.EACCES: "this user may not use the port: give one above 1023",
    errno.EADDRNOTAVAIL: "this machine does not have the address",
}


class Questions:
    """Sends questions to the run's process, and waits for the answers; any thread may call it.

    Args:
        connection: To the run's process.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers = itertools.count()
        self._open: dict[int, Future[RunAnswer]] = {}
        self._sending = threading.Lock()

    def ask(self, what: Asked) -> Any:
        """Send a question, and return the answer's result.

        Raises:
            UsageError: What is asked cannot be done.
            CallOrderError: The run cannot do it now, does not answer, or has ended.
        """
        number, future = next(self._numbers), Future[RunAnswer]()
        self._open[number] = future
        try:
            with self._sending:
                self._connection.send(Ask(number, what))
            return future.result(_ANSWER_TIMEOUT_S).result()
        except (OSError, FutureTimeout):
            raise CallOrderError("the run does not answer") from None
        finally:
            self._open.pop(number, None)

    def watch_pictures(self, wanted: bool) -> None:
        """Tell the run's process whether snapshots are wanted."""
        with suppress(OSError), self._sending:
            self._connection.send(WatchPictures(wanted))

    def answered(self, answer: RunAnswer) -> None:
        """Give an answer to the thread that waits for it."""
        future = self._open.get(answer.number)
        if future is not None:
            future.set_result(answer)


def serve_http(connection: Connection, address: Address) -> None:
    """Serve until the run's process sends `EndServing`, or is gone.

    Args:
        connection: To the run's process; the first message sent says where the run is served, or why it cannot be.
        address: Where to serve.
    """
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that many ask at once is no news to the user
    questions = Questions(connection)
    live = LiveRun(questions.ask, questions.watch_pictures)
    try:
        with bound_socket(address.host, address.port) as bound:
            access = Access.to(address.host, bound.getsockname()[1], address.token)
            open_sockets: dict[int, Any] = {}
            server = create_server(
                make_app(live, access),
                map=open_sockets,
                sockets=[bound],
                threads=_THREADS,
                ident=None,
                connection_limit=_MOST_CONNECTIONS,
                outbuf_high_watermark=_MOST_UNSENT_BYTES,
            )
            threading.Thread(target=server.run, name="http-server", daemon=True).start()
            connection.send(Serving(access.url, access.header))
            _listen(connection, live, questions)
            _finish_sending(open_sockets)
    except UsageError as error:
        connection.send(str(error))


def _listen(connection: Connection, live: LiveRun, questions: Questions) -> None:
    while True:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            return
        if isinstance(message, EndServing):
            return
        if isinstance(message, RunAnswer):
            questions.answered(message)
        else:
            live.tell(message)


def _finish_sending(open_sockets: Mapping[int, object]) -> None:
    """Wait until clients have received the last event, how the run ended; half a second at most."""
    deadline = time.monotonic() + _FINISH_S
    while time.monotonic() < deadline and any(map(_is_sending, tuple(open_sockets.values()))):
        time.sleep(_FINISH_POLL_S)


def _is_sending(place: object) -> bool:
    return isinstance(place, HTTPChannel) and bool(place.requests or place.total_outbufs_len)


@contextmanager
def bound_socket(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a socket that is bound to an address: so a port that is in use is found before anything is run.

    Args:
        host: A name or an address of this machine.
        port: The port; 0 for any free port.

    Raises:
        UsageError: The socket cannot be bound to the address.
    """
    if not host:
        raise UsageError("give an address of this machine, such as 127.0.0.1")
    if host in _EVERY_ADDRESS:
        raise UsageError(f"{host} stands for every address of this machine: give the address that clients use")
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not the name of a host"
        raise UsageError(f"{host} is not an address of this machine: {reason}") from error
    with bound:
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(place)
            bound.listen()  # a second socket could be bound until then
        except OSError as error:
            reason = _REASONS.get(error.errno or 0, error.strerror)
            raise UsageError(f"cannot serve at {host}, port {port}: {reason}") from error
        yield bound
