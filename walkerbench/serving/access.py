"""Checks requests to a served run: pages of other sites are refused, and a change of the run needs a token."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Self

from flask import Request, abort

from walkerbench.serving.address import LOOPBACK

TOKEN_HEADER = "X-Walkerbench-Token"  # noqa: S105  the header's name

_DEFAULT_HTTP_PORT = 80


@dataclass(frozen=True)
class Access:
    """Which requests are allowed.

    Attributes:
        hosts: Allowed values of the header `Host`. A page of another site, whose name may resolve to this host's
            address, sends its own name there.
        token: The token that a request must have to change the run.
        token_in_page: Whether the page contains the token. It does not where other machines reach the page: then the
            user must enter the token.
    """

    hosts: tuple[str, ...]
    token: str
    token_in_page: bool

    @classmethod
    def to(cls, host: str, port: int, token: str | None) -> Self:
        """Return which requests a server at an address allows.

        Args:
            host: The host as the user wrote it.
            port: The port that the server uses.
            token: The token; None for a random one.
        """
        places = dict.fromkeys((host, *(LOOPBACK if host in LOOPBACK else ())))
        names = [f"[{each}]" if ":" in each else each for each in places]
        # A browser leaves out the default port.
        hosts = tuple(name if port == _DEFAULT_HTTP_PORT else f"{name}:{port}" for name in names)
        return cls(hosts, token or secrets.token_urlsafe(), token_in_page=host in LOOPBACK)

    @property
    def url(self) -> str:
        """The address of the page for a browser."""
        return f"http://{self.hosts[0]}/"

    @property
    def header(self) -> str:
        """The header that holds the token, as a line."""
        return f"{TOKEN_HEADER}: {self.token}"

    def check(self, request: Request) -> None:
        """Refuse a request that another site's page makes, and a request to change the run without the token.

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
            abort(401, f"the header {TOKEN_HEADER} is missing or wrong; the command shows the header when it starts")
