"""The address at which a run is served."""

from __future__ import annotations

from dataclasses import dataclass

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Names and addresses by which a machine reaches itself, and by which no other machine reaches it."""


@dataclass(frozen=True)
class Address:
    """The address to serve at, and the token for changes.

    Attributes:
        host: A name or address of this machine.
        port: The port; 0 for any free port.
        token: The token that requests must have to change the run; None for a random one.
    """

    host: str
    port: int
    token: str | None


@dataclass(frozen=True)
class Serving:
    """What the server reports once it serves.

    Attributes:
        url: The address of the page.
        header: The header that requests must have to change the run.
    """

    url: str
    header: str
