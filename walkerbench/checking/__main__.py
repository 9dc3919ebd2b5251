"""A probe: `python -m walkerbench.checking DESCRIPTOR`, started only by `walkerbench.checking.probe_children`."""

from __future__ import annotations

import os
import sys

from walkerbench.checking.probe_process import carry_out
from walkerbench.checking.probes import answer_line, read_probe_request
from walkerbench.system.interrupts import ignore_interrupts


def _main() -> None:
    """Read a request from stdin, carry it out, and write the answer to the descriptor, as the last thing."""
    ignore_interrupts()  # the parent ends its children itself
    pid, answers = os.getpid(), os.dup(int(sys.argv[1]))
    os.close(int(sys.argv[1]))
    line = sys.stdin.buffer.readline()
    answer = answer_line(carry_out(read_probe_request(line)))
    if os.getpid() == pid:
        os.write(answers, answer)
    # Threads that the workload left running would keep this process: it has nothing more to do.
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


if __name__ == "__main__":
    _main()
