"""Who may ask a served run for what: pages of others may not, and who changes the run must bring a token."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Self

from flask import Request, abort

from walkerbench.serving.address import LOOPBACK

TOKEN_HEADER = "X-Walkerbench-Token"  # noqa: S105  the header's name

_KNOWN_PORT = 80


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes:
        hosts: What the header `Host` of a request may be: a page of others, whose name may lead to this host's address,
            has its own name there.
        token: What a request that changes the run must bring.
        token_in_page: Whether the page holds it. Where other machines reach the page, who opens it has to know it.
    """

    hosts: tuple[str, ...]
    token: str
    token_in_page: bool

    @classmethod
    def to(cls, host: str, port: int, token: str | None) -> Self:
        """Return who may ask a server at an address.

        Args:
            host: As the user wrote it.
            port: The port that it serves at.
            token: The token; None for a random one.
        """
        places = dict.fromkeys((host, *(LOOPBACK if host in LOOPBACK else ())))
        names = [f"[{each}]" if ":" in each else each for each in places]
        # A browser leaves out the port that every one knows.
        hosts = tuple(name if port == _KNOWN_PORT else f"{name}:{port}" for name in names)
        return cls(hosts, token or secrets.token_urlsafe(), token_in_page=host in LOOPBACK)

    @property
    def url(self) -> str:
        """Where a browser finds the server."""
        return f"http://{self.hosts[0]}/"

    @property
    def header(self) -> str:
        """The header that brings the token."""
        return f"{TOKEN_HEADER}: {self.token}"

    def check(self, request: Request) -> None:
        """Refuse a request of another host's page, and a change by one who does not have the token.

        Raises:
            HTTPException: 403 or 401.
        """
        if request.host not in self.hosts:
            abort(403, f"the header Host names another host; allowed: {', '.join(self.hosts)}")
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return
        origin = request.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in self.hosts}:
            abort(403, "the request comes from a page of another origin")
        if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), self.token.encode()):
            abort(401, f"the header {TOKEN_HEADER} is missing or wrong; the command says it when it starts")
