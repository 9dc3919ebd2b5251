"""The channel between the parent and a worker process: in a frame, each message takes one system call at each end."""

from __future__ import annotations

import os
import struct
import sys
from multiprocessing.connection import Connection

_REQUEST = struct.Struct("<cq")
_DONE, _FAILED = b"+", b"-"


class WorkerRequest:
    """What a worker is to do; plain bytes, because looking up a member of an enum takes longer in each frame."""

    RUN = b"R"
    DIGEST = b"D"
    SNAPSHOT = b"S"
    LEAVE = b"L"


class WorkerChannel:
    """One end of a channel. The parent sends a request, and the worker answers it before the next one is sent.

    `Connection.recv_bytes` takes two reads and a dozen Python calls. After a frame's work, little of that code is left
    in the processor's caches, and it takes several times as long as in a loop.

    Args:
        connection: One end of a pipe of `multiprocessing` that goes in both directions. The channel takes it over.
    """

    __slots__ = ("_connection", "_number")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._number = connection.fileno()

    @property
    def number(self) -> int:
        """The handle of this end: it is ready when a message has arrived, and when the other end is closed."""
        return self._number

    def request(self, what: bytes, frame: int) -> None:
        """Send a `WorkerRequest` to the worker.

        Raises:
            OSError: The worker is gone.
        """
        self._send(_REQUEST.pack(what, frame))

    def next_request(self) -> tuple[bytes, int] | None:
        """Wait for a `WorkerRequest` and the number of its frame.

        Returns:
            Both; None where the worker is to leave, or the parent is gone.
        """
        try:
            message = self._receive(_REQUEST.size)
        except OSError:
            return None
        if len(message) < _REQUEST.size:  # the parent is gone
            return None
        what, frame = _REQUEST.unpack(message)
        return None if what == WorkerRequest.LEAVE else (what, frame)

    def answer(self, failure: bytes | None = None) -> None:
        """Answer a request.

        Args:
            failure: What failed, for `read_answer`; None where the request was carried out.

        Raises:
            OSError: The parent is gone.
        """
        self._send(_DONE if failure is None else _FAILED)
        if failure is not None:
            self._connection.send_bytes(failure)

    def read_answer(self) -> bytes | None:
        """Read the answer, and return what failed; None where the request was carried out.

        Raises:
            OSError, EOFError: The worker is gone.
        """
        message = self._receive(len(_DONE))
        if message == _DONE:
            return None
        if not message:
            raise EOFError
        return self._connection.recv_bytes()

    def close(self) -> None:
        """Close this end."""
        self._number = -1  # the system may give the number to another file
        self._connection.close()

    if sys.platform == "win32":  # handles are no file descriptors there

        def _send(self, message: bytes) -> None:
            self._connection.send_bytes(message)

        def _receive(self, size: int) -> bytes:
            try:
                return self._connection.recv_bytes(size)
            except EOFError:
                return b""

    else:

        def _send(self, message: bytes) -> None:
            os.write(self._number, message)

        def _receive(self, size: int) -> bytes:
            return os.read(self._number, size)  # whole, or empty at the end: so short a message is sent at once
