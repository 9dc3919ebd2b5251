"""A session: `python -m walkerbench.interleaved`, started only by `walkerbench.interleaved.session`."""

from __future__ import annotations

from walkerbench.interleaved.session_server import serve_parent

if __name__ == "__main__":
    serve_parent()
