"""The program of a probe's child process: only `walkerbench.checking.probe_children` starts it.

Its command is `python -m walkerbench.checking DESCRIPTOR`, with the file descriptor to write the answer to.
"""

from __future__ import annotations

import os
import sys

from walkerbench.checking.probe_process import carry_out
from walkerbench.checking.probes import answer_line, read_probe_request
from walkerbench.system.interrupts import ignore_interrupts


def _main() -> None:
    """Read a request from stdin, carry it out, and write the answer to the descriptor; then end the process."""
    ignore_interrupts()  # the parent ends its children itself
    pid, answers = os.getpid(), os.dup(int(sys.argv[1]))
    os.close(int(sys.argv[1]))
    line = sys.stdin.buffer.readline()
    answer = answer_line(carry_out(read_probe_request(line)))
    if os.getpid() == pid:
        os.write(answers, answer)
    # Without os._exit, threads that the workload left running would keep this process alive.
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


if __name__ == "__main__":
    _main()
