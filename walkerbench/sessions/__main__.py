"""A session: `python -m walkerbench.sessions`, started by `walkerbench.sessions.session`, of no use by hand."""

from __future__ import annotations

from walkerbench.sessions.child import serve_parent

if __name__ == "__main__":
    serve_parent()
