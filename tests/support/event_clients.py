"""Clients of a served run's events and pictures, in a process of their own: `python event_clients.py ADDRESS`.

Thirty read, ten never read, ten vanish and come back. They begin when a line arrives on stdin, and all are gone, with a
line on stdout, after the next one; so it goes on to the end of stdin.
"""

from __future__ import annotations

import socket
import sys
import threading
from urllib.parse import urlsplit

READING, STALLED, VANISHING = 30, 10, 10
_STAYS_S = 0.5


def main(address: str) -> None:
    for _ in sys.stdin:
        ended = threading.Event()
        kinds = [*[_read] * READING, *[_stall] * STALLED, *[_vanish] * VANISHING]
        clients = [threading.Thread(target=kind, args=(address, ended)) for kind in kinds]
        for client in clients:
            client.start()
        sys.stdin.readline()
        ended.set()
        for client in clients:
            client.join()
        print("gone", flush=True)  # noqa: T201


def _connected(address: str) -> socket.socket:
    place = urlsplit(address)
    connection = socket.create_connection((place.hostname, place.port), timeout=10)
    connection.sendall(f"GET /events?pictures=true HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
    return connection


def _read(address: str, ended: threading.Event) -> None:
    with _connected(address) as connection:
        while not ended.is_set() and connection.recv(65536):
            pass


def _stall(address: str, ended: threading.Event) -> None:
    with _connected(address):
        ended.wait()


def _vanish(address: str, ended: threading.Event) -> None:
    while not ended.is_set():
        with _connected(address):
            ended.wait(_STAYS_S)


if __name__ == "__main__":
    main(sys.argv[1])
