"""A run that goes on without end, watched and controlled over HTTP. Needs the extra `web`.

The server is a process of its own: what it computes and sends never waits for the run's interpreter lock, nor the run
for it. The run's process hands over the rows that it records anyway, and carries out what is asked for between frames.

    run's process                               server's process
    relay.Relay          rows, start, end  ──►  live_run.LiveRun ──► app (HTTP)
    run_control          ◄──  what is asked for      │
                         its answer  ──►             └─ last_minute: figures
"""

from __future__ import annotations
