"""A session: `python -m walkerbench.interleaved`, started by `walkerbench.interleaved.session`, of no use by hand."""

from __future__ import annotations

from walkerbench.interleaved.session_server import serve_parent

if __name__ == "__main__":
    serve_parent()
