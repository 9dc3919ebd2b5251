"""Where a run is served."""

from __future__ import annotations

from dataclasses import dataclass

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""The names and addresses by which a machine reaches itself, and no other machine reaches it."""


@dataclass(frozen=True)
class Address:
    """Where to serve, and for whom.

    Attributes:
        host: A name or address of this machine.
        port: 0 for one that is free.
        token: What requests that change the run must bring; None for a random one.
    """

    host: str
    port: int
    token: str | None


@dataclass(frozen=True)
class Serving:
    """What the server says of itself once it serves.

    Attributes:
        url: Where it does.
        header: What requests that change the run must bring.
    """

    url: str
    header: str
