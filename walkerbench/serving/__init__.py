"""Serves a run that goes on without end: clients watch and control it over HTTP. Needs the extra `web`.

The server is a process of its own, so that the server and the run never wait for each other's interpreter lock. The
run's process sends the rows that it records anyway, and carries out clients' requests between frames.

    run's process                               server's process
    relay.Relay          rows, start, end  ──►  live_run.LiveRun ──► app (HTTP)
    run_control          ◄──  requests               │
                         answers  ──►                └─ last_minute: figures
"""

from __future__ import annotations
